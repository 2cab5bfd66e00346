#: pbt-compile hipposlam/no_gpu.py
#: exit 0, 1 job in cpu
#: first 00_cpu_see_3 in cpu/cpu_
#:   $ python -m slam.train --device=cpu --seed=3 --experiment=00_cpu_see_3
#:     --train_dir=./train_dir/cpu/cpu_
"""Jobs without a GPU are legal: the original asks SLURM for no CPU then (D38)."""

from sample_factory.launcher.run_description import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "cpu", [Experiment("cpu", "python -m slam.train --device=cpu", [{"seed": 3}])]
)
