"""The docker engine of stressed runs, which a fault kills and starts again.

Its containers outlive it, so nothing that it did may be lost.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

from pbt_tui.spec import Container, Mount
from tests.docker.containers_driver import BUSYBOX
from tests.docker.engines import bring_up, daemons, kill, take_down


def container() -> Container:
    """The test image with this machine's `flock`, which it lacks, and the libraries of that."""
    program = shutil.which("flock") or "/usr/bin/flock"
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    files = [program, *(word for word in listed.split() if word.startswith("/"))]
    mounts = tuple(Mount(str(Path(file).resolve()), file, read_only=True) for file in files)
    return Container(image=BUSYBOX, network="none", mounts=mounts)


class Engine:
    """An engine of its own. `host` is its address."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="pbt-stress-engine."))
        self._lock = threading.Lock()
        self.host = self._up()["DOCKER_HOST"]

    def _up(self) -> dict[str, str]:
        return bring_up("--dir", str(self._folder), "--live-restore")

    def kill(self) -> None:
        """Kills dockerd, and starts it again."""
        with self._lock:
            kill(daemons(str(self._folder))["dockerd"])
            self._up()

    def down(self) -> None:
        take_down(str(self._folder))
