"""What a matplotlib figure shows, as numbers: the ``chart`` of a result."""

from . import bars, boxes, lines, pies
from .axis import titles
from .kinds import Kind, kind_of


def of_figure(figure):
    """The chart of ``figure``: ``{}`` when it is blank, a superchart when it has several axes.

    Never raises: a figure that cannot be read is a chart of type ``unknown``.
    """
    axes = [one for one in figure.axes if not hasattr(one, "_colorbar")]
    if not axes:
        return {}
    try:
        if len(axes) == 1:
            return _of_axes(axes[0])
        heading = getattr(figure, "_suptitle", None)
        return {"type": "superchart", "title": (heading.get_text() if heading else "") or None,
                "elements": [_of_axes(one) for one in axes]}
    except Exception:  # a reader of other people's objects
        return {"type": "unknown", "title": None, "elements": []}


_READERS = {
    Kind.LINE: lines.of_line,
    Kind.SCATTER: lines.of_scatter,
    Kind.BAR: bars.of_bar,
    Kind.PIE: pies.of_pie,
    Kind.BOX_AND_WHISKER: boxes.of_box,
}


def _of_axes(axes):
    reader = _READERS.get(kind_of(axes))
    try:
        if reader is not None:
            return reader(axes)
    except Exception:  # as above: one unreadable subplot does not hide the others
        pass
    return {"type": "unknown", **titles(axes), "elements": []}
