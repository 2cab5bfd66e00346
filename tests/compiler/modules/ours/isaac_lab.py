#: pbt-compile ours/isaac_lab.py
#: exit 0, 2 jobs in lift
#: note PBT411 at ours/isaac_lab.py:19
#: first 00_lift in lift/lift_
#:   $ ./isaaclab.sh -p train.py --task=Lift --headless agent.pbt.policy_idx=0
#:     agent.pbt.num_policies=2 agent.pbt.workspace=lift agent.pbt.enabled=True
#:     agent.params.config.full_experiment_name=00_lift hydra.run.dir=./train_dir/lift/lift_
#: last 01_lift in lift/lift_
#:   $ ./isaaclab.sh -p train.py --task=Lift --headless agent.pbt.policy_idx=1
#:     agent.pbt.num_policies=2 agent.pbt.workspace=lift agent.pbt.enabled=True
#:     agent.params.config.full_experiment_name=01_lift hydra.run.dir=./train_dir/lift/lift_
"""A population of Isaac Lab, which has no launcher of its own."""

from pbt_tui import Experiment, RunDescription, population

RUN_DESCRIPTION = RunDescription(
    "lift",
    [
        Experiment(
            "lift",
            "./isaaclab.sh -p train.py --task=Lift --headless",
            population(2, "isaaclab", workspace="lift"),
        )
    ],
    "agent.params.config.full_experiment_name",
    "hydra.run.dir",
    False,
    "",
)
