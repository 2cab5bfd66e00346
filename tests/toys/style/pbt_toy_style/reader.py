"""Reads what the toy trainer leaves behind: `member-<n>/<generation>.json`."""

from __future__ import annotations

import json
from pathlib import Path

from pbt_tui.observe.workspaces import BestFile, Generation, UnreadableGeneration


class Evolution:
    """One workspace, looked at again and again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: dict[Path, int] = {}

    def poll(self) -> list[Generation]:
        """What is new or written again, in the order of writing; never raises OSError."""
        found = []
        for file in self.path.glob("member-*/*.json"):
            try:
                stat = file.stat()
                if self._seen.get(file) == stat.st_mtime_ns:
                    continue
                member, number = int(file.parent.name.removeprefix("member-")), int(file.stem)
                data = json.loads(file.read_bytes())
                found.append(
                    Generation(
                        member=member,
                        generation=number,
                        experiment_name=data["name"],
                        frame=data["frame"],
                        objective=data["objective"],
                        params=data["params"],
                        at=stat.st_mtime,
                        checkpoint=str(file.with_suffix(".weights").absolute()),
                    )
                )
            except (OSError, ValueError, KeyError, TypeError):
                continue  # another kind of file, or one that is being written
            self._seen[file] = stat.st_mtime_ns
        return sorted(found, key=lambda g: (g.at, g.member))

    def best(self) -> list[BestFile]:
        return []

    def unreadable(self) -> list[UnreadableGeneration]:
        return []

    def restarts(self) -> list[tuple[int, float]]:
        return []
