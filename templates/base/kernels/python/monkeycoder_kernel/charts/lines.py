"""Line and scatter charts: series of points."""

import numpy

from . import axis


def of_line(axes):
    """The chart of axes that hold lines. Guides such as ``axhline`` are not data."""
    elements = [
        {"label": _label(line.get_label(), "Line"), "points": _points(axes, line.get_xdata(), line.get_ydata())}
        for line in axes.lines if line.get_transform().contains_branch(axes.transData)
        and line.get_transform() == axes.transData
    ]
    return _chart("line", axes, elements)


def of_scatter(axes):
    """The chart of axes that hold clouds of points."""
    elements = []
    for cloud in axes.collections:
        offsets = numpy.ma.asarray(cloud.get_offsets())
        elements.append({"label": _label(cloud.get_label(), "Scatter"),
                         "points": _points(axes, offsets[:, 0].tolist(), offsets[:, 1].tolist())})
    return _chart("scatter", axes, elements)


def _chart(kind, axes, elements):
    return {"type": kind, **axis.titles(axes), **axis.labels(axes), **axis.scales(axes), "elements": elements}


def _points(axes, xs, ys):
    return [[axis.point_value(axes.xaxis, x), axis.point_value(axes.yaxis, y)]
            for x, y in zip(_values(xs), _values(ys))]


def _values(data):
    """Coordinates as Python values; numpy dates keep their type, whose text is ISO 8601."""
    array = numpy.ma.asarray(data) if isinstance(data, numpy.ma.MaskedArray) else numpy.asarray(data)
    if numpy.issubdtype(array.dtype, numpy.datetime64):
        return list(array.astype("datetime64[s]"))
    return array.tolist()


def _label(label, default):
    """A label that matplotlib made up, such as ``_child0``, becomes ``Line 0``."""
    return f"{default} {label[6:]}" if label.startswith("_child") else label
