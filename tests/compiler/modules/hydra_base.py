base_cli = "python -m isaacgymenvs.train seed=7 task=Kuka pbt=kuka pbt.num_policies=4"
