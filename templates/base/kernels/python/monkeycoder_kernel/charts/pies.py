"""Pie charts: one wedge a value."""

import matplotlib.patches

from . import axis


def of_pie(axes):
    """The chart of axes that hold wedges; angles in degrees."""
    return {
        "type": "pie",
        **axis.titles(axes),
        "elements": [
            # matplotlib computes the angles in single precision.
            {"label": wedge.get_label(), "angle": abs(float(f"{float(wedge.theta2) - float(wedge.theta1):.6g}")),
             "radius": float(wedge.r)}
            for wedge in axes.patches if isinstance(wedge, matplotlib.patches.Wedge)
        ],
    }
