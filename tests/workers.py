"""Assigns tests to workers of pytest-xdist: one worker runs all tests of a service."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

SERVICES = ("tests/docker/", "tests/slurm/", "tests/web/test_web_pages.py")
"""Folders and files whose tests share an engine, a cluster or a browser."""


class ByService(LoadScopeScheduling):
    """Assigns tests one by one, except those of a service, which go to one worker together.

    `--dist loadgroup` is meant for that, but loses its groups with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((name for name in SERVICES if nodeid.startswith(name)), nodeid)
