"""Which kind of chart one matplotlib axes is, told from what was drawn on it."""

import enum

import matplotlib.collections
import matplotlib.lines
import matplotlib.patches
import matplotlib.text

from . import boxes


class Kind(enum.Enum):
    """The chart types of the wire."""

    LINE = "line"
    SCATTER = "scatter"
    BAR = "bar"
    PIE = "pie"
    BOX_AND_WHISKER = "box_and_whisker"
    UNKNOWN = "unknown"


def kind_of(axes):
    """The kind of ``axes``. Empty axes are a line chart without lines."""
    drawn = [one for one in axes.get_children() if _is_data(axes, one)]
    if all(isinstance(one, matplotlib.lines.Line2D) for one in drawn):
        return Kind.BOX_AND_WHISKER if boxes.outlines(axes) else Kind.LINE
    if all(isinstance(one, (matplotlib.patches.PathPatch, matplotlib.lines.Line2D)) for one in drawn):
        return Kind.BOX_AND_WHISKER

    # Straight lines are guides and error bars in the kinds that follow.
    drawn = [one for one in drawn if not is_straight(one) and not _is_error_bar(axes, one)]
    for kind, family in ((Kind.SCATTER, matplotlib.collections.PathCollection),
                         (Kind.PIE, matplotlib.patches.Wedge),
                         (Kind.BAR, matplotlib.patches.Rectangle)):
        if all(isinstance(one, family) for one in drawn):
            return kind
    return Kind.UNKNOWN


def is_straight(artist):
    """True for a horizontal or vertical line of two points."""
    if not isinstance(artist, matplotlib.lines.Line2D):
        return False
    xs, ys = artist.get_xdata(orig=False), artist.get_ydata(orig=False)
    return len(xs) == 2 and len(ys) == 2 and (xs[0] == xs[1] or ys[0] == ys[1])


def _is_data(axes, artist):
    """False for the frame, the axes' own texts and the legend."""
    return artist in axes._children and not isinstance(artist, (matplotlib.text.Text, matplotlib.patches.Shadow))


def _is_error_bar(axes, artist):
    return any(artist is part
               for container in axes.containers if hasattr(container, "has_xerr")
               for part in _flatten(container))


def _flatten(parts):
    for part in parts:
        if isinstance(part, (list, tuple)):
            yield from _flatten(part)
        elif part is not None:
            yield part
