"""Who may come in: each header that a request may have, wrong in each way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from pbt_tui.web.door import Door, is_ours

DOOR = Door(8000)
HOST = "127.0.0.1:8000"


def headers(*pairs: tuple[str, str], **changed: str | None) -> CIMultiDict[str]:
    """Those of a page that is open, with changes; None: without it."""
    usual: dict[str, str | None] = {
        "Host": HOST,
        "Origin": f"http://{HOST}",
        "Sec-Fetch-Site": "same-origin",
        "Cookie": f"{DOOR.cookie}={DOOR.secret}",
    }
    usual |= {name.replace("_", "-"): text for name, text in changed.items()}
    return CIMultiDict([*((n, t) for n, t in usual.items() if t is not None), *pairs])


@pytest.mark.parametrize("host", [HOST, "localhost:8000", "LOCALHOST:9", "[::1]:80", "127.0.0.1"])
def test_the_loopback_is_ours_at_any_port(host: str) -> None:
    assert DOOR.admits(headers(Host=host, Origin=f"http://{host}"), socket=True)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example:8000", "127.0.0.1:",
        "localhost@evil.example", "0.0.0.0:8000", "127.1:8000", "node7:8000", "",
        "127.0.0.1:8000\n",
        "127.0.0.1:123456", " 127.0.0.1",
    ],
)  # fmt: skip
def test_no_other_name_is(host: str) -> None:
    assert not DOOR.admits(headers(Host=host, Origin=f"http://{host}"))
    assert not DOOR.lets_in(headers(Host=host, Origin=None), DOOR.token)


@pytest.mark.parametrize(
    "changed",
    [
        {"Host": None},
        {"Origin": "http://127.0.0.1:8001"},
        {"Origin": "http://localhost:8000"},
        {"Origin": "https://127.0.0.1:8000"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:8000.evil.example"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Cookie": None},
        {"Cookie": f"{DOOR.cookie}="},
        {"Cookie": f"{DOOR.cookie}={DOOR.token}"},
        {"Cookie": f"pbt_tui_8001={DOOR.secret}"},
        {"Cookie": f"{DOOR.cookie}={DOOR.secret[:-1]}"},
        {"Cookie": f"{DOOR.cookie}={DOOR.secret}x"},
    ],
)
def test_each_wrong_header_is_refused(changed: dict[str, Any]) -> None:
    assert DOOR.admits(headers())
    assert not DOOR.admits(headers(**changed))


def test_headers_that_come_twice_are_refused_but_for_cookies() -> None:
    assert not is_ours(headers(("Host", "evil.example")))
    assert not is_ours(headers(("Host", HOST)))
    assert not is_ours(headers(("Origin", f"http://{HOST}")))
    assert not DOOR.admits(headers(("Sec-Fetch-Site", "cross-site")))
    tossed = f"{DOOR.cookie}=tossed; {DOOR.cookie}={DOOR.secret}"
    assert DOOR.admits(headers(Cookie=tossed))


def test_a_websocket_has_to_say_where_it_is_from() -> None:
    silent = headers(Origin=None, Sec_Fetch_Site=None)
    assert DOOR.admits(silent)
    assert not DOOR.admits(silent, socket=True)


@given(st.text(), st.text(max_size=40))
def test_nothing_but_the_token_and_the_cookie_opens(token: str, value: str) -> None:
    assert not DOOR.lets_in(headers(Cookie=None), token)
    assert not DOOR.admits(headers(Cookie=f"{DOOR.cookie}={value}"))


def test_secrets_are_long_and_differ_and_are_in_no_text() -> None:
    other = Door(8000)
    assert len({DOOR.token, DOOR.secret, other.token, other.secret, DOOR.path, other.path}) == 6
    assert len(DOOR.token) >= 32  # 192 bits
    assert DOOR.token not in repr(DOOR)
    assert DOOR.secret not in repr(DOOR)
