#: pbt-compile sf/long_names.py
#: exit 0, 4 jobs in mujoco
#: warning PBT204 at sf/long_names.py:21
#: first 00_mujoco_all_envs_appo_v83_normalised_returns_and_inputs_shared_weights_rnn_false_see_7_env_mujoco_ant in mujoco/mujoco_all_envs_appo_v83_normalised_returns_and_inputs_shared_weights_rnn_false_
#:   $ python -m sf.train --seed=7 --env=mujoco_ant
#:     --experiment=00_mujoco_all_envs_appo_v83_normalised_returns_and_inputs_shared_weights_rnn_false_see_7_env_mujoco_ant
#:     --train_dir=./train_dir/mujoco/mujoco_all_envs_appo_v83_normalised_returns_and_inputs_shared_weights_rnn_false_
#: last 03_mujoco_all_envs_appo_v83_normalised_returns_and_inputs_shared_weights_rnn_false_see_8_env_mujoco_walker in mujoco/mujoco_all_envs_appo_v83_normalised_returns_and_inputs_shared_weights_rnn_false_
#:   $ python -m sf.train --seed=8 --env=mujoco_walker
#:     --experiment=03_mujoco_all_envs_appo_v83_normalised_returns_and_inputs_shared_weights_rnn_false_see_8_env_mujoco_walker
#:     --train_dir=./train_dir/mujoco/mujoco_all_envs_appo_v83_normalised_returns_and_inputs_shared_weights_rnn_false_
"""A base name of 79 characters: the names of its jobs go beyond a hundred."""

from sample_factory.launcher.run_description import Experiment, ParamGrid, RunDescription

_name = "mujoco_all_envs_appo_v83_normalised_returns_and_inputs_shared_weights_rnn_false"
assert len(_name) == 79
_params = ParamGrid([("seed", [7, 8]), ("env", ["mujoco_ant", "mujoco_walker"])])

RUN_DESCRIPTION = RunDescription(
    "mujoco", experiments=[Experiment(_name, "python -m sf.train", _params.generate_params(False))]
)
