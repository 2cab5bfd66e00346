"""The original launcher's input language once more, in plain words, to compare with.

Written down from its rules (1.1 of the reference) and from nothing of ours: what a run module
imports from any of the six paths is put here instead, the module is run, and the jobs that come of
it are printed as JSON: command, name, directory, environment.
"""

from __future__ import annotations

import itertools
import json
import random
import runpy
import sys
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

PATHS = (
    "isaacgymenvs.pbt.launcher",
    "sample_factory.launcher",
    "sample_factory.runner",
    "runner",
    "multi_sample_factory.runner",
)


class ParamGenerator:
    pass


class ParamGrid(ParamGenerator):
    def __init__(self, pairs: list[tuple[str | tuple[str, str], list[Any]]]) -> None:
        self.grid = dict(pairs)

    def generate_params(self, randomize: bool = False) -> Iterator[dict[str, Any]]:
        assert not randomize, "the original shuffles grids by NumPy, and spoils their values"
        for values in itertools.product(*self.grid.values()) if self.grid else ():
            params: dict[str, Any] = {}
            for name, value in zip(self.grid, values, strict=True):
                if isinstance(name, tuple):
                    params.update((part, value[i]) for i, part in enumerate(name))
                else:
                    params[name] = value
            yield params


class ParamList(ParamGenerator):
    def __init__(self, combinations: Any) -> None:
        self.combinations = combinations

    def generate_params(self, randomize: Any = True) -> Iterator[Any]:
        combinations = list(self.combinations)
        if randomize:
            random.shuffle(combinations)
        yield from combinations


class Experiment:
    def __init__(
        self,
        name: str,
        cmd: str,
        param_generator: Iterable[dict[str, Any]] = (),
        env_vars: dict[str, str] | None = None,
    ) -> None:
        self.base_name, self.cmd, self.env_vars = name, cmd, env_vars
        self.params = list(param_generator)


class RunDescription:
    def __init__(
        self,
        run_name: str,
        experiments: list[Experiment],
        experiment_arg_name: str = "--experiment",
        experiment_dir_arg_name: str = "--train_dir",
        customize_experiment_name: bool = True,
        param_prefix: str = "--",
    ) -> None:
        self.run_name, self.experiments, self.experiment_suffix = run_name, experiments, ""
        self.arg, self.dir_arg = experiment_arg_name, experiment_dir_arg_name
        self.customize, self.prefix = customize_experiment_name, param_prefix

    def jobs(
        self, train_dir: str, suffix: str = ""
    ) -> Iterator[tuple[str, str, str, dict[str, str] | None]]:
        """(command, name, directory below `train_dir`, environment) of each."""
        for experiment in self.experiments:
            root = f"{self.run_name}/{experiment.base_name}_{suffix or self.experiment_suffix}"
            for index, params in enumerate(experiment.params or [{}]):
                name = f"{index:02d}_{experiment.base_name}"
                command = experiment.cmd
                taken: list[str] = []
                for param, value in params.items():
                    taken.append(short(param, taken))
                    command += f" {self.prefix}{param}={value}"
                    if self.customize:
                        name += f"_{taken[-1]}_{value}"
                command += f" {self.arg}={name} {self.dir_arg}={train_dir}/{root}"
                yield command, name, root, experiment.env_vars


def short(param: str, taken: list[str]) -> str:
    """First letters, three of the last part, and more of that as long as it is taken."""
    parts = param.replace("_", ".").replace("-", ".").split(".")
    for letters in range(3, max(4, len(parts[-1]) + 1)):
        made = ".".join([*(part[0] for part in parts[:-1]), parts[-1][:letters]])
        if made not in taken:
            break
    return made


def seeds(n: Any) -> Any:
    return [random.randrange(1_000_000, 9_999_999) for _ in range(n)]


def _put(name: Any, **contents: Any) -> None:
    """A module of this name, its packages with it."""
    parts = name.split(".")
    for n in range(1, len(parts) + 1):
        package = ".".join(parts[:n])
        module = sys.modules.setdefault(package, types.ModuleType(package))
        module.__path__ = []
    vars(module).update(contents)


def _jobs_of(file: Any, seed: Any) -> Any:
    words = (ParamGenerator, ParamGrid, ParamList, Experiment, RunDescription)
    classes = {word.__name__: word for word in words}
    for path in PATHS:
        _put(f"{path}.run_description", **classes)
    _put("pbt_tui", **classes, seeds=seeds)
    _put("isaacgymenvs.pbt.experiments.run_utils", seeds=seeds, version="v1")
    _put("sample_factory.launcher.launcher_utils", seeds=seeds)
    _put("sample_factory.utils.algo_version", ALGO_VERSION=82)
    log = types.SimpleNamespace(debug=lambda *words: None)
    _put("sample_factory.utils.utils", log=log, str2bool=lambda word: word == "True")
    package = file.parent if (file.parent / "__init__.py").exists() else None
    sys.path.insert(0, str(package.parent if package else file.parent))
    sys.argv[:] = [str(file)]
    random.seed(seed)
    if package:
        run = runpy.run_module(f"{package.name}.{file.stem}")["RUN_DESCRIPTION"]
    else:
        run = runpy.run_path(str(file))["RUN_DESCRIPTION"]
    return {suffix: list(run.jobs("./train_dir", suffix)) for suffix in ("", "s1")}


if __name__ == "__main__":
    sys.stdout, out = sys.stderr, sys.stdout
    json.dump(_jobs_of(Path(sys.argv[1]).resolve(), int(sys.argv[2])), out, default=str)
