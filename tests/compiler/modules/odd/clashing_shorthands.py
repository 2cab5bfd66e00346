#: pbt-compile odd/clashing_shorthands.py
#: exit 0, 1 job in alike
#: first 00_alike_l.rat_1_l.rati_2_l.rate_3_l.rates_4_l.rate_5 in alike/alike_
#:   $ python t.py --learn_rate=1 --last_ratio=2 --l.rates=3 --l_rates=4 --l-rate=5
#:     --experiment=00_alike_l.rat_1_l.rati_2_l.rate_3_l.rates_4_l.rate_5
#:     --train_dir=./train_dir/alike/alike_
"""Names that are alike until their last letter."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "alike",
    [
        Experiment(
            "alike",
            "python t.py",
            [{"learn_rate": 1, "last_ratio": 2, "l.rates": 3, "l_rates": 4, "l-rate": 5}],
        )
    ],
)
