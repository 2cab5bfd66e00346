#: pbt-compile quads/swarm_runs/obstacles.py
#: exit 0, 2 jobs in obstacles
#: first 00_pbt in obstacles/pbt_
#:   $ python -m swarm_rl.train --env=quadrotor_multi --train_for_env_steps=1000000000 --algo=APPO
#:     --use_rnn=False --num_workers=36 --quads_mode=mix --quads_obst_density=0.2 --with_pbt=True
#:     --num_policies=4 --pbt_target_objective=metric/agent_success_rate --experiment=00_pbt
#:     --train_dir=./train_dir/obstacles/pbt_
#: last 01_pbt in obstacles/pbt_
#:   $ python -m swarm_rl.train --env=quadrotor_multi --train_for_env_steps=1000000000 --algo=APPO
#:     --use_rnn=False --num_workers=36 --quads_mode=mix --quads_obst_density=0.8 --with_pbt=True
#:     --num_policies=4 --pbt_target_objective=metric/agent_success_rate --experiment=01_pbt
#:     --train_dir=./train_dir/obstacles/pbt_
"""Relative imports, and seeds of a population that is one job."""

from sample_factory.launcher.run_description import Experiment, ParamGrid, RunDescription

from .baseline import QUAD_BASELINE_CLI

_params = ParamGrid(
    [
        ("quads_obst_density", [0.2, 0.8]),
        ("with_pbt", ["True"]),
        ("num_policies", [4]),
        ("pbt_target_objective", ["metric/agent_success_rate"]),
    ]
)

RUN_DESCRIPTION = RunDescription(
    "obstacles",
    experiments=[
        Experiment("pbt", QUAD_BASELINE_CLI, _params.generate_params(randomize=False))
    ],
    customize_experiment_name=False,
)
