"""Writes the workspace of the recorded population, in the format of IsaacGymEnvs."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from pbt_tui.files import folders
from pbt_tui.files.dated import write_dated

_KEPT = 50
"""Generations that a member keeps, as the trainer does."""


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """One generation of a member."""

    member: int
    number: int
    frame: int
    objective: float
    params: dict[str, float]
    name: str
    """The name of the start that wrote it."""


class RecordedWorkspace:
    """The folder that the members share.

    Args:
        path: The folder.
        inside: The same folder as the metadata names it, which need not exist.
    """

    def __init__(self, path: Path, inside: Path) -> None:
        self.path = path
        self._inside = inside
        folders.make_all(path)

    def write(self, step: RecordedStep, at: float) -> None:
        """Writes a generation: its weights first, then its metadata.

        Args:
            step: The generation.
            at: When, in Unix seconds of the recording.

        Raises:
            OSError: It cannot be written.
        """
        folder = self.path / f"{step.member:03d}"
        folders.make_all(folder)
        weights = folder / f"{step.number:06d}.pth"
        write_dated(weights, _archive(step.frame), at - 0.5)
        write_dated(weights.with_suffix(".yaml"), self._metadata(step).encode(), at)
        old = folder / f"{step.number - _KEPT:06d}.pth"
        folders.remove(old)
        folders.remove(old.with_suffix(".yaml"))

    def weights(self, step: RecordedStep) -> str:
        """The path of the weights of a generation, as trainers name it.

        Args:
            step: The generation.
        """
        return f"{self._inside}/{step.member:03d}/{step.number:06d}.pth"

    def _metadata(self, step: RecordedStep) -> str:
        weights = self.weights(step)
        params = "".join(f"  {key}: {value!r}\n" for key, value in sorted(step.params.items()))
        return (
            f"checkpoint: {weights}\nexperiment_name: {step.name}\nframe: {step.frame}\n"
            f"iteration: {step.number}\nparams:\n{params}"
            f"pbt_checkpoint: {weights.removesuffix('.pth')}.yaml\n"
            f"true_objective: {step.objective!r}\n"
        )


def _archive(frame: int) -> bytes:
    """A file of weights without weights: a zip archive, as PyTorch writes one."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("recorded/data.pkl", b"\x80\x02}q\x00X\x05\x00\x00\x00frameq\x01"
                      b"J" + frame.to_bytes(4, "little") + b"s.")  # fmt: skip
    return out.getvalue()
