#: pbt-compile glaucoma/one_value_each.py
#: exit 0, 1 job in glaucoma
#: warning PBT204 at glaucoma/one_value_each.py:36
#: first 00_study_see_42_env_Glaucoma-v1_b.siz_1024_n.wor_8_n.e.p.wor_16_l.rat_0.0003_gam_0.99_rol_32_w.pbt_False_t.f.e.ste_10000000_n.inp_True in glaucoma/study_
#:   $ uv run train_glaucoma.py --seed=42 --env=Glaucoma-v1 --batch_size=1024 --num_workers=8
#:     --num_envs_per_worker=16 --learning_rate=0.0003 --gamma=0.99 --rollout=32 --with_pbt=False
#:     --train_for_env_steps=10000000 --normalize_input=True
#:     --experiment=00_study_see_42_env_Glaucoma-v1_b.siz_1024_n.wor_8_n.e.p.wor_16_l.rat_0.0003_gam_0.99_rol_32_w.pbt_False_t.f.e.ste_10000000_n.inp_True
#:     --train_dir=./train_dir/glaucoma/study_
"""Eleven parameters of one value each: names grow long; environments are registered on import."""

import registry
from sample_factory.launcher.run_description import Experiment, ParamGrid, RunDescription

registry.register("Glaucoma-v1", "glaucoma.envs:Glaucoma")

_params = ParamGrid(
    [
        ("seed", [42]),
        ("env", list(registry.ENVIRONMENTS)[-1:]),
        ("batch_size", [1024]),
        ("num_workers", [8]),
        ("num_envs_per_worker", [16]),
        ("learning_rate", [0.0003]),
        ("gamma", [0.99]),
        ("rollout", [32]),
        ("with_pbt", [False]),
        ("train_for_env_steps", [10_000_000]),
        ("normalize_input", [True]),
    ]
)

RUN_DESCRIPTION = RunDescription(
    "glaucoma",
    experiments=[
        Experiment("study", "uv run train_glaucoma.py", _params.generate_params(randomize=False))
    ],
)
