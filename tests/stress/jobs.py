"""The jobs of a stressed run: what each does, and the record that they leave of their own lives.

A job takes a lock that the kernel drops with its last process, so a second life beside the first is
seen, whatever the journal says. It adds lines to one record of the whole run:

    start <attempt>          named as the log that the job writes to
    end <attempt> <code>     its last act
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from pbt_tui.spec import Job

JOBS = 12
TWICE = 99
"""Exit code of a job that found another life of itself."""

_SHELL = "/bin/sh"
_LIFE = """exec 9>>"live/$1" || exit 98
flock -n 9 || exit 99
log=$(readlink /proc/$$/fd/1)
log=${log##*/}
log=${log% (deleted)}
echo "start ${log%.log}" >>record
finish() { echo "end ${log%.log} $1" >>record; exit "$1"; }
"""
_ENDS = {
    "ends": "sleep {time}; finish {code}",
    "checkpoints": "trap 'finish 0' TERM; sleep {time} & wait; finish {code}",
    "leaves a worker in a session of its own": (
        "setsid sh -c 'sleep 3600.{token}' & sleep {time}; finish {code}"
    ),
    "leaves a daemon that nobody started": (
        "(env -i setsid sh -c 'exec sleep 3600.{token}' "
        "</dev/null >/dev/null 2>&1 9>&- &) ; sleep {time}; finish {code}"
    ),
}
"""What a job does after its first words, by kind."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The jobs, and what the true end of each is."""

    jobs: tuple[Job, ...]
    codes: dict[str, int]
    """Exit code of each job that nobody stops."""
    token: str
    """Digits in the command line of everything that the jobs leave running."""


def plan(dice: random.Random) -> Plan:
    """Twelve jobs of all kinds."""
    token = f"{dice.randrange(10**9):09}7"
    codes: dict[str, int] = {}
    jobs = []
    kinds = list(_ENDS)
    for number in range(JOBS):
        name, kind = f"j{number:02}", kinds[number % len(kinds)]
        codes[name] = dice.choice((0, 0, 0, 0, 3, 7))
        script = _ENDS[kind].format(
            time=f"{dice.uniform(0.05, 1.0):.2f}",
            code=codes[name],
            token=token,
        )
        words = (_SHELL, "-c", _LIFE + script, "job", name)
        jobs.append(Job(name, "e", name, words, {}, "", {}, None, None, None))
    return Plan(tuple(jobs), codes, token)


@dataclass(slots=True)
class Record:
    """What the jobs said of themselves."""

    starts: Counter[str] = field(default_factory=Counter)
    """How often each attempt began."""
    ends: dict[str, int] = field(default_factory=dict)
    """The exit code with which each attempt ended by itself."""
    unread: list[str] = field(default_factory=list)
    """Lines of another form."""

    @classmethod
    def read(cls, path: Path) -> Record:
        found = cls()
        for line in path.read_text().splitlines() if path.exists() else ():
            match line.split():
                case ["start", attempt]:
                    found.starts[attempt] += 1
                case ["end", attempt, code]:
                    found.ends[attempt] = int(code)
                case _:
                    found.unread.append(line)
        return found


def forget(path: Path, known: Collection[str]) -> None:
    """Removes from a record the lines of attempts that are not `known`."""
    if path.exists():
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if line.split()[1] in known))


def left_running(token: str) -> list[int]:
    """Processes that a job of this plan left behind."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if f"3600.{token}".encode() in words and b"flock -n" not in words:
                found.append(int(entry.name))
    return found
