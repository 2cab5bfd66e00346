"""The jobs that upstream's own launcher makes of one of its run modules, as JSON on stdout.

    python jobs.py CHECKOUT MODULE SEED

`CHECKOUT` is a checkout of IsaacGymEnvs or of Sample-Factory. Its packages are imported without
their `__init__`, which needs the training stack: a run module needs only its launcher, and that
needs only a logger.
"""

from __future__ import annotations

import json
import logging
import random
import sys
import types
from importlib import import_module
from pathlib import Path

PACKAGES = ("isaacgymenvs", "isaacgymenvs.pbt", "sample_factory", "sample_factory.utils")


def main(checkout: Path, module: str, seed: int) -> None:
    numpy = import_module("numpy")
    for name in PACKAGES:
        folder = checkout.joinpath(*name.split("."))
        if folder.is_dir():
            package = types.ModuleType(name)
            package.__path__ = [str(folder)]
            sys.modules[name] = package
    utils = types.ModuleType("sample_factory.utils.utils")
    vars(utils)["log"] = logging.getLogger()  # all that the launcher takes of this module
    sys.modules[utils.__name__] = utils
    sys.path.insert(0, str(checkout))
    random.seed(seed)
    numpy.random.seed(seed)
    run = import_module(module).RUN_DESCRIPTION
    made = run.generate_experiments("./train_dir", makedirs=False)
    json.dump([[str(part) for part in job[:3]] + [job[3]] for job in made], sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
