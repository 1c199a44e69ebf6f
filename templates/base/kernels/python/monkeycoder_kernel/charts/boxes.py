"""Box plots, read back from the shapes: a box, two whiskers and a median line each, and points outside."""

import matplotlib.lines
import matplotlib.patches
import numpy

from . import axis


class _Box:
    """One box: ``span`` across the category axis, quartiles along the value axis."""

    def __init__(self, across, along):
        self.span = (min(across), max(across))
        self.first, self.third = min(along), max(along)
        self.low, self.high, self.median = self.first, self.third, None
        self.outliers = []

    def covers(self, values):
        return all(self.span[0] <= value <= self.span[1] for value in values)

    @property
    def center(self):
        return (self.span[0] + self.span[1]) / 2


def of_box(axes):
    """The chart of axes that hold box plots."""
    shapes = outlines(axes)
    # Boxes stand side by side: those that stand upright all have the width that boxplot gives them.
    widths = {round(max(xs) - min(xs), 9) for xs, _ in shapes}
    heights = {round(max(ys) - min(ys), 9) for _, ys in shapes}
    lying = len(heights) == 1 and (len(widths) > 1 or _medians_stand(axes, shapes))
    boxes = [_Box(ys, xs) if lying else _Box(xs, ys) for xs, ys in shapes]
    for line in axes.lines:
        xs, ys = _rounded(line.get_xdata(orig=False)), _rounded(line.get_ydata(orig=False))
        _take_line(boxes, *((ys, xs) if lying else (xs, ys)), has_line=line.get_linestyle() not in ("None", "", " "))
    names = _names(axes.yaxis if lying else axes.xaxis, boxes)
    return {
        "type": "box_and_whisker",
        **axis.titles(axes),
        **axis.labels(axes, swapped=lying),
        "elements": [
            {"label": name, "min": box.low, "first_quartile": box.first, "median": box.median,
             "third_quartile": box.third, "max": box.high, "outliers": box.outliers}
            for name, box in zip(names, boxes)
        ],
    }


def outlines(axes):
    """``(xs, ys)`` of every box on the axes: filled (PathPatch), or drawn as a closed line."""
    found = [patch.get_path().vertices for patch in axes.patches if isinstance(patch, matplotlib.patches.PathPatch)]
    if not found:
        found = [line.get_xydata() for line in axes.lines if _is_rectangle(line)]
    return [(_rounded(vertices[:, 0]), _rounded(vertices[:, 1])) for vertices in map(numpy.asarray, found)
            if len(vertices)]


def _is_rectangle(line):
    points = line.get_xydata()
    return (len(points) == 5 and tuple(points[0]) == tuple(points[4])
            and len({point[0] for point in points}) == 2 and len({point[1] for point in points}) == 2)


def _medians_stand(axes, shapes):
    """True when lines inside the boxes run upright, so the boxes lie."""
    for line in axes.lines:
        xs, ys = _rounded(line.get_xdata(orig=False)), _rounded(line.get_ydata(orig=False))
        if len(xs) == 2 and xs[0] == xs[1] and ys[0] != ys[1]:
            if any((min(ys), max(ys)) == (min(box_ys), max(box_ys)) and min(box_xs) <= xs[0] <= max(box_xs)
                   for box_xs, box_ys in shapes):
                return True
    return False


def _take_line(boxes, across, along, has_line):
    """Gives a line of the plot to the box it belongs to."""
    if not across:
        return
    box = next((one for one in boxes if one.covers(across)), None)
    if box is None:
        return
    if not has_line:
        box.outliers.extend(along)
    elif len(along) == 2 and along[0] == along[1]:
        if box.first <= along[0] <= box.third and (across[0], across[1]) in (box.span, box.span[::-1]):
            box.median = along[0]
    elif len(along) == 2 and across[0] == across[1]:
        if max(along) == box.first:
            box.low = min(along)
        elif min(along) == box.third:
            box.high = max(along)


def _names(along, boxes):
    texts = [label.get_text() for label in along.get_ticklabels()]
    by_position = {round(float(tick), 9): text for tick, text in zip(along.get_ticklocs(), texts)}
    return [by_position.get(round(box.center, 9)) or f"{box.center:.10g}" for box in boxes]


def _rounded(values):
    """Without the noise of binary fractions, so that equal places compare equal."""
    return [float(f"{float(value):.12g}") for value in values]
