#: pbt-compile hipposlam/replaced_text.py
#: exit 0, 4 jobs in slam_sizes
#: first 00_size_128_see_1 in slam_sizes/size_128_
#:   $ python -m slam.train --env=nav --rnn_size=128 --with_hippo=False --num_gpus=1 --seed=1
#:     --experiment=00_size_128_see_1 --train_dir=./train_dir/slam_sizes/size_128_
#: last 01_hippo_see_2_h.r_4 in slam_sizes/hippo_
#:   $ python -m slam.train --env=nav --rnn_size=512 --with_hippo=True --num_gpus=0 --seed=2
#:     --hippo_r=4 --experiment=01_hippo_see_2_h.r_4 --train_dir=./train_dir/slam_sizes/hippo_
"""Options of a sibling's command are replaced as text."""

from base_cli import BASE_CLI
from sample_factory.launcher.run_description import Experiment, RunDescription

_experiments = [
    Experiment(f"size_{size}", BASE_CLI.replace("--rnn_size=512", f"--rnn_size={size}"), [{"seed": 1}])
    for size in (128, 1024)
]
_experiments.append(
    Experiment(
        "hippo",
        BASE_CLI.replace("--with_hippo=False", "--with_hippo=True").replace("=1", "=0"),
        [{"seed": seed, "hippo_r": 2 * seed} for seed in (1, 2)],
    )
)

RUN_DESCRIPTION = RunDescription("slam_sizes", _experiments)
