#: pbt-compile written/quoted_checkpoint.py
#: exit 0, 1 job in q
#: first 00_e in q/e_
#:   $ python t.py 'checkpoint='"'"'epoch=9-step=8.ckpt'"'"'' experiment=00_e
#:     hydra.run.dir=./train_dir/q/e_
"""A file name with `=` in quotes of its own."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "q",
    [Experiment("e", "python t.py", [{"checkpoint": "'epoch=9-step=8.ckpt'"}])],
    experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir",
    customize_experiment_name=False,
    param_prefix="",
)
