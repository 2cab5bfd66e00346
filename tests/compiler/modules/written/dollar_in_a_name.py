#: pbt-compile written/dollar_in_a_name.py
#: exit 0, 2 jobs in c
#: warning PBT308 at written/dollar_in_a_name.py:15
#: first 00_e_uni_eur_pri_1 in c/e_
#:   $ python t.py --unit=eur --price=1 --experiment=00_e_uni_eur_pri_1
#:     --train_dir=./train_dir/c/e_
#: last '01_e_uni_us$_pri_2' in c/e_
#:   $ python t.py '--unit=us$' --price=2 '--experiment=01_e_uni_us$_pri_2'
#:     --train_dir=./train_dir/c/e_
"""A value that ends in a dollar: in the name of the job, a shell would replace what follows it."""

from pbt_tui import Experiment, ParamGrid, RunDescription

PRICES = ParamGrid([(("unit", "price"), [("eur", 1), ("us$", 2)])])
RUN_DESCRIPTION = RunDescription("c", [Experiment("e", "python t.py", PRICES.generate_params(False))])
