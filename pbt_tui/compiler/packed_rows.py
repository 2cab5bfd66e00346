"""Parameters of an experiment for the pipe between two processes: by column, each name once.

Dictionaries of each job would carry every name again, and the reader would hold a text for each.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def pack(experiment: dict[str, Any]) -> None:
    """Replaces the dictionaries of `rows` by one table for each sequence of names.

    `tables` holds names, number of rows and columns; `table_of` has the table of each row, and is
    empty where there is one table.
    """
    rows = experiment.pop("rows")
    kinds: dict[tuple[str, ...], int] = {}
    table_of = [kinds.setdefault(tuple(row), len(kinds)) for row in rows]
    tables = []
    for names, number in kinds.items():
        own = rows
        if len(kinds) > 1:
            own = [row for row, k in zip(rows, table_of, strict=True) if k == number]
        tables.append([list(names), len(own), [[row[name] for row in own] for name in names]])
    experiment["tables"] = tables
    experiment["table_of"] = table_of if len(tables) > 1 else []


def unpack(experiment: dict[str, Any]) -> None:
    """Makes the dictionaries of `rows` again; those of one table share the texts of its names."""
    tables = [_rows(*table) for table in experiment.pop("tables")]
    table_of = experiment.pop("table_of")
    if table_of:
        experiment["rows"] = [next(tables[k]) for k in table_of]
    else:
        experiment["rows"] = list(tables[0]) if tables else []


def _rows(names: list[str], count: int, columns: list[list[Any]]) -> Iterator[dict[str, Any]]:
    if not names:
        return iter([{} for _ in range(count)])
    return (dict(zip(names, row)) for row in zip(*columns))  # noqa: B905 - `strict` costs a third
