"""Results in notebooks: columns as a pandas table, small tables in HTML. Neither needs pandas until it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from sim.base.refusal import Refusal


class FrameRefused(Refusal):
    """pandas is not installed."""


def frame(columns: Mapping[str, Any]) -> Any:
    """A pandas.DataFrame of columns.

    Raises
    ------
    FrameRefused
    """
    try:
        import pandas as pd
    except ImportError:
        raise FrameRefused("to_frame() needs pandas: pip install pandas") from None
    return pd.DataFrame(dict(columns))


def html_table(caption: str, headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table for a notebook. Names come from files that somebody else may have written: everything is escaped."""
    head = "".join(f"<th>{escape(h)}</th>" for h in headings)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
