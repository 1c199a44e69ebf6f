"""A pandas DataFrame as ``data``: column name -> list of plain values."""

from . import plain


def columns(frame):
    """The columns of ``frame`` as lists: dates ISO 8601, missing values null, what JSON has no form for as text.

    None (no ``data``) for a frame with more values than one result can carry.
    """
    if frame.size > plain.MAX_NODES:
        return None
    # By position: column names need not be unique. The last of a name wins, as in pandas' own to_dict.
    return {
        str(name): plain.to_plain(frame.iloc[:, position].tolist(), fallback=str)
        for position, name in enumerate(frame.columns)
    }
