"""The matplotlib backend of a kernel: Agg, whose ``show`` puts the figures into the results of the cell."""

from matplotlib.backend_bases import FigureManagerBase, _Backend
from matplotlib.backends.backend_agg import FigureCanvasAgg

from . import figures


@_Backend.export
class _CellBackend(_Backend):
    FigureCanvas = FigureCanvasAgg
    FigureManager = FigureManagerBase
    backend_version = "1"

    @staticmethod
    def show(*_args, **_kwargs):
        figures.show_all()
