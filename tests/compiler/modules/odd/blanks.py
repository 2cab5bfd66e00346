#: pbt-compile odd/blanks.py
#: exit 0, 3 jobs in blanks
#: warning PBT304 at odd/blanks.py:19
#: note PBT303 at odd/blanks.py:20
#: warning PBT302 at odd/blanks.py:21
#: first '00_value_not_two words' in blanks/value_
#:   $ python t.py --note=two words --experiment=00_value_not_two words
#:     --train_dir=./train_dir/blanks/value_
#: last '00_quote_not_'"'"'two words'"'"'' in blanks/quote_
#:   $ python t.py '--note=two words' '--experiment=00_quote_not_two words'
#:     --train_dir=./train_dir/blanks/quote_
"""Values with blanks fall apart (D15)."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "blanks",
    [
        Experiment("value", "python t.py", [{"note": "two words"}]),
        Experiment("inner", "python  t.py", [{"seed": 1}]),
        Experiment("quote", "python t.py", [{"note": "'two words'"}], None),
    ],
)
