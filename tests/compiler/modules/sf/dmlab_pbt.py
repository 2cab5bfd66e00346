#: pbt-compile sf/dmlab_pbt.py
#: exit 0, 2 jobs in dmlab30
#: first 00_with_cache in dmlab30/with_cache_
#:   $ python -m sf_examples.dmlab.train_dmlab --env=dmlab_30 --with_pbt=True --num_policies=4
#:     --pbt_target_objective=dmlab_target_objective --dmlab30_dataset=cache
#:     --experiment=00_with_cache --train_dir=./train_dir/dmlab30/with_cache_
#: last 00_without in dmlab30/without_
#:   $ python -m sf_examples.dmlab.train_dmlab --env=dmlab_30 --with_pbt=True --num_policies=4
#:     --pbt_target_objective=dmlab_target_objective --experiment=00_without
#:     --train_dir=./train_dir/dmlab30/without_
"""The same with everything in the base command, and two of them."""

from sample_factory.launcher.run_description import Experiment, RunDescription

_cli = (
    "python -m sf_examples.dmlab.train_dmlab --env=dmlab_30 --with_pbt=True "
    "--num_policies=4 --pbt_target_objective=dmlab_target_objective"
)

RUN_DESCRIPTION = RunDescription(
    "dmlab30",
    experiments=[
        Experiment("with_cache", f"{_cli} --dmlab30_dataset=cache"),
        Experiment("without", _cli),
    ],
)
