#: pbt-compile quads/swarm_runs/baseline.py
#: exit 3
#: error PBT102 at quads/swarm_runs/baseline.py
"""The command that all of them share."""

QUAD_BASELINE_CLI = (
    "python -m swarm_rl.train --env=quadrotor_multi --train_for_env_steps=1000000000 "
    "--algo=APPO --use_rnn=False --num_workers=36 --quads_mode=mix"
)
