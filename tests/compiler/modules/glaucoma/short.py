#: pbt-compile glaucoma/short.py
#: exit 0, 3 jobs in glaucoma_short
#: first 00_short_env_Glaucoma-v0_see_1 in glaucoma_short/short_
#:   $ uv run train_glaucoma.py --env=Glaucoma-v0 --seed=1
#:     --experiment=00_short_env_Glaucoma-v0_see_1 --train_dir=./train_dir/glaucoma_short/short_
#: last 02_short_env_Glaucoma-v0_see_3 in glaucoma_short/short_
#:   $ uv run train_glaucoma.py --env=Glaucoma-v0 --seed=3
#:     --experiment=02_short_env_Glaucoma-v0_see_3 --train_dir=./train_dir/glaucoma_short/short_
"""The same command with a short list."""

from sample_factory.launcher.run_description import Experiment, ParamList, RunDescription

_params = ParamList([{"env": "Glaucoma-v0", "seed": seed} for seed in (1, 2, 3)])

RUN_DESCRIPTION = RunDescription(
    "glaucoma_short",
    [Experiment("short", "uv run train_glaucoma.py", _params.generate_params(randomize=False))],
)
