"""Shared by all tests: default signal handlers, distribution to workers, and `--shuffle`."""

from __future__ import annotations

import gc
import os
import random
import signal
import uuid
from itertools import groupby
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A machine that does something else as well is not a defect of what is tested.
settings.register_profile(
    "busy", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy")
IGNORED_IN_THE_BACKGROUND = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--shuffle",
        nargs="?",
        type=int,
        const=random.SystemRandom().randrange(10**6),
        metavar="SEED",
        help="run the files, and the tests of each, in a random order; says the seed at the end",
    )


def pytest_configure() -> None:
    """Gives this process slots of the machine of its own, for what a module starts for all tests.

    Restores signals that `nohup make test &` ignores: children would inherit that.

    A child gets the default action of a signal that its parent handles; this handler does nothing.
    """
    os.environ["PBT_SLOTS"] = uuid.uuid4().hex
    for number in IGNORED_IN_THE_BACKGROUND:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Gives each test slots of the machine of its own: a test never waits for another one."""
    os.environ["PBT_SLOTS"] = uuid.uuid4().hex


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Every worker of pytest-xdist has to compute the same order."""
    node.workerinput["shuffle"] = node.config.option.shuffle


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if config.option.dist != "load":
        return None
    from tests.workers import ByService

    return ByService(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Shuffles files, and tests within each file, so that module fixtures are created once."""
    seed = getattr(config, "workerinput", {}).get("shuffle", config.option.shuffle)
    if seed is not None:
        dice = random.Random(seed)
        files = [list(tests) for _, tests in groupby(items, key=lambda item: item.path)]
        for tests in files:
            dice.shuffle(tests)
        dice.shuffle(files)
        items[:] = [item for tests in files for item in tests]


def pytest_collection_finish() -> None:
    """Leaves what was collected out of garbage collections: each would walk over all of it."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if config.option.shuffle is not None:
        terminalreporter.write_line(f"the same order again: --shuffle {config.option.shuffle}")
