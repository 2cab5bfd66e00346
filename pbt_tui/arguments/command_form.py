"""Writes the commands of an experiment that uses an argument style, placeholders, or omits a name.

`description` and the compiler both write such commands with this module, so that they cannot
differ.
"""

from __future__ import annotations

from pbt_tui.arguments.placeholders import MEMBER, NAMES, fill, values_of
from pbt_tui.arguments.styles import STYLES, Refused, argument_name, hydra_text, spelled
from pbt_tui.naming import bad, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from pbt_tui.arguments.placeholders import Values


class CommandForm:
    """How the arguments of a command are written, and which placeholders are filled.

    Args:
        style: Name of the argument style; None: arguments are written as upstream writes them.
        filled: Names of the placeholders that are filled in the base command.
        name_arg: Argument for the name of a job; None: the name is not appended.
        dir_arg: Argument for the directory; None: the directory is not appended.
        prefix: The description's `param_prefix`.

    Example:
        >>> form = CommandForm("tyro", frozenset(), "exp-name", None, "--")
        >>> form.arguments({"track": False, "seed": 1}, ["False", "1"], "00_ppo", "runs")
        ['--no-track', '--seed', '1', '--exp-name', '00_ppo']
    """

    __slots__ = ("dir_arg", "filled", "name_arg", "prefix", "style")

    def __init__(
        self,
        style: str | None,
        filled: frozenset[str],
        name_arg: str | None,
        dir_arg: str | None,
        prefix: str,
    ) -> None:
        self.style = None if style is None else STYLES[style]
        self.filled = filled
        self.name_arg = name_arg
        self.dir_arg = dir_arg
        self.prefix = prefix

    def arguments(
        self, params: Mapping[str, Any], texts: Sequence[str], name: str, directory: str
    ) -> list[str]:
        """The arguments after the base command. `texts` are the values as text.

        With a style, each item is one argument that no shell reads. Without a style, each item is
        shell text, as upstream writes it. Raises `Refused`.
        """
        own = ((self.name_arg, name), (self.dir_arg, directory))
        if self.style is None:
            words = [f"{self.prefix}{n}={t}" for n, t in zip(params, texts, strict=True)]
            return [*words, *(f"{arg}={value}" for arg, value in own if arg is not None)]
        words = []
        for (key, value), text in zip(params.items(), texts, strict=True):
            try:
                argument = argument_name(self.style, self.prefix, key)
                words += spelled(self.style, argument, value, text)
            except Refused as e:
                e.param = key
                raise
        for arg, value in own:
            if arg is not None:
                text = hydra_text(value) if self.style.sequence == "hydra" else value
                words += spelled(self.style, argument_name(self.style, "", arg), text, text)
        return words

    def base(self, words: Iterable[str], values: Values) -> list[str]:
        """The arguments of the base command, with placeholders filled. Raises `Refused`.

        In the style `hydra`, the value in `key={name}` or `key={dir}` is quoted for Hydra.
        """
        quotes = self.style is not None and self.style.sequence == "hydra"
        quoted = {n: hydra_text(v) if v else v for n, v in values.items()} if quotes else values
        return [
            fill(word, quoted if word.endswith(("={name}", "={dir}")) else values, self.filled)
            for word in words
        ]


def form_of(
    *,
    cmd: str,
    style: str | None,
    placeholders: bool | None,
    name_arg: str | None,
    dir_arg: str | None,
    prefix: str,
    population: bool,
) -> CommandForm | None:
    """The form of the commands; None: they are written as upstream writes them, `{…}` included.

    All placeholders are filled if the description has an argument style, an argument name that is
    None, or `placeholders=True`. Otherwise only `{member}` is filled, and only if the module calls
    `population(…)`.
    """
    unlike = style is not None or name_arg is None or dir_arg is None
    filled: frozenset[str] = frozenset()
    if placeholders or (placeholders is None and unlike):
        filled = frozenset(NAMES)
    elif population and placeholders is None:
        filled = frozenset((MEMBER,))
    if not unlike and not (filled and "{" in cmd):
        return None
    return CommandForm(style, filled, name_arg, dir_arg, prefix)


def commands(
    run: Any, experiment: Any, where: str, styles: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """(command, name) of every job of one `Experiment`; the command is shell text.

    `run` is the `RunDescription`, `where` the folder of the experiment, and `styles` the population
    styles that the module uses. Raises `BadParam`.
    """
    import shlex

    own, customize = experiment.placeholders, run.customize_experiment_name
    form = form_of(
        cmd=experiment.cmd,
        style=experiment.argument_style or run.argument_style,
        placeholders=run.placeholders if own is None else own,
        name_arg=run.experiment_arg_name,
        dir_arg=run.experiment_dir_arg_name,
        prefix=run.param_prefix,
        population=bool(styles),
    ) or CommandForm(  # nothing is filled: braces are plain text
        None, frozenset(), run.experiment_arg_name, run.experiment_dir_arg_name, run.param_prefix
    )
    for params, texts, name in experiment.jobs(customize):
        row = {key: plain(value) for key, value in params.items()}
        base = experiment.cmd
        try:
            if form.filled and "{" in base:
                words = _split(base)
                filled = form.base(words, values_of(name, where, row, form.prefix, styles))
                base = base if filled == words else shlex.join(filled)
            arguments = form.arguments(row, texts, name, where)
        except Refused as e:
            raise bad(e.what, experiment.base_name, e.param, e.hint) from None
        if form.style is not None:
            arguments = [shlex.quote(word) for word in arguments]
        yield " ".join([base, *arguments]), name


def _split(cmd: str) -> list[str]:
    """`cmd` as a POSIX shell splits it, or at spaces if a quote is not closed.

    The compiler refuses an unclosed quote.
    """
    from pbt_tui.settings.argv import split

    try:
        return split(cmd)
    except ValueError:
        return cmd.split()
