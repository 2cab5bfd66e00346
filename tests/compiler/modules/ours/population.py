#: pbt-compile ours/population.py
#: exit 0, 6 jobs in cartpole
#: note PBT532 at ours/population.py:16
#: first 00_pbt in cartpole/pbt_
#:   $ python -m trainer pbt.policy_idx=0 pbt.num_policies=4 pbt.workspace=ws_cartpole
#:     experiment=00_pbt hydra.run.dir=./train_dir/cartpole/pbt_
#: last 01_alone in cartpole/alone_
#:   $ python -m trainer seed=2 experiment=01_alone hydra.run.dir=./train_dir/cartpole/alone_
"""Our own words: a population in one, resources for each experiment."""

from pbt_tui import Experiment, ParamGrid, RunDescription, population

RUN_DESCRIPTION = RunDescription(
    "cartpole",
    experiments=[
        Experiment(
            "pbt",
            "python -m trainer",
            population(4, workspace="ws_cartpole"),
            resources={"gpus": 1, "cpus": 4, "memory": "16G"},
        ),
        Experiment("alone", "python -m trainer", ParamGrid([("seed", [1, 2])]).generate_params()),
    ],
    experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir",
    param_prefix="",
    customize_experiment_name=False,
)
