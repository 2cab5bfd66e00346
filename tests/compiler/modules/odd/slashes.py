#: pbt-compile odd/slashes.py
#: exit 0, 1 job in slashes
#: warning PBT202 at odd/slashes.py:12
#: first 00_s_che_models/best.pth in slashes/s_
#:   $ python t.py --checkpoint=models/best.pth --experiment=00_s_che_models/best.pth
#:     --train_dir=./train_dir/slashes/s_
"""Values that are paths make names that are paths (D8)."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "slashes", [Experiment("s", "python t.py", [{"checkpoint": "models/best.pth"}])]
)
