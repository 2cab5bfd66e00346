"""The classes of which run modules are made. Must not import anything slow.

Commands, names and directories equal those of the upstream launcher, character by character. Where
upstream raises an exception, these classes raise `BadParam`. Where it silently loses parameters,
they return the same result and add (kind, parameter or None, detail) to `problems`, so that the
compiler can report it. The kinds:

    empty     a list of values is empty: the grid vanishes, the bare command runs once (D1)
    spent     an earlier experiment used up the generator (D2)
    nothing   an iterator of another library yielded no parameters
    repeated  a grid names a parameter twice: the earlier values vanish (D5)
    cut       a value of a tuple of names is longer than the tuple (D6)
    letters   a text instead of a list: each letter is a value (D6)
"""

from __future__ import annotations

import os
import sys
from itertools import chain, product

from pbt_tui.naming import (
    Params,
    argument_name,
    argument_style_named,
    as_upstream,
    bad,
    cell_of,
    column_of,
    mapping,
    placed,
    root_of,
    shorthands,
    text,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import FrameType
    from typing import Any

    from pbt_tui.run_module_types import ArgumentStyleName, PopulationStyle, ResourceNeeds

    Problem = tuple[str, str | None, str]

asked_styles: dict[str, None] = {}
"""The styles that `population` was called with, in order. The compiler recognises populations of an
installed style only if it is among them."""


class ParamGenerator:
    """Base class of generators of parameter dictionaries.

    Example:
        >>> class Powers(ParamGenerator):
        ...     def generate_params(self, randomize=True):
        ...         return [{"batch": 2**k} for k in (5, 6)]
        >>> Experiment("base", "python train.py", Powers().generate_params()).params
        [{'batch': 32}, {'batch': 64}]
    """

    def generate_params(self, randomize: bool = True) -> Iterable[dict[str, Any]]:
        raise NotImplementedError


class ParamGrid(ParamGenerator):
    """Every combination of the values of a grid; the values of the first name vary slowest.

    Args:
        grid_tuples: Pairs of a name and the list of its values, or a dictionary. A name may be a
            tuple of names; its values are tuples that vary together.

    Raises:
        BadParam: `grid_tuples` is neither. `generate_params` raises it if values are not a list, or
            if a tuple of values is shorter than its tuple of names.

    Example:
        >>> grid = ParamGrid([("seed", [1, 2]), (("env", "steps"), [("ant", 10)])])
        >>> list(grid.generate_params(randomize=False))
        [{'seed': 1, 'env': 'ant', 'steps': 10}, {'seed': 2, 'env': 'ant', 'steps': 10}]
    """

    def __init__(self, grid_tuples: Iterable[tuple[Any, Any]] | Mapping[Any, Any] = ()) -> None:
        pairs: Any = grid_tuples.items() if hasattr(grid_tuples, "items") else grid_tuples
        self.grid: dict[Any, Any] = {}
        self.problems: list[Problem] = []
        seen: set[Any] = set()
        try:
            for name, values in pairs:
                self.grid[name] = values
                names = name if isinstance(name, tuple) else (name,)
                self.problems += [("repeated", str(n), "") for n in names if n in seen]
                seen.update(names)
        except (TypeError, ValueError):
            raise bad(
                "a grid is a list of `(name, values)` pairs, and several names are a tuple",
                hint='`ParamGrid([("seed", [1, 2]), (("a", "b"), [(1, 2), (3, 4)])])`',
            ) from None

    def generate_params(self, randomize: bool = False) -> Params:
        widths = {len(name) if isinstance(name, tuple) else 0 for name in self.grid}
        kind = "grid" if len(widths) < 2 else "uneven grid"
        return Params(
            lambda problems: self._combinations(randomize, problems), kind if randomize else None
        )

    def _combinations(self, randomize: bool, problems: list[Problem]) -> Iterator[dict[str, Any]]:
        problems += self.problems
        columns = {name: column_of(name, values, problems) for name, values in self.grid.items()}
        if not columns or not all(columns.values()):
            return
        names = [n for name in columns for n in (name if isinstance(name, tuple) else (name,))]
        cells = [[cell_of(name, v, problems) for v in column] for name, column in columns.items()]
        combinations: Iterable[tuple[tuple[Any, ...], ...]] = product(*cells)
        if randomize:
            combinations = _shuffled(combinations)
        for combination in combinations:
            yield dict(zip(names, chain.from_iterable(combination), strict=True))


class ParamList(ParamGenerator):
    """A list of parameter dictionaries, by default in random order, as upstream does.

    The standard library's `random` shuffles it. Values never change (D3, D4).

    Args:
        combinations: A list of dictionaries, one for each job.

    Raises:
        BadParam: `generate_params` raises it if `combinations` is not a list.

    Example:
        >>> list(ParamList([{"lr": 0.1}, {"lr": 0.2}]).generate_params(randomize=False))
        [{'lr': 0.1}, {'lr': 0.2}]
    """

    def __init__(self, combinations: Sequence[dict[str, Any]]) -> None:
        self.combinations = combinations

    def generate_params(self, randomize: bool = True) -> Params:
        return Params(
            lambda problems: self._combinations(randomize, problems), "list" if randomize else None
        )

    def _combinations(self, randomize: bool, problems: list[Problem]) -> Iterator[dict[str, Any]]:
        combinations = column_of(None, self.combinations, problems)
        yield from _shuffled(combinations) if randomize else combinations


class Experiment:
    """A base command and the parameters of its jobs. Without any, one job runs the bare command.

    Args:
        name: Its name, with which its folder and the names of its jobs are made.
        cmd: The command, to which the parameters of each job are appended.
        param_generator: One dictionary of parameters for each job; an iterator is used up at once.
        env_vars: Environment variables of all its jobs.
        resources: What one job needs: `gpus` and `cpus` (counts), `memory` (bytes, or text such as
            `"16G"`). Upstream has no such argument.
        argument_style: Overrides that of the `RunDescription`, unless it is None.
        placeholders: Overrides that of the `RunDescription`, unless it is None.

    Raises:
        BadParam: `param_generator` is not iterable or raises this itself, or there is no such
            `argument_style`.

    Example:
        >>> grid = ParamGrid([("seed", [1, 2])])
        >>> Experiment("base", "python train.py", grid.generate_params(randomize=False)).params
        [{'seed': 1}, {'seed': 2}]
    """

    def __init__(
        self,
        name: str,
        cmd: str,
        param_generator: Iterable[Mapping[str, Any]] = (),
        env_vars: Mapping[str, str] | None = None,
        resources: ResourceNeeds | None = None,
        argument_style: ArgumentStyleName | None = None,
        placeholders: bool | None = None,
    ) -> None:
        self.base_name = name
        self.cmd = cmd
        self.argument_style = argument_style_named(argument_style)
        self.placeholders = placeholders
        self.env_vars = env_vars
        self.resources = resources
        self.places = _places()
        self.problems: list[Problem] = []
        self.shuffled: str | None = getattr(param_generator, "shuffled", None)
        self.params = self._taken(param_generator)

    def _taken(self, source: Any) -> list[Any]:
        if hasattr(source, "generate_params"):  # D14
            kind = type(source).__name__
            hint = "pass what its `.generate_params()` returns"
            raise bad(f"a {kind} is not a list of parameters", self.base_name, hint=hint)
        if not hasattr(source, "__iter__") and not hasattr(source, "__getitem__"):
            kind = type(source).__name__
            raise bad(f"parameters are not iterable: {kind}", self.base_name)
        generator = getattr(source, "generator", source)
        spent = getattr(generator, "gi_frame", generator) is None
        try:
            params = list(source)
        except Exception as e:
            raise placed(e, self.base_name) from None
        self.problems += getattr(source, "problems", ())
        if spent:
            self.problems.append(("spent", None, ""))
        elif not params and not isinstance(source, Params) and iter(source) is source:
            self.problems.append(("nothing", None, ""))
        return params

    def generate_experiments(
        self, experiment_arg_name: str, customize_experiment_name: bool, param_prefix: str
    ) -> Iterator[tuple[str, str]]:
        """(command without the directory argument, name) of every job, as upstream writes them."""
        cmd = text(self.cmd, "cmd", self.base_name)
        for params, texts, name in self.jobs(customize_experiment_name):
            tokens = [f"{param_prefix}{n}={v}" for n, v in zip(params, texts, strict=True)]
            yield " ".join([cmd, *tokens, f"{experiment_arg_name}={name}"]), name

    def jobs(self, customize_experiment_name: bool) -> Iterator[tuple[Any, list[str], str]]:
        """(parameters, texts of their values, name) of every job."""
        base = text(self.base_name, "name")
        for index, params in enumerate(self.params or [{}]):
            names, values = list(mapping(params, base)), params.values()
            texts = [f"{value}" for value in values]
            try:
                shorts = shorthands(names)
            except Exception as e:
                raise placed(e, base) from None
            if not customize_experiment_name:
                shorts = []
            tail = [f"{short}_{value}" for short, value in zip(shorts, texts, strict=False)]
            yield params, texts, f"{index:02d}_" + "_".join([base, *tail])


class RunDescription:
    """A run: its experiments, and how the commands pass arguments to the trainer.

    For Hydra use `experiment_arg_name="experiment"`, `experiment_dir_arg_name="hydra.run.dir"` and
    `param_prefix=""` or `argument_style="hydra"`, in populations also
    `customize_experiment_name=False`.

    Args:
        run_name: Name of the run, and of its folder below `train_dir`.
        experiments: Its experiments, in the order in which their jobs start.
        experiment_arg_name: Argument of the trainer for the name of a job; None: commands do not
            contain the name.
        experiment_dir_arg_name: Argument of the trainer for the folder of an experiment; None:
            commands do not contain the folder.
        customize_experiment_name: Whether the names of jobs contain their parameters.
        param_prefix: Text before the name of each parameter in a command.
        argument_style: How it reads arguments: `hydra`, `keyvalue`, `argparse`, `jsonargparse`,
            `tyro`, `flags`.
        placeholders: Whether `{name}`, `{dir}`, `{member}` and `{port}` in base commands are
            filled; None: if there is a style or one of the two argument names is None, and
            `{member}` also if the module calls `population`.

    Raises:
        BadParam: There is no such style, or an argument name is empty. `generate_experiments`
            raises it if a name, a command or parameters have the wrong type, or if a placeholder
            has no value.

    Example:
        >>> run = RunDescription("ant", [Experiment("base", "python train.py", [{"seed": 1}])])
        >>> [name for _, name, *_ in run.generate_experiments("train_dir", makedirs=False)]
        ['00_base_see_1']
        >>> ppo = Experiment("ppo", "python ppo.py", [{"track": False}])
        >>> run = RunDescription("rl", [ppo], "exp-name", None, argument_style="tyro")
        >>> [command for command, *_ in run.generate_experiments("train_dir", makedirs=False)]
        ['python ppo.py --no-track --exp-name 00_ppo_tra_False']
    """

    def __init__(  # run modules rely on the order of the upstream class
        self,
        run_name: str,
        experiments: Sequence[Experiment],
        experiment_arg_name: str | None = "--experiment",
        experiment_dir_arg_name: str | None = "--train_dir",
        customize_experiment_name: bool = True,
        param_prefix: str = "--",
        argument_style: ArgumentStyleName | None = None,
        placeholders: bool | None = None,
    ) -> None:
        self.run_name = run_name
        self.experiments = experiments
        self.experiment_suffix = ""
        self.experiment_arg_name = argument_name(experiment_arg_name, "experiment_arg_name")
        dir_arg = argument_name(experiment_dir_arg_name, "experiment_dir_arg_name")
        self.experiment_dir_arg_name = dir_arg
        self.customize_experiment_name = customize_experiment_name
        self.param_prefix = param_prefix
        self.argument_style = argument_style_named(argument_style)
        self.placeholders = placeholders

    def generate_experiments(
        self, train_dir: str, makedirs: bool = True
    ) -> Iterator[tuple[str, str, str, Any]]:
        """(command, experiment name, directory below `train_dir`, env_vars) of every job.

        With `makedirs` it creates the directories, as upstream does. Raises `BadParam`.
        """
        for experiment in self.experiments:
            root_dir = root_of(self.run_name, experiment.base_name, self.experiment_suffix)
            where = os.path.join(train_dir, root_dir)  # noqa: PTH118 - text, `./` is kept
            if makedirs:
                os.makedirs(where, exist_ok=True)  # noqa: PTH103 - pathlib costs 5 ms to import
            for job, name in self._commands(experiment, where):
                yield job, name, root_dir, experiment.env_vars

    def _commands(self, experiment: Experiment, where: str) -> Iterator[tuple[str, str]]:
        """(command, name) of every job of one experiment."""
        name_arg, dir_arg = self.experiment_arg_name, self.experiment_dir_arg_name
        style = experiment.argument_style or self.argument_style
        if not as_upstream(experiment.cmd, style, name_arg, dir_arg):
            from pbt_tui.arguments.command_form import commands

            yield from commands(self, experiment, where, asked_styles)
            return
        naming = str(name_arg), self.customize_experiment_name, self.param_prefix
        for start, name in experiment.generate_experiments(*naming):
            yield f"{start} {dir_arg}={where}", name


def population(
    size: int,
    style: PopulationStyle = "isaacgymenvs",
    workspace: str | None = None,
    index_arg: str | None = None,
) -> list[dict[str, Any]]:
    """The parameters of a population, for an `Experiment`.

    Each member gets a dictionary with its index, the number of policies and, if given, the
    workspace. `isaaclab` and `rl_games` also get the setting that turns PBT on. `sample_factory`
    gets a single dictionary, because one process trains its population. An installed style defines
    its own parameters.

    Args:
        size: Number of members, at least 1.
        style: Name of the population style.
        workspace: Folder that the members share; None: the trainer's own default.
        index_arg: Another name of the style for the index; the names of the others follow from it.

    Raises:
        BadParam: `size` is below 1, the style is unknown, or it has no such argument.

    Example:
        >>> population(2)[1]
        {'pbt.policy_idx': 1, 'pbt.num_policies': 2}
        >>> population(2, index_arg="pbt_policy_idx")[1]
        {'pbt_policy_idx': 1, 'pbt_num_policies': 2}
    """
    from pbt_tui.populations import STYLES
    from pbt_tui.populations.parameters import parameters_of

    if style not in STYLES:
        raise bad(f"no such style: {style!r:.80}", hint=f"one of {', '.join(STYLES.names())}")
    made = parameters_of(STYLES.get(style), size, workspace, index_arg)
    asked_styles[style] = None
    return made


def seeds(num_seeds: int) -> list[int]:
    """Random seven-digit numbers from the global `random`: new ones at each import unless seeded.

    Args:
        num_seeds: How many.

    Example:
        >>> [len(str(seed)) for seed in seeds(3)]
        [7, 7, 7]
    """
    import random

    return [random.randrange(1000000, 9999999) for _ in range(num_seeds)]


def _shuffled(combinations: Iterable[Any]) -> list[Any]:
    import random

    order = list(combinations)
    random.shuffle(order)
    return order


def _places() -> tuple[tuple[str, int], ...]:
    """(file, line) of each caller, innermost first, up to the import system."""
    frame: FrameType | None = sys._getframe(2)
    places = []
    while frame is not None and not frame.f_code.co_filename.startswith("<frozen"):
        places.append((frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    return tuple(places)
