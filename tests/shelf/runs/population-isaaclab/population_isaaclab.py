"""A stored run: `about.json` says which."""

from pbt_tui import Experiment, RunDescription

_command = (
    "./isaaclab.sh -p train.py --task=Isaac-Repose-Cube-Shadow-Direct-v0 --headless "
    "agent.pbt.enabled=True agent.pbt.num_policies=4 agent.pbt.workspace=shadow_reorient_pbt "
    "agent.params.config.name=shadow_hand agent.pbt.objective=episode.true_objective"
)

RUN_DESCRIPTION = RunDescription(
    "shadow",
    experiments=[Experiment("shadow", _command, [{"agent.pbt.policy_idx": i} for i in range(4)])],
    experiment_arg_name="agent.params.config.full_experiment_name",
    experiment_dir_arg_name="hydra.run.dir",
    customize_experiment_name=False,
    param_prefix="",
)
