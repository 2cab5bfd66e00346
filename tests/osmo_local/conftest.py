"""The engine of the docker tests."""

from __future__ import annotations

from tests.docker.conftest import docked, engine

__all__ = ["docked", "engine"]
