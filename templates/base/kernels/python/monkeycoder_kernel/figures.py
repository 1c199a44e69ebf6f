"""matplotlib figures of a cell: each is shown once, by ``plt.show()`` or at the end of the cell, and then closed."""

import io
import sys

from IPython.display import display
from traitlets import Dict, Set, Unicode, observe
from traitlets.config.configurable import SingletonConfigurable

from .imports import when_imported

_BACKEND = "module://monkeycoder_kernel.mpl_backend"
_FIGURE = ("matplotlib.figure", "Figure")
_MIME = {"png": "image/png", "retina": "image/png", "jpeg": "image/jpeg", "jpg": "image/jpeg",
         "svg": "image/svg+xml", "pdf": "application/pdf"}

# Figures that this cell has shown already, as its value or with display(). Held, so that ids stay theirs.
_shown = []


class InlineBackend(SingletonConfigurable):
    """What ``%config InlineBackend`` sets, under the names that notebooks use."""

    figure_formats = Set({"png"}, help="png, retina, jpeg, svg, pdf").tag(config=True)
    figure_format = Unicode("png", help="one of figure_formats").tag(config=True)
    print_figure_kwargs = Dict({"bbox_inches": "tight"}, help="for Figure.canvas.print_figure").tag(config=True)
    rc = Dict({}, help="matplotlib settings").tag(config=True)

    def __init__(self, shell, **kwargs):
        self._shell = shell
        super().__init__(**kwargs)

    @observe("figure_format")
    def _one_format(self, change):
        self.figure_formats = {change["new"]}

    @observe("figure_formats")
    def _formats(self, change):
        for mime in _MIME.values():
            self._shell.display_formatter.formatters[mime].pop(".".join(_FIGURE), None)
        for name in change["new"]:
            self.register(name)

    @observe("rc")
    def _settings(self, change):
        import matplotlib

        matplotlib.rcParams.update(change["new"])

    def register(self, name):
        """Makes figures show themselves in the format ``name``; unknown names do nothing."""
        if name in _MIME:
            self._shell.display_formatter.formatters[_MIME[name]].for_type_by_name(
                *_FIGURE, lambda figure: self._print(figure, name))

    def _print(self, figure, name):
        _note_shown(figure)
        if not figure.axes and not figure.lines and not figure.texts and not figure.images and not figure.patches:
            return None
        output = io.BytesIO()
        options = {"facecolor": figure.get_facecolor(), "edgecolor": figure.get_edgecolor(),
                   "dpi": figure.dpi * (2 if name == "retina" else 1), **self.print_figure_kwargs}
        figure.canvas.print_figure(output, format={"retina": "png", "jpg": "jpeg"}.get(name, name), **options)
        data = output.getvalue()
        return data.decode("utf-8") if name == "svg" else data


def install(shell, chart_formatter):
    """Registers what figures show, and the backend for when a cell imports matplotlib."""
    backend = InlineBackend.instance(shell=shell)
    shell.configurables.append(backend)
    backend.register("png")
    chart_formatter.for_type_by_name(*_FIGURE, _chart)
    when_imported("matplotlib", _use_backend)


def _chart(figure):
    # Reads matplotlib's types, so it is imported when there is a figure, or by the preload.
    from . import charts

    return charts.of_figure(figure)


def begin_cell():
    """Forgets what the cell before has shown."""
    _shown.clear()


def show_all():
    """Shows every open figure that this cell has not shown yet, oldest first, and closes all."""
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    if helpers is None:
        return
    try:
        for manager in helpers.Gcf.get_all_fig_managers():
            figure = manager.canvas.figure
            if not any(figure is other for other in _shown):
                display(figure)
    finally:
        if helpers.Gcf.figs:
            sys.modules["matplotlib.pyplot"].close("all")
        _shown.clear()


def _note_shown(figure):
    if not any(figure is other for other in _shown):
        _shown.append(figure)


def _use_backend(matplotlib):
    # A backend that the user chose by MPLBACKEND stays.
    if not matplotlib.os.environ.get("MPLBACKEND"):
        matplotlib.rcParams["backend"] = _BACKEND
