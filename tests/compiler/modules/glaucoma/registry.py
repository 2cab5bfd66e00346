#: pbt-compile glaucoma/registry.py
#: exit 3
#: error PBT102 at glaucoma/registry.py
"""Registers environments for whoever imports it, as a side effect."""

ENVIRONMENTS = {}


def register(name, entry_point):
    ENVIRONMENTS[name] = entry_point


register("Glaucoma-v0", "glaucoma.envs:Glaucoma")
