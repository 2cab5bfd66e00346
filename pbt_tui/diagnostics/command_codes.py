"""Rules 3xx: commands."""

from __future__ import annotations

from pbt_tui.diagnostics import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "PBT301",
        "error",
        "a quote that is not closed",
        "Commands are split as a POSIX shell splits them, and a shell would wait for the closing "
        "quote. The upstream launcher passes the single quote character to the program (D15).",
        'Experiment("ant", "python train.py --note=it\'s")',
        'Experiment("ant", "python train.py --note=its")',
    ),
    Rule(
        "PBT302",
        "warning",
        "quotes or backslashes in a command",
        "The upstream launcher splits commands at every space and passes quotes to the program "
        "unchanged. Here quotes group the text of one argument, as in a shell, so that values may "
        "contain spaces (D15). The finding shows both readings.",
        'Experiment("ant", "python train.py --note=\'two words\'")',
        'Experiment("ant", "python train.py --note=two-words")',
    ),
    Rule(
        "PBT303",
        "note",
        "superfluous space",
        "The upstream launcher makes an empty argument of each superfluous space. Here the space "
        "is ignored (D15).",
        'Experiment("ant", "python  train.py")',
        'Experiment("ant", "python train.py")',
    ),
    Rule(
        "PBT304",
        "warning",
        "a value that is split at its spaces",
        "Without quotes a value that contains spaces becomes several arguments, here as in the "
        "upstream launcher (D15).",
        'Experiment("ant", "python train.py", [{"layers": [256, 128]}])',
        'Experiment("ant", "python train.py", [{"layers": "[256,128]"}])',
    ),
    Rule(
        "PBT305",
        "note",
        "a setting is given twice",
        "Hydra and argparse use the last value, so the others have no effect (P19).",
        'Experiment("ant", "python train.py seed=-1 seed=7")',
        'Experiment("ant", "python train.py seed=7")',
    ),
    Rule(
        "PBT306",
        "error",
        "the command does not begin with a program",
        "A script without its interpreter, an option or a setting cannot be started (D13).",
        'Experiment("ant", "train.py --env=ant")',
        'Experiment("ant", "python train.py --env=ant")',
    ),
    Rule(
        "PBT307",
        "error",
        "text that cannot be encoded as UTF-8",
        "The text contains an unpaired surrogate, which usually comes from a file name that is "
        "not UTF-8.",
        'Experiment("ant", "python train.py", [{"note": "\\udc80"}])',
        'Experiment("ant", "python train.py", [{"note": "x"}])',
    ),
    Rule(
        "PBT308",
        "warning",
        "shell syntax in a command",
        "Commands are started without a shell: `$HOME`, `~/`, `&&`, `|` and `;` reach the program "
        "unchanged. The upstream launcher's SLURM backend passes them to a shell and its local "
        "backend does not, so that one module has two meanings (D36, D44). OmegaConf's `${...}` "
        "is allowed.",
        'Experiment("ant", "cd sim && python train.py --data=$HOME/data")',
        'Experiment("ant", "sh train.sh")',
    ),
    Rule(
        "PBT320",
        "error",
        "NUL character",
        "No operating system accepts a NUL character in an argument or in the environment.",
        'Experiment("ant", "python train.py", [{"note": "a\\0b"}])',
        'Experiment("ant", "python train.py", [{"note": "a-b"}])',
    ),
    Rule(
        "PBT321",
        "error",
        "argument too long",
        "Linux accepts at most 131,071 bytes in one argument, so the job could not be started.",
        'Experiment("ant", "python train.py", [{"weights": "0.5," * 100_000}])',
        'Experiment("ant", "python train.py", [{"weights": "weights.json"}])',
    ),
    Rule(
        "PBT322",
        "error",
        "empty command",
        "The first word of a command is the program that is started.",
        '"argv": ["", "train.py"]',
        '"argv": ["python", "train.py"]',
    ),
    Rule(
        "PBT324",
        "error",
        "a secret in a command",
        "Spec files contain the command and are committed and copied, and every user of the "
        "machine can read the command of a running process. This rule refuses known formats of "
        "keys and tokens, and the value of anything that is called a password, a secret, an API "
        "key or a token. A value that only refers to the secret, such as "
        "`${oc.env:WANDB_API_KEY}` or a path, is allowed. Pass secrets by name: plain processes "
        "inherit the environment of `pbt-run`, and containers get the variable with `--env_from "
        "NAME`.",
        'Experiment("ant", "python train.py --wandb_api_key=8d7f2c90b1e64a35")',
        'Experiment("ant", "python train.py")\n\n'
        "pbt-compile runs.ant --image ant --env_from WANDB_API_KEY",
    ),
)
