#: pbt-compile odd/escapes.py
#: exit 3
#: error PBT203 at odd/escapes.py:24
#: error PBT203 at odd/escapes.py:26
#: error PBT203 at odd/escapes.py:27
#: error PBT306 at odd/escapes.py:29
#: error PBT301 at odd/escapes.py:30
#: note PBT305 at odd/escapes.py:31
#: warning PBT304 at odd/escapes.py:32
#: error PBT203 at odd/escapes.py:32
#: error PBT106 at odd/escapes.py:33
#: error PBT111 at odd/escapes.py:34
#: error PBT203 at odd/escapes.py:34
#: error PBT220 at odd/escapes.py:21
"""Escape sequences wherever a text can stand."""

from pbt_tui import Experiment, ParamGrid, RunDescription

ESC = "\x1b]0;gotcha\x07\x1b[2J\x1b[31m"

RUN_DESCRIPTION = RunDescription(
    f"run{ESC}",
    [
        Experiment(f"name{ESC}", "python t.py"),
        Experiment("cmd", f"python t.py --x={ESC}"),
        Experiment("value", "python t.py", [{"x": ESC}]),
        Experiment("param", "python t.py", [{f"x{ESC}": 1}]),
        Experiment("env", "python t.py", env_vars={f"X{ESC}": ESC}),
        Experiment("option", f"-{ESC}"),
        Experiment("quote", f"python '{ESC}"),
        Experiment("twice", f"python {ESC}=1 {ESC}=2"),
        Experiment("blanks", f"python t.py", [{f"y{ESC}": f"a {ESC}"}]),
        Experiment("empty", "python t.py", ParamGrid([(f"z{ESC}", [])]).generate_params()),
        Experiment("letters", "python t.py", ParamGrid([("z", ESC)]).generate_params()),
    ],
    f"--experiment{ESC}",
    f"--train_dir{ESC}",
)
