"""Mounts that give a container power over the host, or a view of what is not the run's."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, Where, printable
from pbt_tui.spec import Mount

_SOCKET = re.compile(r"(?:docker|podman|containerd|crio|buildkitd?)(?:-shim)?\.sock")
_SOCKET_FOLDER = re.compile(
    r"(?:/var)?/run(?:/docker|/podman|/containerd|/crio|/user/\d+(?:/\w+)?)?"
)
_SYSTEM = re.compile(
    r"/(?:etc|proc|sys|dev|boot|usr|bin|sbin|lib|lib32|lib64|var|var/lib|var/log|var/lib/docker"
    r"|var/lib/containerd)"
)
_WRITTEN = re.compile(r"/(?:etc|proc|sys|boot|usr)/.+")


def check(mount: Mount, here: Where) -> Iterator[Diagnostic]:
    """PBT534 and PBT535 for the source of one mount."""
    source = posixpath.normpath(mount.source).replace("//", "/")
    shown = printable(mount.source)
    if _SOCKET.fullmatch(posixpath.basename(source)) or _SOCKET_FOLDER.fullmatch(source):
        message = f"mounting `{shown}` lets the job control the container engine of the host"
        hint = "leave it out; if the job has to start containers, pass `--ignore PBT535`"
        yield finding("PBT535", message, where=here, hint=hint)
    elif _SYSTEM.fullmatch(source):
        message = f"mounting `{shown}` shows the job a system folder of the host"
        yield finding("PBT534", message, where=here, hint="mount the file that the job needs")
    elif _WRITTEN.fullmatch(source) and not mount.read_only:
        message = f"the job can change `{shown}`, which belongs to the system of the host"
        yield finding("PBT534", message, where=here, hint=f"end the mount with `:ro`: `{shown}`")
