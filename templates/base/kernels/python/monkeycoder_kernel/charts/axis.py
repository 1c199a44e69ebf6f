"""Titles, labels, units, ticks and scales of matplotlib axes."""

import re

import matplotlib.category
import matplotlib.dates
import matplotlib.units

from .. import plain

_UNIT = re.compile(r"\s\((.*?)\)|\[(.*?)\]")


def titles(axes):
    """``{"title"}``; null when there is none."""
    return {"title": axes.get_title() or None}


def labels(axes, swapped=False):
    """Labels and units of both axes; ``swapped`` when the chart lies on its side."""
    x_label, y_label = axes.get_xlabel() or None, axes.get_ylabel() or None
    if swapped:
        x_label, y_label = y_label, x_label
    return {"x_label": x_label, "y_label": y_label, "x_unit": _unit(x_label), "y_unit": _unit(y_label)}


def scales(axes):
    """Ticks, tick labels and scale of both axes."""
    return {**_scale(axes.xaxis, "x"), **_scale(axes.yaxis, "y")}


def point_value(axis, value):
    """One coordinate of a point: dates and categories as text, numbers as numbers, what is missing null.

    ``value`` is what the user plotted, or the number that matplotlib made of it.
    """
    if is_date(axis) and isinstance(value, (int, float)):
        return _date(axis, value)
    if isinstance(axis.converter, matplotlib.category.StrCategoryConverter) and not isinstance(value, str):
        return _category(axis, value)
    return plain.to_plain(value, fallback=str)


def is_date(axis):
    """True when the axis shows dates, with matplotlib's converters or with those of pandas."""
    converter = axis.converter
    return isinstance(converter, (matplotlib.dates.DateConverter, matplotlib.dates._SwitchableDateConverter)) or any(
        base.__name__ in ("DatetimeConverter", "PeriodConverter") for base in type(converter).__mro__)


def _unit(label):
    match = _UNIT.search(label or "")
    return (match[1] or match[2]) if match else None


def _scale(axis, name):
    tick_labels = [label.get_text() for label in axis.get_ticklabels()]
    positions = [float(tick) for tick in axis.get_ticklocs()]
    ticks = [_date(axis, tick) for tick in positions] if is_date(axis) else plain.to_plain(positions)
    return {f"{name}_ticks": ticks, f"{name}_tick_labels": tick_labels,
            f"{name}_scale": _scale_name(axis, positions, tick_labels)}


def _scale_name(axis, positions, tick_labels):
    if is_date(axis):
        return "datetime"
    scale = axis.get_scale()
    if scale != "linear":
        return scale
    # Names on the ticks 0, 1, 2 ... are categories, however they came there.
    named = bool(positions) and all(
        position == index and label not in (str(index), "")
        for index, (position, label) in enumerate(zip(positions, tick_labels)))
    categories = isinstance(axis.converter, matplotlib.category.StrCategoryConverter)
    return "categorical" if categories or (named and not _all_numbers(tick_labels)) else "linear"


def _all_numbers(tick_labels):
    try:
        return [float(label.replace("\N{MINUS SIGN}", "-")) for label in tick_labels] is not None
    except ValueError:
        return False


def _date(axis, value):
    frequency = getattr(axis, "freq", None)
    if frequency is not None:
        # pandas counts periods of this length, where matplotlib counts days.
        import pandas

        return pandas.Period(ordinal=int(value), freq=frequency).start_time.isoformat()
    return matplotlib.dates.num2date(value).isoformat()


def _category(axis, value):
    for text, position in axis.units._mapping.items():
        if position == value:
            return text
    return plain.to_plain(value, fallback=str)
