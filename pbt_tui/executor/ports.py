"""The ports that an executor gives to attempts: a free range that the executor claims.

`scheduler.job_ports` says which attempt gets which. A `{port}` in a command has to be filled; a
rendezvous port is a help, and without enough free ports no job gets one.

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
from pbt_tui.runtimes.context import RunContext
from pbt_tui.scheduler.job_ports import RENDEZVOUS, needs_port, wants_port
from pbt_tui.spec import Policy

FIRST, LAST = 20_000, 32_767
"""Range below the ports that Linux gives to outgoing connections by default."""
BLOCK = 16
"""Ports that one claim covers."""
SPARE = 4
"""More ports than can be in use: one that was just given back may not be free at once."""
MANY = 1024
"""Most attempts at once for which rendezvous ports are looked for: to claim one costs 0.1 ms."""
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
    """How many ports commands can use at once; 0 if no command needs one."""
    asking = sum(needs_port(job.spec) for job in state.jobs)
    return min(asking, policy.max_parallel) + SPARE if asking else 0


def claim_for(context: RunContext) -> PortRange | None:
    """Claims ports for all attempts that can be active at once, or only for those that need one.

    Raises `RuntimeUnavailable` where a command needs one and there are not so many.
    """
    state, kept = context.state, set_elsewhere(context)
    most = min(len(state.jobs), context.policy.max_parallel)
    if most <= MANY and any(wants_port(job.spec, kept) for job in state.jobs):
        with suppress(RuntimeUnavailable):
            return claim(most + SPARE, context.run_id)
    return claim(wanted(state, context.policy), context.run_id)


def set_elsewhere(context: RunContext) -> tuple[str, ...]:
    """Rendezvous variables that jobs get from elsewhere.

    They are those that containers copy. One that plain processes inherit from the shell counts
    only where one job runs at a time: the others would meet there, too.
    """
    if context.container is not None:
        return tuple(name for name in RENDEZVOUS if name in context.container.env_from)
    alone = min(len(context.state.jobs), context.policy.max_parallel) == 1
    if not alone or not context.kind.plain:
        return ()
    return tuple(name for name in RENDEZVOUS if name in context.environ)


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
