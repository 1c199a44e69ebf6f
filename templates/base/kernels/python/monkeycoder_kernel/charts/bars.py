"""Bar charts: one value a bar, in groups."""

import matplotlib.dates
import numpy

from . import axis


def of_bar(axes):
    """The chart of axes that hold bars. Bars that lie on their side swap the labels of the axes."""
    containers = [one for one in axes.containers if hasattr(one, "patches")]
    lying = bool(containers) and all(_is_lying(one) for one in containers)
    elements = []
    for container in containers:
        group = container.get_label()
        if group.startswith("_container"):
            group = f"Group {group[len('_container'):]}"
        for name, bar in zip(_names(axes, container, lying), container):
            value = bar.get_width() if lying else bar.get_height()
            elements.append({"label": name, "group": group, "value": _number(value)})
    return {"type": "bar", **axis.titles(axes), **axis.labels(axes, swapped=lying), "elements": elements}


def _is_lying(container):
    orientation = getattr(container, "orientation", None)
    if orientation is not None:
        return orientation == "horizontal"
    heights = [bar.get_height() for bar in container]
    return all(height == heights[0] for height in heights)


def _names(axes, container, lying):
    """The name of each bar: the tick label below it, or else its position."""
    along = axes.yaxis if lying else axes.xaxis
    ticks = [float(tick) for tick in along.get_ticklocs()]
    texts = [label.get_text() for label in along.get_ticklabels()]
    if len(texts) == len(container) and all(texts):
        return texts
    by_position = dict(zip(ticks, texts))
    names = []
    for bar in container:
        start, size = (bar.get_y(), bar.get_height()) if lying else (bar.get_x(), bar.get_width())
        center = start + size / 2
        near = min(ticks, key=lambda tick: abs(tick - center), default=None)
        if near is not None and abs(near - center) < 1e-9 * max(1.0, abs(center)) and by_position[near]:
            names.append(by_position[near])
        elif axis.is_date(along):
            names.append(matplotlib.dates.num2date(center).isoformat())
        else:
            names.append(f"{center:.10g}")
    return names


def _number(value):
    value = float(value)
    return value if numpy.isfinite(value) else None
