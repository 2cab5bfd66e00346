"""A stored run: `about.json` says which."""

from pbt_tui import Experiment, RunDescription

_command = (
    "python -m isaacgymenvs.train task=Cartpole headless=True pbt=pbt_default "
    "pbt.num_policies=4 pbt.workspace=workspace_cartpole_v1 pbt.initial_delay=12000 "
    "pbt.interval_steps=6000 pbt.start_after=12000 pbt.replace_fraction_worst=0.25"
)

RUN_DESCRIPTION = RunDescription(
    "cartpole_v1",
    experiments=[Experiment("cartpole_v1", _command, [{"pbt.policy_idx": i} for i in range(4)])],
    experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir",
    customize_experiment_name=False,
    param_prefix="",
)
