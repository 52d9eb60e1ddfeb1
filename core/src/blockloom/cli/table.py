"""Rows of cells as lines, each column as wide as its widest cell; a Chinese character takes two places."""

from collections.abc import Sequence
from unicodedata import east_asian_width

import click


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines; the last column is as long as it is."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_pad(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _pad(cell: str, width: int) -> str:
    return cell + " " * (width - _width(cell))


def _width(cell: str) -> int:
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in click.unstyle(cell))
