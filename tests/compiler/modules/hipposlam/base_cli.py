#: pbt-compile hipposlam/base_cli.py
#: exit 3
#: error PBT102 at hipposlam/base_cli.py
"""Another helper that describes nothing."""

BASE_CLI = "python -m slam.train --env=nav --rnn_size=512 --with_hippo=False --num_gpus=1"
