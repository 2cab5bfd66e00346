"""The arguments before each command: none, `apptainer exec …`, or `srun …` of pyxis.

Each argument is one word of bash. All are quoted except `$PWD`, the folder that the job starts in,
because only the node knows it.
"""

from __future__ import annotations

from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.backends.slurm.quoting import word
from pbt_tui.backends.slurm.sbatch import ResourceShape
from pbt_tui.spec import Processes


def image(spec: Processes, settings: Slurm) -> str | None:
    return settings.image or (spec.container.image if spec.container else None)


def prefix(spec: Processes, settings: Slurm, shape: ResourceShape) -> list[str]:
    """The arguments, as words of bash.

    The container sees the folder that jobs start in, and `train_dir`, at their paths on the host.
    """
    of = image(spec, settings)
    if settings.container == "plain" or of is None:
        return []
    shown = ['"$PWD"']
    if spec.train_dir.startswith("/"):
        shown.append(word(spec.train_dir))
    pairs = [f"{path}:{path}" for path in shown]
    for mount in spec.container.mounts if spec.container else ():
        source = word(mount.source)
        if not mount.source.startswith("/"):
            source = f'"$PWD"/{source}'
        pairs.append(f"{source}:{word(mount.target)}{':ro' if mount.read_only else ''}")
    if settings.container == "apptainer":
        binds = [part for pair in pairs for part in ("--bind", pair)]
        cards = ["--nv"] if shape.gpus else []
        return ["apptainer", "exec", *cards, *binds, "--pwd", '"$PWD"', word(of)]
    return [
        "srun",
        "--nodes=1",
        "--ntasks=1",
        # `srun` of SLURM 22.05 to 23.02 does not inherit this option from the job.
        '--cpus-per-task="${SLURM_CPUS_PER_TASK:-1}"',
        "--export=ALL",
        f"--container-image={word(of)}",
        f"--container-mounts={','.join(pairs)}",
        '--container-workdir="$PWD"',
    ]
