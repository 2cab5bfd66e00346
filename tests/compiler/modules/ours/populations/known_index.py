#: pbt-compile ours/populations/known_index.py
#: exit 0, 3 jobs in ant
#: first 00_ant_p.p.idx_0_p.n.pol_3 in ant/ant_
#:   $ python train.py --pbt_policy_idx=0 --pbt_num_policies=3
#:     --experiment=00_ant_p.p.idx_0_p.n.pol_3 --train_dir=./train_dir/ant/ant_
#: last 02_ant_p.p.idx_2_p.n.pol_3 in ant/ant_
#:   $ python train.py --pbt_policy_idx=2 --pbt_num_policies=3
#:     --experiment=02_ant_p.p.idx_2_p.n.pol_3 --train_dir=./train_dir/ant/ant_
"""The other spelling of the index."""

from pbt_tui import Experiment, RunDescription, population

MEMBERS = population(3, index_arg="pbt_policy_idx")

RUN_DESCRIPTION = RunDescription("ant", [Experiment("ant", "python train.py", MEMBERS)])
