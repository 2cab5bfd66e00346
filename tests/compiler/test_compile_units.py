from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.settings import parsers


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (parsers.size, "1024", 1024),
        (parsers.size, "512M", 512 * 2**20),
        (parsers.size, "4G", 4 * 2**30),
        (parsers.size, "1.5GiB", 3 * 2**29),
        (parsers.size, "2 gb", 2**31),
        (parsers.duration, "90", 90.0),
        (parsers.duration, "30s", 30.0),
        (parsers.duration, "5m", 300.0),
        (parsers.duration, "2h", 7200.0),
        (parsers.duration, "7d", 604800.0),
        (parsers.duration, "0.5", 0.5),
        (parsers.words, "0, 2,GPU-ab", ["0", "2", "GPU-ab"]),
        (parsers.words, "", []),
        (parsers.command, "sh -c 'a b'", ["sh", "-c", "a b"]),
        (parsers.mount, "./a:/b", [{"source": "./a", "target": "/b", "read_only": False}]),
        (parsers.mount, "/a:/b:ro", [{"source": "/a", "target": "/b", "read_only": True}]),
        (parsers.ulimit, "nofile=1024", [{"name": "nofile", "soft": 1024, "hard": 1024}]),
        (parsers.ulimit, "memlock=-1:-1", [{"name": "memlock", "soft": -1, "hard": -1}]),
        (parsers.name, "WANDB_API_KEY", ["WANDB_API_KEY"]),
        (parsers.boolean, "Yes", True),
        (parsers.integer, "-1", -1),
    ],
)
def test_what_people_write_is_read(
    read: Callable[..., Any], text: str, value: bool | float | list[dict[str, Any] | str]
) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        *[(parsers.size, t) for t in ("", "4Q", "-1G", "G", "1e3", "٣G", "9" * 30)],
        *[(parsers.duration, t) for t in ("", "5w", "-1", "inf", "nan", "1m30s", "9" * 400)],
        *[(parsers.integer, t) for t in ("", "1.0", "4G", "1_000", "9" * 30)],
        *[(parsers.number, t) for t in ("", "nan", "inf")],
        *[(parsers.mount, t) for t in ("a", "a:", ":b", "a:b:rx", "a:b:ro:z")],
        *[(parsers.ulimit, t) for t in ("nofile", "=1", "nofile=", "nofile=a", "nofile=1:b")],
        (parsers.words, "a,,b"),
        (parsers.command, "'open"),
        (parsers.name, "A=1"),
        (parsers.boolean, "maybe"),
    ],
)
def test_what_is_none_is_refused(read: Callable[..., Any], text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # without words: the caller has them
        read(text)


@given(st.text(max_size=20))
def test_readers_return_or_raise_value_error(text: str) -> None:
    for read in (parsers.size, parsers.duration, parsers.number, parsers.integer, parsers.mount):
        with contextlib.suppress(ValueError):
            read(text)
