"""What a population has learned, in words, from its workspace alone.

    python -m examples.swingup.report [FOLDER]

`FOLDER` is the workspace or any folder above it (default: `train_dir/swingup_pbt`). Exit code 1 if
no member has saved anything there. It must not know how the run was started, nor read its logs:
objectives are in the metadata, and who copied whom is in the checkpoints.
"""

import sys
from pathlib import Path
from statistics import fmean

from examples.swingup.environment import EPISODE_SECONDS, Episode
from examples.swingup.metadata import Metadata
from examples.swingup.search import evaluate
from examples.swingup.workspace import Checkpoint, Exploit, Workspace

UNSEEN = 1_000_000  # a seed that no training uses: the starts of the final examination
EXAMINATION = 100
BALANCED = 3.0  # seconds upright without a break at the end of an episode

History = dict[int, list[Metadata]]
"""Of every member its generations, oldest first."""


def main(words: list[str]) -> int:
    folder = Path(words[0] if words else "train_dir/swingup_pbt")
    workspaces = sorted({path.parents[1] for path in folder.rglob("[0-9][0-9][0-9]/*.yaml")})
    for workspace in map(Workspace, workspaces):
        print("\n".join(report(workspace)))
    if not workspaces:
        print(f"error: no member has saved anything below: {folder}", file=sys.stderr)
    return 0 if workspaces else 1


def report(workspace: Workspace) -> list[str]:
    """The lines of the report on one workspace, in which something has been saved."""
    history = {
        member: found for member in workspace.members() if (found := _history(workspace, member))
    }
    best = max(
        ((metadata, member) for member, found in history.items() for metadata in found),
        key=lambda pair: pair[0].true_objective,
    )
    metadata, member = best
    path = workspace.weights(member, metadata.iteration)
    checkpoint = Checkpoint.load(path)
    exploits = _exploits(workspace, history)
    generations = max(len(found) for found in history.values())
    return [
        f"What {len(history)} members learned in {generations} generations",
        f"(objective: seconds, weighted by height and distance; {EPISODE_SECONDS:.0f} at most)",
        "",
        *_learned(history, metadata, member, checkpoint),
        "",
        *_members(history, exploits),
        "",
        *_copies(history, exploits),
        "",
        f"The best weights came about: {_ancestry(checkpoint, member)}",
        f"Best checkpoint: {path}",
    ]


def _learned(history: History, best: Metadata, member: int, checkpoint: Checkpoint) -> list[str]:
    first = [found[0].true_objective for found in history.values()]
    last = [found[-1].true_objective for found in history.values()]
    episodes = evaluate(checkpoint.search.controller(), UNSEEN, EXAMINATION)
    balanced = [episode for episode in episodes if episode.standing >= BALANCED]
    upright = fmean(episode.upright for episode in episodes)
    until = (
        f"where it balances, from second {_risen(balanced):.1f} on"
        if balanced
        else "never to the end"
    )
    began, peak, when = history[member][0].true_objective, best.true_objective, best.iteration
    return [
        f"Population: mean objective {fmean(first):.2f} at first, {fmean(last):.2f} at last.",
        f"Best: member {member}, from {began:.2f} at first to {peak:.2f} in generation {when}.",
        f"Its policy, from {EXAMINATION} starts that training never saw,",
        f"  swings the pole up and balances it to the end in {len(balanced)},",
        f"  has it upright (within 12 degrees) for {upright:.1f} of {EPISODE_SECONDS:.0f} s,",
        f"  {until}.",
    ]


def _risen(balanced: list[Episode]) -> float:
    """After how many seconds, on average, the pole stood and did not fall again."""
    return fmean(EPISODE_SECONDS - episode.standing for episode in balanced)


def _members(history: History, exploits: list[Exploit]) -> list[str]:
    lines = ["member  objective: first   last   best   step size: first     last   replaced"]
    for member, found in history.items():
        objectives = [metadata.true_objective for metadata in found]
        steps = [metadata.params["train.step_size"] for metadata in found]
        times = sum(exploit.member == member for exploit in exploits)
        lines.append(
            f"{member:>6}{objectives[0]:>18.2f}{objectives[-1]:>7.2f}{max(objectives):>7.2f}"
            f"{steps[0]:>19.4f}{steps[-1]:>9.4f}{times:>11}"
        )
    return lines


def _copies(history: History, exploits: list[Exploit]) -> list[str]:
    lines = [f"Exploits: {len(exploits)}"]
    for exploit in exploits:
        before = _objective(history, exploit.member, exploit.generation)
        donor = _objective(history, exploit.donor, exploit.donor_generation)
        lines.append(
            f"  generation {exploit.generation:>2}: member {exploit.member} ({before}) took the "
            f"weights of member {exploit.donor} ({donor}, generation {exploit.donor_generation})"
        )
    return lines


def _ancestry(checkpoint: Checkpoint, member: int) -> str:
    if not checkpoint.ancestry:
        return f"member {member} trained them alone."
    origin = checkpoint.ancestry[0].donor
    steps = [
        f"copied to member {exploit.member} in generation {exploit.generation}"
        for exploit in checkpoint.ancestry
    ]
    return f"begun by member {origin}, " + ", ".join(steps) + "."


def _objective(history: History, member: int, generation: int) -> str:
    found = {metadata.iteration: metadata.true_objective for metadata in history.get(member, [])}
    return f"{found[generation]:.2f}" if generation in found else "not on disk"


def _history(workspace: Workspace, member: int) -> list[Metadata]:
    return sorted(workspace.generations(member), key=lambda metadata: metadata.iteration)


def _exploits(workspace: Workspace, history: History) -> list[Exploit]:
    """All whose weights were trained for a generation; a copy of a copy tells of both."""
    found: set[Exploit] = set()
    for member, generations in history.items():
        for metadata in generations:
            found.update(Checkpoint.load(workspace.weights(member, metadata.iteration)).ancestry)
    return sorted(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
