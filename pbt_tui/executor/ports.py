"""The ports that an executor gives to attempts: a free range that the executor claims.

Two executors on one machine never use overlapping ranges. An executor claims each block of ports
with an abstract unix socket, which needs no file and which the kernel removes with its owner. The
executor does not bind the ports; the jobs do. A port that a job still uses after the death of its
executor is not free, so no other executor claims its block.
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
"""Range below the ports that Linux gives to outgoing connections by default."""
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
    """How many ports attempts can use at once; 0 if no job needs one."""
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
        f"jobs need a `{{port}}`, but no {count} consecutive ports are free: {FIRST} to {LAST}",
        hint="pass a smaller `--max_parallel`",
    )


def _blocks(salt: str) -> Iterator[int]:
    """First ports of all blocks; `salt` chooses the block to begin with."""
    count = (_last() - FIRST + 1) // BLOCK
    start = int(salt or "0", 16) % count if count else 0
    for i in range(count):
        yield FIRST + (start + i) % count * BLOCK


def _last() -> int:
    """The last port below the range of outgoing connections, or `LAST` if that leaves too few."""
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
