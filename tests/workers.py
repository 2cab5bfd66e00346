"""Which worker of pytest-xdist runs what: a service is brought up by one of them, and kept."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

SERVICES = ("tests/docker/", "tests/slurm/")
"""Folders whose tests share an engine or a cluster."""


class ByService(LoadScopeScheduling):
    """Hands out single tests, but for those of a service, which go to one worker together.

    `--dist loadgroup` is meant for that, but its groups are lost with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((name for name in SERVICES if nodeid.startswith(name)), nodeid)
