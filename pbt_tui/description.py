"""The classes that a run module is written with. Must not import anything that costs.

Commands, names and directories are upstream's, character for character. Where upstream raises an
error of its own, these classes raise `BadParam`. Where upstream loses parameters in silence, they
keep its result and add (kind, parameter or None, detail) to `problems`, so that the compiler can
refuse it. The kinds:

    empty     a value list without values: the grid vanishes, the bare command runs once (D1)
    spent     the generator was used up by an earlier experiment (D2)
    nothing   an iterator of somebody else's gave no parameters at all
    repeated  a name stands in the grid twice: the earlier values vanish (D5)
    cut       a value of a tuple of names is longer than the tuple (D6)
    letters   a text where a list was meant: its letters are the values (D6)
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
"""The styles that `population` was asked for, in order: those of installed packages are looked for
in commands only where they stand here."""


class ParamGenerator:
    """What gives parameter dictionaries; to be derived from.

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
    """Every combination of `(name, values)` pairs, the first name slowest.

    Args:
        grid_tuples: Pairs of a name and the list of its values, or a dictionary. A name may be a
            tuple of names; its values are tuples that vary together.

    Raises:
        BadParam: `grid_tuples` is something else; `generate_params`: values are not a list, or a
            tuple of values is shorter than its tuple of names.

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
        return Params(lambda problems: self._combinations(randomize, problems))

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
    """Parameter dictionaries as they stand, shuffled unless told otherwise (as the original does).

    Shuffled by the standard library's `random`; a value is never changed (D3, D4).

    Args:
        combinations: A list of dictionaries, one for each job.

    Raises:
        BadParam: `generate_params`: `combinations` is not a list.

    Example:
        >>> list(ParamList([{"lr": 0.1}, {"lr": 0.2}]).generate_params(randomize=False))
        [{'lr': 0.1}, {'lr': 0.2}]
    """

    def __init__(self, combinations: Sequence[dict[str, Any]]) -> None:
        self.combinations = combinations

    def generate_params(self, randomize: bool = True) -> Params:
        return Params(lambda problems: self._combinations(randomize, problems))

    def _combinations(self, randomize: bool, problems: list[Problem]) -> Iterator[dict[str, Any]]:
        combinations = column_of(None, self.combinations, problems)
        yield from _shuffled(combinations) if randomize else combinations


class Experiment:
    """A base command and the parameters of its jobs; none means one job with the bare command.

    Args:
        name: Base of the names of its jobs, and of its folder.
        cmd: The command, to which each job's parameters are appended.
        param_generator: Dictionaries of parameters, one for each job; they are taken at once.
        env_vars: Variables for the environment of all its jobs.
        resources: What one job needs: `gpus` and `cpus` (counts), `memory` (bytes, or text such as
            `"16G"`). The upstream launcher does not have it.
        argument_style: As that of the `RunDescription`, for this experiment; None: the same.
        placeholders: As that of the `RunDescription`, for this experiment; None: the same.

    Raises:
        BadParam: `param_generator` is not iterable, or it raised this; no such `argument_style`.

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
        """(command without its directory, name) of every job, as upstream writes it."""
        cmd = text(self.cmd, "cmd", self.base_name)
        for params, texts, name in self.jobs(customize_experiment_name):
            tokens = [f"{param_prefix}{n}={v}" for n, v in zip(params, texts, strict=True)]
            yield " ".join([cmd, *tokens, f"{experiment_arg_name}={name}"]), name

    def jobs(self, customize_experiment_name: bool) -> Iterator[tuple[Any, list[str], str]]:
        """Parameters, the texts of their values, and the name of every job."""
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
    """A run: its experiments, and how their trainer wants to be called.

    With Hydra: `experiment_arg_name="experiment"`, `experiment_dir_arg_name="hydra.run.dir"`, and
    `param_prefix=""` or `argument_style="hydra"`; no customized names in populations.

    Args:
        run_name: Name of the run, and of its folder below `train_dir`.
        experiments: Its experiments, in the order in which their jobs start.
        experiment_arg_name: Argument by which the trainer takes the name of a job; None: the name
            is not appended.
        experiment_dir_arg_name: Argument by which the trainer takes the folder of an experiment;
            None: the folder is not appended.
        customize_experiment_name: Whether parameters are a part of the names of jobs.
        param_prefix: What stands before the name of each parameter in a command.
        argument_style: How it reads arguments: `hydra`, `keyvalue`, `argparse`, `jsonargparse`,
            `tyro`, `flags`.
        placeholders: Whether `{name}`, `{dir}`, `{member}` and `{port}` in base commands are
            filled; None: they are where there is a style, or a name above is None, and `{member}`
            where the module calls `population`.

    Raises:
        BadParam: No such style, an empty argument name; `generate_experiments`: a name, a command
            or parameters are of the wrong type, or a placeholder has no value.

    Example:
        >>> run = RunDescription("ant", [Experiment("base", "python train.py", [{"seed": 1}])])
        >>> [name for _, name, *_ in run.generate_experiments("train_dir", makedirs=False)]
        ['00_base_see_1']
        >>> ppo = Experiment("ppo", "python ppo.py", [{"track": False}])
        >>> run = RunDescription("rl", [ppo], "exp-name", None, argument_style="tyro")
        >>> [command for command, *_ in run.generate_experiments("train_dir", makedirs=False)]
        ['python ppo.py --no-track --exp-name 00_ppo_tra_False']
    """

    def __init__(  # the original's order, which run modules rely on
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

        `makedirs` makes the directories, as upstream does. Raises `BadParam`.
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
    """Parameters of a whole population, to be given to an `Experiment`.

    One dictionary per member, with index, `num_policies` and, where it is given, the workspace; for
    `isaaclab` and `rl_games` the switch too, which is off there. `sample_factory`: one dictionary,
    since its population lives in one process. Installed styles say themselves what they give.

    Args:
        size: Number of members, from 1.
        style: Name of the population style.
        workspace: Folder that the members share; None: the trainer's own default.
        index_arg: Another name that the style knows for the index; others follow it.

    Raises:
        BadParam: No member, an unknown style, or one that takes no such argument.

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
    """Seven-digit draws from the global `random`: other ones at every import, unless seeded.

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
    """(file, line) of everybody on the way here, innermost first, up to the import."""
    frame: FrameType | None = sys._getframe(2)
    places = []
    while frame is not None and not frame.f_code.co_filename.startswith("<frozen"):
        places.append((frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    return tuple(places)
