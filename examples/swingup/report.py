"""What a population has learned, in words, from its workspace alone.

    python -m examples.swingup.report [FOLDER]

`FOLDER` is the workspace or any folder above it (default: `train_dir/swingup_pbt`). Exit code 1 if
no member has saved anything there. It must not know how the run was started, nor read its logs:
objectives are in the metadata, and who copied whom is in the checkpoints.
"""

import sys
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from examples.swingup.environment import EPISODE_SECONDS
from examples.swingup.metadata import Metadata
from examples.swingup.search import evaluate
from examples.swingup.workspace import Checkpoint, Exploit, Workspace

UNSEEN = 1_000_000  # a seed that no training uses: the starts of the final examination
EXAMINATION = 100
BALANCED = 3.0  # seconds upright without a break, to the end of the episode


class Saved(NamedTuple):
    """One generation of one member."""

    metadata: Metadata
    path: Path
    checkpoint: Checkpoint

    @property
    def objective(self) -> float:
        return self.metadata.true_objective


History = dict[int, dict[int, Saved]]
"""Member, then generation, oldest first; no member is empty."""


def main(words: list[str]) -> int:
    folder = Path(words[0] if words else "train_dir/swingup_pbt")
    found = histories(folder)
    for history in found:
        print("\n".join(report(history)))
    if not found:
        print(f"error: no member has saved anything below: {folder}", file=sys.stderr)
    return 0 if found else 1


def histories(folder: Path) -> list[History]:
    """Of each workspace below `folder`, those without anything left out."""
    roots = sorted({path.parents[1] for path in folder.rglob("[0-9][0-9][0-9]/*.yaml")})
    return [found for root in roots if (found := read(Workspace(root)))]


def read(workspace: Workspace) -> History:
    """What can be read: a generation without its weights is left out, as by the members."""
    history: History = {}
    for member in workspace.members():
        for metadata in reversed(list(workspace.generations(member))):
            path = workspace.weights(member, metadata.iteration)
            try:
                saved = Saved(metadata, path, Checkpoint.load(path))
            except (OSError, ValueError):
                continue
            history.setdefault(member, {})[metadata.iteration] = saved
    return history


def report(history: History) -> list[str]:
    """The lines of the report on a history that is not empty."""
    member, best = max(
        ((member, saved) for member, found in history.items() for saved in found.values()),
        key=lambda each: each[1].objective,
    )
    generations = max(max(found) for found in history.values())
    exploits = _exploits(history)
    return [
        f"What {len(history)} members learned in {generations} generations",
        f"(objective: seconds, weighted by height and distance; {EPISODE_SECONDS:.0f} at most)",
        "",
        *_learned(history, member, best),
        "",
        *_members(history, exploits),
        "",
        *_copies(history, exploits),
        "",
        f"The best weights were {_ancestry(member, best)}.",
        f"Best checkpoint: {best.path}",
    ]


def _learned(history: History, member: int, best: Saved) -> list[str]:
    firsts = {each: found[min(found)].objective for each, found in history.items()}
    lasts = [found[max(found)].objective for found in history.values()]
    first, last = fmean(firsts.values()), fmean(lasts)
    begun, peak, generation = firsts[member], best.objective, best.metadata.iteration
    return [
        f"Population: mean objective {first:.2f} at first, {last:.2f} at last.",
        f"Best: member {member}, from {begun:.2f} to {peak:.2f} in generation {generation}.",
        *_examined(best),
    ]


def _examined(best: Saved) -> list[str]:
    """The policy once more, from starts that decided nothing in training."""
    episodes = evaluate(best.checkpoint.search.controller(), UNSEEN, EXAMINATION)
    balanced = [episode for episode in episodes if episode.standing >= BALANCED]
    upright = fmean(episode.upright for episode in episodes)
    count, most = len(balanced), EPISODE_SECONDS
    lines = [
        f"Examined from {EXAMINATION} new starts: swung up and balanced to the end in {count},",
        f"upright (within 12 degrees) for {upright:.1f} of {most:.0f} s on average.",
    ]
    if balanced:
        risen = fmean(EPISODE_SECONDS - episode.standing for episode in balanced)
        lines.append(f"Where it balances, the pole stands from second {risen:.1f} on.")
    return lines


def _members(history: History, exploits: list[Exploit]) -> list[str]:
    lines = [
        "          objective              step size         noise",
        "member    first   last   best    first    last    first    last    replaced",
    ]
    for member, found in history.items():
        saved = list(found.values())
        first, last = saved[0], saved[-1]
        steps, noises = (
            [end.metadata.params[f"train.{key}"] for end in (first, last)]
            for key in ("step_size", "noise_std")
        )
        best = max(each.objective for each in saved)
        times = sum(exploit.member == member for exploit in exploits)
        lines.append(
            f"{member:>6}{first.objective:>9.2f}{last.objective:>7.2f}{best:>7.2f}"
            f"{steps[0]:>9.3f}{steps[1]:>8.3f}{noises[0]:>9.3f}{noises[1]:>8.3f}{times:>12}"
        )
    return lines


def _copies(history: History, exploits: list[Exploit]) -> list[str]:
    def objective(member: int, generation: int) -> str:
        saved = history.get(member, {}).get(generation)
        return f"{saved.objective:.2f}" if saved else "not on disk"

    return [
        f"Exploits: {len(exploits)}",
        *(
            f"  generation {each.generation:>2}: member {each.member}"
            f" ({objective(each.member, each.generation)}) took the weights of member {each.donor}"
            f" ({objective(each.donor, each.donor_generation)},"
            f" generation {each.donor_generation})"
            for each in exploits
        ),
    ]


def _ancestry(member: int, best: Saved) -> str:
    ancestry = best.checkpoint.ancestry
    if not ancestry:
        return f"trained by member {member} alone"
    copies = (f"{each.member} (generation {each.generation})" for each in ancestry)
    return f"begun by member {ancestry[0].donor}, copied to " + ", ".join(copies)


def _exploits(history: History) -> list[Exploit]:
    """All whose weights were trained for a generation; a copy of a copy tells of both."""
    return sorted(
        {
            exploit
            for found in history.values()
            for saved in found.values()
            for exploit in saved.checkpoint.ancestry
        }
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
