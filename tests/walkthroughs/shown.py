"""Blocks of the README and of the guides that no command line fills: how each of them is held.

A block without a language is an excerpt of a stored screen, or what a test elsewhere sees printed,
or nothing that a test can try: then a reason says why.
"""

from __future__ import annotations

import re

from tests.architecture.codebase import ROOT, Fence, fences

SCREENS = {
    ("docs/guide/gpus-and-slots.md", " per slot"): "timeline-night-120x40",
    ("docs/guide/slurm.md", " ant_pbt"): "slurm-main-80x24",
    ("docs/guide/trackers.md", " trackers"): "trackers-200x50",
    ("docs/guide/when-a-job-fails.md", " where"): "dying-120x40",
    ("docs/guide/when-a-job-fails.md", " ant_pbt"): "travel-jobs-120x40",
}
"""Page and first word of a block, to the stored screen that it shows a part of."""
COMPARED = {
    ("docs/guide/gpus-and-slots.md", "  waiting"): "tests/executor/test_run_slots.py",
    ("docs/guide/browser-and-plain-text.md", "$ pbt-tui"): "tests/web/test_web_server.py",
    ("docs/guide/browser-and-plain-text.md", "run `"): "tests/walkthroughs/test_shown.py",
    ("docs/guide/osmo.md", '"exec'): "tests/walkthroughs/test_shown.py",
    ("docs/guide/populations.md", "  started"): "tests/executor/test_run_continued.py",
    ("docs/guide/resume-and-requests.md", "note:"): "tests/executor/test_kept_shell.py",
    ("docs/guide/resume-and-requests.md", "✓"): "tests/executor/test_process_descendants.py",
}
"""Page and first word of a block, to the test that compares it with what is printed."""
UNTRIED = {
    ("docs/guide/containers.md", "docker build"): "loads its base image from a registry",
    ("docs/guide/editors.md", "$ taplo"): "is printed by taplo",
    (
        "docs/guide/gpus-and-slots.md",
        "pbt-run RUN_DIR",
    ): "has a placeholder; tests/executor tries it",
    ("docs/guide/osmo.md", "osmo workflow"): "calls the client of a service",
    ("docs/guide/osmo.md", "osmo login"): "calls the client of a service",
    ("docs/guide/populations.md", "uv run"): "is quoted from the guide of Isaac Lab",
    ("docs/guide/resume-and-requests.md", "chgrp"): "needs a group of this name",
    ("docs/guide/several-machines.md", "ssh"): "needs another machine",
    ("docs/guide/slurm.md", "  queued"): "needs a cluster that is full",
}
"""Page and first word of a block, to the reason why no test tries it."""
_VARIES = re.compile(r"…|`[^`]+`|/\S+|\d[\w.]*(?:, \d[\w.]*)*")


def key(page: str, block: Fence) -> tuple[str, str] | None:
    """The entry of a block in one of the tables."""
    known = (*SCREENS, *COMPARED, *UNTRIED)
    return next((k for k in known if k[0] == page and block.text.startswith(k[1])), None)


def block(page: str, first: str) -> str:
    """The text of the block without a language that begins with `first`."""
    unmarked = [one for one in fences((ROOT / page).read_text()) if not one.language]
    [found] = [one.text for one in unmarked if one.text.startswith(first)]
    return found


def missing(page: str, first: str, printed: str) -> list[str]:
    """The lines of a block that nothing printed is like: names, numbers and paths may differ."""
    patterns = {
        line: _like(line) for line in block(page, first).splitlines() if not line.startswith("$ ")
    }
    lines = printed.splitlines()
    return [line for line, like in patterns.items() if not any(map(like.fullmatch, lines))]


def _like(line: str) -> re.Pattern[str]:
    """What a line may look like elsewhere; `…` stands for anything."""
    kinds = {"…": ".*", "`": "`[^`]+`", "/": r"/\S+"}
    parts = [re.escape(part) for part in _VARIES.split(line)]
    gaps = [kinds.get(gap[0], r"\d[\w.]*(?:, \d[\w.]*)*") for gap in _VARIES.findall(line)]
    return re.compile("".join(a + b for a, b in zip(parts, [*gaps, ""], strict=True)))
