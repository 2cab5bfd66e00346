"""Runs `pbt-run --backend osmo` against the double, through the stand-in client or by HTTP."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from pbt_tui.journal import RunDir
from pbt_tui.journal import events as ev
from pbt_tui.observe.queue_status import Queue, read
from pbt_tui.runtimes.osmo.workflow_records import WorkflowRecords, WorkflowSubmission
from pbt_tui.spec import Container, decode, encode
from tests.executor.running import Place, Said
from tests.osmo.double_server import CLIENT, TOKEN, install_client, served
from tests.osmo.service_double import OsmoDouble

QUICK = ("--osmo_poll=1", "--osmo_settle=2")
LONG = 180.0


class OsmoPlace(Place):
    """A `Place` whose jobs are tasks of the double."""

    def __init__(self, path: Path, url: str, double: OsmoDouble, *, rest: bool = False) -> None:
        super().__init__(path)
        self.shared = path / "shared"
        self.rundir = RunDir.of(self.shared / "train_dir", "r")
        self.double = double
        self.calls = path / "calls"
        self.options: tuple[str, ...] = ("--backend", "osmo", "--osmo_pool", "a100", *QUICK)
        if rest:
            self.options += ("--osmo_url", url)
            self.environ["OSMO_TOKEN"] = double.token = TOKEN
        else:
            self.environ |= {"OSMO_DOUBLE": url, "OSMO_CALLS": str(self.calls)}
            self.environ["PATH"] = f"{install_client(path / 'bin')}:{self.environ['PATH']}"
            self.environ.pop("PYTHONUNBUFFERED", None)
            if CLIENT in os.environ:
                self.environ["OSMO_CONFIG_FILE_DIR"] = str(path / "login")
                words = ("osmo", "login", url, "--method", "dev", "--username", "me")
                subprocess.run(words, env=self.environ, check=True, capture_output=True)
                self.calls.unlink()

    def spec(self, *jobs: Any, name: str = "specs", run: str = "r", **policy: Any) -> str:
        found = super().spec(*jobs, name=name, run=run, **policy)
        file = self.path / found / "processes.json"
        spec = msgspec.structs.replace(
            decode(file.read_bytes()),
            train_dir=str(self.shared / "train_dir"),
            container=Container(image="acme/trainer:1"),
        )
        file.write_bytes(encode(spec))
        return found

    def on_osmo(self, *args: str, **popen: Any) -> subprocess.Popen[str]:
        shared = ("--osmo_shared", str(self.shared))
        return self.start(*args, *self.options, *shared, **popen)

    def end(self, process: subprocess.Popen[str]) -> Said:
        out, err = process.communicate(timeout=LONG)
        said = Said(process.returncode, out or "", err or "")
        assert "Traceback (most recent call last)" not in said.err, said.err
        return said

    def records(self) -> list[WorkflowSubmission]:
        return WorkflowRecords(self.rundir.path / "osmo").all()

    def ends(self) -> dict[str, ev.AttemptEnded]:
        """The last end of each job."""
        return {e.job: e for e in self.of(ev.AttemptEnded)}

    def picture(self) -> Queue | None:
        return read(self.rundir.queue)


@contextmanager
def placed(path: Path, *, rest: bool = False, **double: Any) -> Iterator[OsmoPlace]:
    """A place with a double of its own; fails if a process is left."""
    service = OsmoDouble(**double)
    with served(service) as url:
        place = OsmoPlace(path, url, service, rest=rest)
        try:
            yield place
        finally:
            left = place.clean()
        assert not left, f"left behind: {left}"
