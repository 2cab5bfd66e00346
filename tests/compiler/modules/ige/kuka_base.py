#: pbt-compile ige/kuka_base.py
#: exit 3
#: error PBT102 at ige/kuka_base.py
"""A helper of other run modules: it describes nothing itself."""

kuka_base_cli = "python -m isaacgymenvs.train seed=7 task=Kuka pbt=kuka"
kuka_eight_cli = f"{kuka_base_cli} pbt.num_policies=8 headless=True"
