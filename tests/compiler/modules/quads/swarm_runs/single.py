#: pbt-compile quads/swarm_runs/single.py
#: exit 0, 3 jobs in single_quad
#: first 00_single_see_0000_q.n.age_1 in single_quad/single_
#:   $ python -m swarm_rl.train --env=quadrotor_multi --train_for_env_steps=1000000000 --algo=APPO
#:     --use_rnn=False --num_workers=36 --quads_mode=mix --quads_neighbor_visible_num=0
#:     --with_wandb=True --seed=0000 --quads_num_agents=1 --experiment=00_single_see_0000_q.n.age_1
#:     --train_dir=./train_dir/single_quad/single_
#: last 02_single_see_2222_q.n.age_1 in single_quad/single_
#:   $ python -m swarm_rl.train --env=quadrotor_multi --train_for_env_steps=1000000000 --algo=APPO
#:     --use_rnn=False --num_workers=36 --quads_mode=mix --quads_neighbor_visible_num=0
#:     --with_wandb=True --seed=2222 --quads_num_agents=1 --experiment=02_single_see_2222_q.n.age_1
#:     --train_dir=./train_dir/single_quad/single_
"""Commands put together from strings, and seeds that are written `0000`."""

from sample_factory.launcher.run_description import Experiment, ParamGrid, RunDescription
from swarm_runs.baseline import QUAD_BASELINE_CLI

_params = ParamGrid([("seed", ["0000", "1111", "2222"]), ("quads_num_agents", [1])])
_cli = QUAD_BASELINE_CLI + " --quads_neighbor_visible_num=0" + " --with_wandb=True"

RUN_DESCRIPTION = RunDescription(
    "single_quad",
    experiments=[Experiment("single", _cli, _params.generate_params(randomize=False))],
)
