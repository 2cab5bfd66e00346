"""What shuffling through an array does to values (D3): asked of NumPy itself, where it is."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.compiler.upstream_launcher import converted

VALUES = st.sampled_from([1, 8, -3, 0.1, 1e-5, 2.0, True, False, "a", "0.5", None])


@settings(deadline=None)
@given(st.lists(st.lists(VALUES, min_size=1, max_size=3), min_size=1, max_size=3))
def test_as_upstream_shuffles(columns: list[list[Any]]) -> None:
    numpy = pytest.importorskip("numpy")
    combinations = [list(values) for values in product(*columns)]
    theirs = [[f"{v}" for v in row] for row in numpy.random.permutation(combinations)]
    rows = [{str(k): v for k, v in enumerate(row)} for row in combinations]
    changed = converted(rows)
    ours = [[changed.get(k, {}).get(n, f"{v}") for n, v in r.items()] for k, r in enumerate(rows)]
    assert sorted(theirs) == sorted(ours)
