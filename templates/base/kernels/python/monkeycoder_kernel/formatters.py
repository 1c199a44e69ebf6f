"""Which types show more than text: JSON for dicts and lists, column data for DataFrames, pictures and numbers for figures."""

from IPython.core.formatters import BaseFormatter
from traitlets import ObjectName, Unicode

from . import dataframes, figures, plain


class DataFormatter(BaseFormatter):
    """The columns of a table; an object of one's own gives them with ``_repr_e2b_data_``."""

    format_type = Unicode("e2b/data")
    print_method = ObjectName("_repr_e2b_data_")
    _return_type = (dict, list, str)


class ChartFormatter(BaseFormatter):
    """The numbers in a chart; an object of one's own gives them with ``_repr_e2b_chart_``."""

    format_type = Unicode("e2b/chart")
    print_method = ObjectName("_repr_e2b_chart_")
    _return_type = (dict, str)


def install(shell):
    """Registers the formatters. Types of packages are named, so nothing is imported for them."""
    formatters = shell.display_formatter.formatters
    data, chart = DataFormatter(parent=shell.display_formatter), ChartFormatter(parent=shell.display_formatter)
    formatters["e2b/data"], formatters["e2b/chart"] = data, chart
    shell.display_formatter.active_types = list(formatters)

    for kind in (dict, list):
        formatters["application/json"].for_type(kind, _json_or_nothing)
    data.for_type_by_name("pandas.core.frame", "DataFrame", dataframes.columns)
    figures.install(shell, chart)


def _json_or_nothing(value):
    try:
        return plain.to_plain(value)
    except (plain.NotPlain, RecursionError):
        return None
