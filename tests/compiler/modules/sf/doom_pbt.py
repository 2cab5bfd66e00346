#: pbt-compile sf/doom_pbt.py
#: exit 0, 1 job in doom_pbt
#: first 00_bots_w.pbt_True_n.pol_8_p.m.p.i.o.env_False in doom_pbt/bots_
#:   $ python -m sf.train --env=doom_bots --pbt_period_env_steps=5000000 --with_pbt=True
#:     --num_policies=8 --pbt_mix_policies_in_one_env=False
#:     --experiment=00_bots_w.pbt_True_n.pol_8_p.m.p.i.o.env_False
#:     --train_dir=./train_dir/doom_pbt/bots_
"""A population inside of one job."""

from sample_factory.launcher.run_description import Experiment, ParamGrid, RunDescription

_params = ParamGrid(
    [("with_pbt", ["True"]), ("num_policies", [8]), ("pbt_mix_policies_in_one_env", ["False"])]
)

RUN_DESCRIPTION = RunDescription(
    "doom_pbt",
    experiments=[
        Experiment(
            "bots", "python -m sf.train --env=doom_bots --pbt_period_env_steps=5000000",
            _params.generate_params(randomize=False),
        )
    ],
)
