"""Member folders of real trainings, replayed write by write as the kernel reported them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pbt_tui.observe.continuing import Question
from pbt_tui.spec import Job
from tests.observe.member_files import archive, put

DATA = Path(__file__).parents[1] / "data/recorded_members"
NAMES = sorted(path.stem for path in DATA.glob("*.json"))


class Replay:
    """One tree, and the last whole generation of each member by a model of its own."""

    def __init__(self, name: str, root: Path) -> None:
        record: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text())
        self.style: str = record["style"]
        self.workspace = root / record["workspace"]
        self.argv: dict[str, list[str]] = record["argv"]
        self._files: dict[str, str] = record["files"]
        self._writes: list[tuple[float, str, str]] = record["writes"]
        self._left = {path: self._count(path) for _, path, _ in self._writes}
        self._weights: dict[str, float] = {}
        self._metadata: dict[str, float] = {}

    def _count(self, path: str) -> int:
        return sum(p == path and what == "closed" for _, p, what in self._writes)

    def run(self) -> Iterator[str]:
        """Writes one event after the other, and returns the member that each is about."""
        for ms, name, what in self._writes:
            path = self.workspace / name
            path.parent.mkdir(parents=True, exist_ok=True)
            generation = name.rpartition(".")[0]
            if what == "opened":
                put(path, b"", ms / 1000)
            elif name.endswith(".pth"):
                put(path, archive(), ms / 1000)
                self._weights[generation] = ms
            else:
                put(path, self._text(name).encode(), ms / 1000)
                self._metadata[generation] = ms
            yield name.partition("/")[0]

    def _text(self, name: str) -> str:
        """The metadata; of a file that is written again, the record has the last content only."""
        self._left[name] -= 1
        text = self._files[name]
        return (
            text.replace("experiment_name: ", "experiment_name: earlier_")
            if self._left[name]
            else text
        )

    def newest(self, member: str) -> int | None:
        """The generation whose metadata was written last, and its weights not after it."""
        whole = [
            (ms, int(generation.rpartition("/")[2]))
            for generation, ms in self._metadata.items()
            if generation.startswith(f"{member}/") and self._weights[generation] <= ms
        ]
        return max(whole)[1] if whole else None

    def question(self, member: str, **fields: Any) -> Question:
        index = int(member)
        argv = tuple(self.argv[str(index)])
        job = Job(id=member, experiment="e", name=member, argv=argv, env={}, dir="d", params={})
        recorded = self.workspace if self.style == "isaacgymenvs" else self.workspace.parents[1]
        return Question(job, self.style, "p", recorded, index, **fields)
