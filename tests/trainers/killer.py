"""Kills trainers and the executor of a run while it trains, and starts the executor again.

What happens follows from the seed, except for time. A `Member` is what one kill hits: a job, with
the record that its trainer writes about itself (`programs/life_record.py`).
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.executor.running import Place

PATIENCE = 600.0
"""Seconds after which a wait is in vain. No test asserts a time."""
NEAR = 0.05
"""Seconds after a write within which a kill counts as one right after it."""
Line = dict[str, Any]


class Member:
    """One job, and what its trainer has told.

    Args:
        job: Id of the job.
        record: The record of its trainer.
        files: Returns the files of generations that are there now.
    """

    def __init__(self, job: str, record: Path, files: Callable[[], Iterator[Path]]) -> None:
        self.job = job
        self.record = record
        self._files = files
        self._read = 0
        self.lines: list[Line] = []

    def look(self) -> list[Line]:
        """Reads on, and returns the new lines."""
        with suppress(FileNotFoundError):
            data = self.record.read_bytes()[self._read :]
            whole = data[: data.rfind(b"\n") + 1]
            self._read += len(whole)
            new = [json.loads(line) for line in whole.splitlines()]
            self.lines += new
            return new
        return []

    @property
    def life(self) -> list[Line]:
        """The lines of the newest attempt, the first one included."""
        starts = [i for i, x in enumerate(self.lines) if x["what"] == "began" and not x["again"]]
        return self.lines[starts[-1] :] if starts else []

    @property
    def pid(self) -> int | None:
        """The trainer's process, if it lives."""
        life = self.life
        if not life:
            return None
        pid = int(life[0]["pid"])
        with suppress(OSError):
            stat = Path(f"/proc/{pid}/stat").read_text()
            if stat.rpartition(")")[2].split()[0] not in "ZX":
                return pid
        return None

    def has(self, what: str, *, ever: bool = False) -> bool:
        """Whether the newest life has told something, or any life."""
        return any(x["what"] == what for x in (self.lines if ever else self.life))

    @property
    def goes_on(self) -> bool:
        """Whether its newest life has written a generation after it trained."""
        told = [x["what"] for x in self.life if x["what"] in ("trained", "wrote")]
        return "trained" in told and "wrote" in told[told.index("trained") :]

    def newest(self) -> tuple[float, str] | None:
        """When the newest file of a generation was written, and its path."""
        found = []
        for path in self._files():
            with suppress(OSError):
                found.append((path.stat().st_mtime, str(path)))
        return max(found, default=None)


class Killer:
    """Lives one run with its kills.

    Args:
        place: Where the run is.
        members: Its jobs.
        seed: What the kills are drawn from.
        options: Of `pbt-run`, for its first start.
    """

    def __init__(self, place: Place, members: list[Member], seed: int, *options: str) -> None:
        self.place = place
        self.members = members
        self.draw = random.Random(seed)
        self.kills: Counter[str] = Counter()
        self.killed: set[int] = set()
        """Processes that were killed; a signal takes a moment."""
        self.said = place.path / "said.txt"
        self._options = options
        self.executor = self.start("specs/r", *options)

    # -- the executor ------------------------------------------------------------------------------

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Starts `pbt-run`; what it says goes to a file."""
        with self.said.open("a") as out:
            return self.place.start(*args, stdout=out, stderr=subprocess.STDOUT)

    def kill_executor(self, how: str, between: Callable[[], None] = lambda: None) -> None:
        """Kills the executor, waits a moment in which `between` happens, and starts it again."""
        self.executor.kill()
        self.executor.wait()
        between()
        self.sleep(1.5)
        self.kills[f"executor: {how}"] += 1
        self.executor = self.start("train_dir/r")

    def stop_and_go_on(self) -> int:
        """Stops the run, and resumes it; returns the exit code of the stopped executor."""
        asked = self.start("train_dir/r", "--stop")
        code = self._end(self.executor)
        assert self._end(asked) == 0, self.said.read_text()
        self.executor = self.start("train_dir/r")
        return code

    def end(self) -> int:
        """Lets the trainers finish; returns the exit code of the executor."""
        self.place.write("finish")
        return self._end(self.executor)

    def _end(self, process: subprocess.Popen[str]) -> int:
        return process.wait(PATIENCE)

    # -- waiting -----------------------------------------------------------------------------------

    def sleep(self, most: float) -> None:
        time.sleep(self.draw.uniform(0, most))

    def wait(self, what: Callable[[], Any], every: float = 0.02) -> Any:
        """Waits until `what` returns something true, and returns it."""
        end = time.monotonic() + PATIENCE
        while True:
            for member in self.members:
                member.look()
            if found := what():
                return found
            assert time.monotonic() < end, f"waited in vain:\n{self.said.read_text()[-4000:]}"
            assert self.executor.poll() is None, self.said.read_text()[-4000:]
            time.sleep(every)

    def ready(self, number: int = 1) -> list[Member]:
        """Waits for members that live and have trained and written; returns some of them."""

        def found() -> list[Member] | None:
            alive = [m for m in self.members if m.pid and m.pid not in self.killed]
            chosen = [m for m in alive if m.goes_on]
            return chosen if len(chosen) >= number else None

        return self.draw.sample(self.wait(found), number)

    # -- the members -------------------------------------------------------------------------------

    def kill(self, member: Member, how: str) -> bool:
        """Kills the process group of a member's job; False: it had ended."""
        pid = member.pid
        if pid is None:
            return False
        with suppress(ProcessLookupError):
            group = os.getpgid(pid)
            assert group not in (0, os.getpgid(0))
            if self.draw.random() < 0.25:
                os.kill(pid, signal.SIGKILL)  # the shell around it lives on
            else:
                os.killpg(group, signal.SIGKILL)
            self.kills[how] += 1
            self.killed.add(pid)
            return True
        return False

    def at_random(self) -> None:
        self.sleep(4)
        self.kill(self.ready()[0], "random")

    def two_at_once(self) -> None:
        for member in self.ready(2):
            self.kill(member, "two at once")

    def after_a_write(self) -> None:
        """Kills within 50 ms after a file of a generation was written."""
        (member,) = self.ready()
        before = member.newest()
        new = self.wait(lambda: now if (now := member.newest()) != before else None, 0.002)
        time.sleep(self.draw.choice((0.0, 0.003, 0.02)))
        if self.kill(member, "after a write"):
            late = time.time() - new[0] > NEAR
            if late:  # this machine was busy
                self.kills["after a write"] -= 1
                self.kills["random"] += 1

    def after_a_line(self, what: str, how: str, most: float, but: str | None = None) -> None:
        """Kills a moment after a trainer has told something.

        Args:
            what: What it tells.
            how: What the kill is called.
            most: Most seconds from the line to the kill.
            but: If the trainer has told this by then, the kill is a random one.
        """

        def told() -> Member | None:
            for member in self.members:
                if any(x["what"] == what for x in member.look()):
                    return member
            return None

        member = self.wait_for_news(told)
        self.sleep(most)
        told_more = but is not None and any(x["what"] == but for x in member.look())
        self.kill(member, "random" if told_more else how)

    def wait_for_news(self, told: Callable[[], Member | None]) -> Member:
        """Waits for a new line; unlike `wait`, it leaves the reading of lines to `told`."""
        for member in self.members:
            member.look()
        end = time.monotonic() + PATIENCE
        while (found := told()) is None:
            assert time.monotonic() < end, f"waited in vain:\n{self.said.read_text()[-4000:]}"
            time.sleep(0.005)
        return found

    def before_the_first_generation(self) -> None:
        """Kills a member that has begun and has never written a generation."""

        def found() -> list[Member] | None:
            young = [m for m in self.members if m.pid and not m.has("wrote", ever=True)]
            return young or None

        member = self.draw.choice(self.wait(found))
        self.sleep(1.0)
        member.look()
        if member.has("wrote", ever=True):
            return
        self.kill(member, "before the first generation")
