"""The folder through which the members of a population see each other.

    <hydra.run.dir>/runs/<pbt.workspace>/NNN/GGGGGG.pth  .yaml   member NNN at generation GGGGGG
    <hydra.run.dir>/runs/<pbt.workspace>/bestN/…                 the best that member N has seen
    <hydra.run.dir>/runs/<full experiment name>/GGGGGG.pth       what a restart loads

It must not know who should copy whom. Its laws: weights first, metadata second, both written aside
and renamed, so that a metadata file that exists is whole and its weights exist; a member writes in
its own folders alone; whatever cannot be read is as good as absent. Nothing is deleted but old
files in `bestN`: a run has fewer generations than the upstream clean-up would keep.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from examples.swingup.metadata import Metadata
from examples.swingup.search import Search

TASK = "Swingup"
BEST_KEPT = 3


@dataclass(frozen=True, order=True)
class Exploit:
    """At `generation` the `member` took the weights that the `donor` had at `donor_generation`."""

    generation: int
    member: int
    donor: int
    donor_generation: int


@dataclass
class Checkpoint:
    """The `.pth` file. It is JSON text: twelve weights need no pickle, and people can read it.

    `ancestry` tells how these very weights came about; upstream no file holds that.
    """

    search: Search = field(default_factory=Search)
    ancestry: list[Exploit] = field(default_factory=list)

    def save(self, path: Path) -> None:
        write(path, json.dumps(asdict(self)) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Checkpoint":
        """Raises OSError or ValueError."""
        try:
            found: dict[str, Any] = json.loads(path.read_text())
            ancestry = [Exploit(**each) for each in found["ancestry"]]
            return cls(Search(**found["search"]), ancestry)
        except (KeyError, TypeError) as error:
            raise ValueError(f"`{path}` is not a checkpoint: {error}") from error


@dataclass(frozen=True)
class Workspace:
    """`root` is absolute: peers may run in another folder."""

    root: Path

    def save(
        self,
        member: int,
        generation: int,
        state: Checkpoint,
        *,
        experiment_name: str,
        params: dict[str, float],
        true_objective: float,
    ) -> Metadata:
        """Write one generation of a member."""
        weights = self.weights(member, generation)
        state.save(weights)
        metadata = Metadata(
            checkpoint=str(weights),
            experiment_name=experiment_name,
            frame=state.search.frame,
            iteration=generation,
            params=params,
            pbt_checkpoint=str(weights.with_suffix(".yaml")),
            true_objective=true_objective,
        )
        write(weights.with_suffix(".yaml"), metadata.to_yaml())
        return metadata

    def generations(self, member: int) -> Iterator[Metadata]:
        """All that can be read of one member, the newest first."""
        for path in _numbered(self.root / f"{member:03d}"):
            if metadata := read(path):
                yield metadata

    def newest(self, member: int, at_most: int | None = None) -> Metadata | None:
        """The newest generation of a member that is not newer than `at_most`."""
        for metadata in self.generations(member):
            if at_most is None or metadata.iteration <= at_most:
                return metadata
        return None

    def members(self) -> list[int]:
        """Those that have a folder."""
        return sorted(int(path.name) for path in self.root.glob("[0-9][0-9][0-9]") if path.is_dir())

    def weights(self, member: int, generation: int) -> Path:
        """Beside its metadata; the path inside the metadata may be that of another machine."""
        return self.root / f"{member:03d}" / f"{generation:06d}.pth"

    def keep_best(self, observer: int, best: Metadata, member: int) -> bool:
        """Copy the best of the population to the observer's folder; false if it had a better one.

        The best so far is looked up by its number, not by its name: text sorts -9 above -10.
        """
        folder = self.root / f"best{observer}"
        kept = [
            (found.true_objective, path) for path in folder.glob("*.yaml") if (found := read(path))
        ]
        if kept and max(kept)[0] >= best.true_objective:
            return False
        stem = (
            f"{TASK}_best_obj_{best.true_objective:015.5f}_iter_{best.iteration:04d}"
            f"_policy{member:03d}_frame{best.frame}"
        )
        try:
            write(folder / f"{stem}.pth", self.weights(member, best.iteration).read_text())
        except OSError:
            return False
        write(folder / f"{stem}.yaml", best.to_yaml())
        for _, path in sorted(kept, reverse=True)[BEST_KEPT - 1 :]:
            path.unlink(missing_ok=True)
            path.with_suffix(".pth").unlink(missing_ok=True)
        return True


def read(path: Path) -> Metadata | None:
    """Nothing if it is gone, empty or half written."""
    try:
        return Metadata.from_yaml(path.read_text())
    except (OSError, UnicodeDecodeError):
        return None


def write(path: Path, text: str) -> None:
    """Aside first, then by rename: a reader sees the old file, no file, or the whole file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    aside.write_text(text)
    aside.replace(path)


def _numbered(folder: Path) -> list[Path]:
    return sorted(
        (path for path in folder.glob("*.yaml") if path.stem.isdecimal()),
        key=lambda path: int(path.stem),
        reverse=True,
    )
