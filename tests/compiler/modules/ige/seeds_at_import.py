#: pbt-compile ige/seeds_at_import.py
#: exit 3
#: error PBT120 at ige/seeds_at_import.py
#: note PBT305 at ige/seeds_at_import.py:20
#:
#: pbt-compile ige/seeds_at_import.py --seed 3
#: exit 0, 8 jobs in kuka_lstm
#: note PBT305 at ige/seeds_at_import.py:20
#: first 00_kuka_lstm in kuka_lstm/kuka_lstm_
#:   $ python -m isaacgymenvs.train seed=-1 headless=True seed=4992383 task=KukaLSTM
#:     experiment=00_kuka_lstm hydra.run.dir=./train_dir/kuka_lstm/kuka_lstm_
#: last 07_kuka_lstm in kuka_lstm/kuka_lstm_
#:   $ python -m isaacgymenvs.train seed=-1 headless=True seed=5351238 task=KukaLSTM
#:     experiment=07_kuka_lstm hydra.run.dir=./train_dir/kuka_lstm/kuka_lstm_
"""Seeds drawn while the module is imported; as in the original, eight of seven digits."""

from isaacgymenvs.pbt.experiments.run_utils import seeds
from isaacgymenvs.pbt.launcher.run_description import Experiment, ParamGrid, RunDescription

_params = ParamGrid([("seed", seeds(8)), ("task", ["KukaLSTM"])])

RUN_DESCRIPTION = RunDescription(
    "kuka_lstm",
    experiments=[
        Experiment(
            "kuka_lstm",
            "python -m isaacgymenvs.train seed=-1 headless=True",
            _params.generate_params(randomize=False),
        )
    ],
    experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir",
    param_prefix="",
    customize_experiment_name=False,
)
