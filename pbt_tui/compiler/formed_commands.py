"""Commands that are not written as upstream writes them: by a style, or with placeholders.

Must not report anything: what cannot be written is returned, and `expand` makes findings of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pbt_tui.naming import as_upstream

if TYPE_CHECKING:
    from pbt_tui.arguments.command_form import CommandForm
    from pbt_tui.arguments.styles import Refused
    from pbt_tui.compiler.load import Loaded, LoadedExperiment
    from pbt_tui.spec import Placeholder


class Formed(NamedTuple):
    """The command of one job."""

    start: list[str]
    """The words of its base command."""
    tokens: list[str]
    """The words after them: with a style one argument each, else text that is still to be split."""
    fill: tuple[Placeholder, ...] = ()
    """What is filled at launch."""
    refused: Refused | None = None
    """Why it cannot be written."""


def form_for(loaded: Loaded, experiment: LoadedExperiment) -> CommandForm | None:
    """How commands are written; None: as upstream writes them."""
    style, name_arg, dir_arg = experiment.argument_style, loaded.experiment_arg, loaded.dir_arg
    if as_upstream(experiment.cmd, style, name_arg, dir_arg):
        return None
    from pbt_tui.arguments.command_form import form_of

    return form_of(
        cmd=experiment.cmd,
        style=style,
        placeholders=experiment.placeholders,
        name_arg=name_arg,
        dir_arg=dir_arg,
        prefix=loaded.param_prefix,
        population=bool(loaded.styles),
    )


def formed(
    form: CommandForm,
    base: list[str],
    row: dict[str, Any],
    texts: list[str],
    name: str,
    directory: str,
    styles: tuple[str, ...],
) -> Formed:
    """The command of the job `name`, whose parameters are `row`; `directory` has `train_dir`."""
    from pbt_tui.arguments.placeholders import PORT, places_of_port, values_of
    from pbt_tui.arguments.styles import Refused

    start, tokens = base, list[str]()
    try:
        start = form.base(base, values_of(name, directory, row, form.prefix, styles))
        tokens = form.arguments(row, texts, name, directory)
    except Refused as e:
        return Formed(start, tokens, refused=e)
    ports = places_of_port(base, form.filled)
    if not ports:
        return Formed(start, tokens)
    if sum(word.count(f"{{{PORT}}}") for word in (*start, *tokens)) > ports:
        message = "`{port}` stands in the command both as a placeholder and as text"
        both = Refused("PBT327", message, "write the text in another way, such as `PORT`")
        return Formed(start, tokens, ("port",), both)
    return Formed(start, tokens, ("port",))
