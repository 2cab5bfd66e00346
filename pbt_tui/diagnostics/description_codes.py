"""The words of the 1xx codes: the run module and what it describes.

Must not know how anything is found out.
"""

from __future__ import annotations

from pbt_tui.diagnostics import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "PBT101",
        "error",
        "the run module cannot be imported",
        "The module is imported by a process of its own, for at most `--load_timeout` "
        "seconds. It may not end that process, and what it imports must be there; the "
        "launcher's own classes are stood in for where IsaacGymEnvs or Sample-Factory are "
        "not installed (D13, D50, D51). Modules are named with dots or as files (D49).",
        "import my_simulator      # not installed where the module is compiled\n\n"
        'RUN_DESCRIPTION = RunDescription("ant", [Experiment("ant", "python train.py")])',
        'RUN_DESCRIPTION = RunDescription("ant", [Experiment("ant", "python train.py")])',
    ),
    Rule(
        "PBT102",
        "error",
        "no run is described",
        "A run module is recognised by `RUN_DESCRIPTION`, a `RunDescription` that holds a "
        "list of `Experiment`s.",
        'gridsearch = RunDescription("ant", [Experiment("ant", "python train.py")])',
        'RUN_DESCRIPTION = RunDescription("ant", [Experiment("ant", "python train.py")])',
    ),
    Rule(
        "PBT103",
        "error",
        "a value that no description can be made of",
        "What the original dies of somewhere on the way is refused with its place: values "
        "that are no list, a tuple of names with too few values, a grid instead of its "
        "parameters, a parameter name with a separator in front or two in a row (D6, D7, D14).",
        'Experiment("ant", "python train.py", ParamGrid([("seed", 1)]).generate_params())',
        'Experiment("ant", "python train.py", ParamGrid([("seed", [1])]).generate_params())',
    ),
    Rule(
        "PBT105",
        "error",
        "no jobs",
        "A run without experiments has nothing to start.",
        'RUN_DESCRIPTION = RunDescription("ant", [])',
        'RUN_DESCRIPTION = RunDescription("ant", [Experiment("ant", "python train.py")])',
    ),
    Rule(
        "PBT106",
        "error",
        "a parameter without values",
        "One empty list of values empties the whole grid; the original then runs the bare "
        "command once, and says nothing (D1).",
        'Experiment("ant", "python train.py", ParamGrid([("seed", [])]).generate_params())',
        'Experiment("ant", "python train.py", ParamGrid([("seed", [1, 2])]).generate_params())',
    ),
    Rule(
        "PBT107",
        "error",
        "parameters that were used up before",
        "What `generate_params()` returns can be gone through once. A second experiment that "
        "is given the same generator gets nothing, and the original runs its bare command "
        "once (D2).",
        'params = ParamGrid([("seed", [1, 2])]).generate_params()\n'
        'EXPERIMENTS = [Experiment("a", "python train.py", params), Experiment("b", "python '
        'train.py", params)]',
        'grid = ParamGrid([("seed", [1, 2])])\n'
        "EXPERIMENTS = [\n"
        '    Experiment("a", "python train.py", grid.generate_params()),\n'
        '    Experiment("b", "python train.py", grid.generate_params()),\n'
        "]",
    ),
    Rule(
        "PBT108",
        "warning",
        "parameters that turned out to be none",
        "An iterator gave nothing, so that the bare command runs once. It may have been used "
        "up before (D2).",
        'Experiment("ant", "python train.py", iter([]))',
        'Experiment("ant", "python train.py")',
    ),
    Rule(
        "PBT109",
        "error",
        "a parameter is named twice",
        "Of a name that stands in a grid twice only the last values count; inside a tuple it "
        "makes the same job several times (D5).",
        'Experiment("ant", "python train.py", ParamGrid([("seed", [1, 2]), ("seed", '
        "[3])]).generate_params())",
        'Experiment("ant", "python train.py", ParamGrid([("seed", [1, 2, 3])]).generate_params())',
    ),
    Rule(
        "PBT110",
        "error",
        "more values than names",
        "What a tuple of names has no name for would be dropped in silence (D6).",
        'Experiment("ant", "python train.py", ParamGrid([(("a", "b"), [(1, 2, '
        "3)])]).generate_params())",
        'Experiment("ant", "python train.py", ParamGrid([(("a", "b", "c"), [(1, 2, '
        "3)])]).generate_params())",
    ),
    Rule(
        "PBT111",
        "warning",
        "the letters of a text are the values",
        "Where a list of values is meant a text is a list too: of its letters (D6).",
        'Experiment("ant", "python train.py", ParamGrid([("env", "ant")]).generate_params())',
        'Experiment("ant", "python train.py", ParamGrid([("env", ["ant"])]).generate_params())',
    ),
    Rule(
        "PBT112",
        "error",
        "an experiment without a name",
        "The name is the beginning of every job's name, and of the directory.",
        'Experiment("", "python train.py")',
        'Experiment("ant", "python train.py")',
    ),
    Rule(
        "PBT113",
        "error",
        "a resource that is no amount",
        "`gpus` and `cpus` are counts, `memory` is bytes or a text such as `16G`.",
        'Experiment("ant", "python train.py", resources={"memory": "lots"})',
        'Experiment("ant", "python train.py", resources={"memory": "16G"})',
    ),
    Rule(
        "PBT116",
        "error",
        "a value that the argument style has no words for",
        "Styles that write the items of a list as arguments of their own have no words for a "
        "dictionary, for a list of lists, or for an item that the trainer would read as an option. "
        "Text is passed on as one argument.",
        "RUN_DESCRIPTION = RunDescription(\n"
        '    "ant", [Experiment("ant", "python train.py", [{"net": {"pi": 64}}])],\n'
        '    argument_style="argparse",\n)',
        "RUN_DESCRIPTION = RunDescription(\n"
        '    "ant", [Experiment("ant", "python train.py", [{"net": \'{"pi": 64}\'}])],\n'
        '    argument_style="argparse",\n)',
    ),
    Rule(
        "PBT118",
        "warning",
        "the import writes files",
        "A run module is read by importing it, twice at once, and again by every command that "
        "is given it. What it writes below the current folder is written as often; a check in "
        "CI then finds a tree that is no longer clean.",
        'FILE = open("log.txt", "w")\n\nExperiment("ant", "python train.py")',
        'if __name__ == "__main__":\n    FILE = open("log.txt", "w")\n\n'
        'Experiment("ant", "python train.py")',
    ),
    Rule(
        "PBT119",
        "warning",
        "the import leaves processes behind",
        "Processes that a run module starts end with its import: they would be started by each "
        "command that reads it, and nobody would ever stop them.",
        'import subprocess\n\nSERVER = subprocess.Popen(["sleep", "600"])\n'
        'Experiment("ant", "python train.py")',
        'Experiment("ant", "./with_server.sh python train.py")      # what a job needs, it starts',
    ),
    Rule(
        "PBT120",
        "error",
        "the description differs between two loads",
        "The module draws random numbers while it is imported, so no two compilations "
        "agree and nobody can repeat the run (D12). `pbt-run` only warns, and keeps the"
        " first draw in its spec.",
        'import random\n\nExperiment("ant", "python train.py", [{"seed": random.random()}])',
        'import random\n\nExperiment("ant", "python train.py", [{"seed": random.random()}])\n\n'
        "pbt-compile runs.ant --seed 0      # or write the seed into the module",
    ),
)
