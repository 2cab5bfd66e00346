#: pbt-compile odd/umlauts.py
#: exit 0, 1 job in 'läufe'
#: first '00_größe_grö_übergroß_n_日本' in 'läufe/größe_'
#:   $ python t.py '--größe=übergroß' '--n=日本' '--experiment=00_größe_grö_übergroß_n_日本'
#:     '--train_dir=./train_dir/läufe/größe_'
"""Texts beyond ASCII are texts."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "läufe", [Experiment("größe", "python t.py", [{"größe": "übergroß", "n": "日本"}])]
)
