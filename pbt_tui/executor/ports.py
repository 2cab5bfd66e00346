"""The ports that an executor gives to attempts: a range that it found free, and claimed.

Two executors of one machine never choose overlapping ranges: each block of ports is claimed by an
abstract unix socket, which the kernel drops with its owner, and which needs no file. A port is not
held: the job binds it. A job that outlived its executor is recognised by the port that it uses.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.journal.state import RunState
from pbt_tui.spec import Policy

FIRST, LAST = 20_000, 32_767
"""Below what Linux gives to outgoing connections unless it is told otherwise."""
BLOCK = 16
"""Ports that one claim covers."""
SPARE = 4
"""More ports than can be in use: one that was just given back may not be free at once."""
_LOCAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


class PortRange:
    """A range of ports, claimed until `close`."""

    def __init__(self, first: int, last: int, claims: list[socket.socket]) -> None:
        self.ends = (first, last)
        """The first and the last port."""
        self._claims = claims

    def close(self) -> None:
        for claim in self._claims:
            claim.close()


def wanted(state: RunState, policy: Policy) -> int:
    """How many ports attempts can use at once; 0 where no job asks for one."""
    asking = sum("port" in job.spec.fill for job in state.jobs)
    return min(asking, policy.max_parallel) + SPARE if asking else 0


def claim(count: int, salt: str = "") -> PortRange | None:
    """Claims `count` free ports in a row; None for none.

    `salt` moves the place where the search begins, so that runs seldom meet. Raises
    `RuntimeUnavailable` where there are not so many.
    """
    if not count:
        return None
    blocks = -(-count // BLOCK)
    row: list[tuple[int, socket.socket]] = []
    for first in _blocks(salt):
        if row and first != row[-1][0] + BLOCK:
            _drop(row)
        owner = _claimed(first) if all(map(_is_free, range(first, first + BLOCK))) else None
        if owner is None:
            _drop(row)
            continue
        row.append((first, owner))
        if len(row) == blocks:
            start = row[0][0]
            return PortRange(start, start + blocks * BLOCK - 1, [s for _, s in row])
    _drop(row)
    raise RuntimeUnavailable(
        f"jobs ask for a `{{port}}`, and no {count} ports in a row are free: {FIRST} to {LAST}",
        hint="pass a smaller `--max_parallel`",
    )


def _blocks(salt: str) -> Iterator[int]:
    """First ports of all blocks, from a place that `salt` chooses, once round."""
    count = (_last() - FIRST + 1) // BLOCK
    start = int(salt or "0", 16) % count if count else 0
    for i in range(count):
        yield FIRST + (start + i) % count * BLOCK


def _last() -> int:
    """The last port below the range of outgoing connections, where that leaves enough."""
    with suppress(OSError, ValueError):
        low = int(_LOCAL_RANGE.read_text().split()[0])
        if low - FIRST >= 64 * BLOCK:
            return min(LAST, low - 1)
    return LAST


def _claimed(first: int) -> socket.socket | None:
    owner = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        owner.bind(f"\0pbt/port/{first}")
    except OSError:
        owner.close()
        return None
    return owner


def _is_free(port: int) -> bool:
    """Whether a server could listen there, on every address of this machine."""
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind((address, port))
        except OSError as e:
            if e.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):  # there is no IPv6
                return False
    return True


def _drop(row: list[tuple[int, socket.socket]]) -> None:
    for _, owner in row:
        owner.close()
    row.clear()
