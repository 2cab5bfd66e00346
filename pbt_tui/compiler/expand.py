"""Expands a description to jobs, with the names, directories and commands of the upstream launcher.

Must not know files, backends or populations. A job takes a few microseconds: what depends only on
the experiment or on the parameter names is computed once, and only unusual values are inspected.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from pbt_tui.compiler.command_checks import base_command, differing, with_quotes
from pbt_tui.compiler.formed_commands import form_for, formed
from pbt_tui.compiler.job_ids import Ids
from pbt_tui.compiler.loaded import Loaded, LoadedExperiment
from pbt_tui.compiler.note_merging import notes_once
from pbt_tui.compiler.parameter_texts import ParameterTexts, RowShape, is_odd
from pbt_tui.diagnostics import finding
from pbt_tui.errors import BadParam, Diagnostic, Level, Where, printable
from pbt_tui.naming import root_of, shorthands
from pbt_tui.settings import argv as words
from pbt_tui.settings import parsers
from pbt_tui.spec import Job, Resources

if TYPE_CHECKING:
    from pbt_tui.arguments.command_form import CommandForm
    from pbt_tui.spec import Placeholder

LONG_NAME = 100
LONGEST_COMPONENT = 255
"""Limit in bytes of one component of a path."""

_NOTICED: dict[str, tuple[str, str, str]] = {
    "empty": (
        "PBT106",
        "has no values: the upstream launcher drops all parameters and runs the bare command once",
        "give it a value, or leave it out",
    ),
    "spent": (
        "PBT107",
        "its parameters were used up by an earlier experiment",
        "call `.generate_params()` again for every experiment",
    ),
    "nothing": (
        "PBT108",
        "its parameters are an iterator that yielded nothing: the bare command runs once",
        "if that is intended, leave `param_generator` out",
    ),
    "repeated": (
        "PBT109",
        "is named more than once in the grid: only the last values count",
        "name every parameter once",
    ),
    "cut": (
        "PBT110",
        "has more values than names: {}",
        "give one value for each name of the tuple",
    ),
    "letters": (
        "PBT111",
        "expects a list of values and got a text, so each letter is a value: `{}`",
        "write a list: `[{!r}]`",
    ),
}

_WHOLE = {
    "value": "put quotes around it; write a list without spaces, as the trainer expects it",
    "name": "write names without spaces",
    "directory": "write names and `--train_dir` without spaces",
}
"""Hints of PBT304: how the text becomes one argument."""
_UNREAD = "no shell reads the command, so the program is given `{:.60}`"
_TEXT = "write the text itself, or let the trainer read the variable"


def expand(
    loaded: Loaded,
    train_dir: str,
    suffix: str,
    *,
    prefix: Sequence[str] = (),
    supplied: bool = False,
) -> tuple[list[Job], list[Diagnostic]]:
    """The jobs in upstream's order, and the findings (codes 1xx, 2xx, 3xx).

    `prefix` comes before each command. With `supplied`, a command need not begin with a program:
    the prefix or a template of a backend names it.

    Raises nothing: each mistake is an error among the findings. If there is one, the jobs may be
    used only to find more.
    """
    jobs: list[Job] = []
    found: list[Diagnostic] = []
    ids = Ids()
    file = loaded.file or loaded.module
    if not loaded.experiments:
        hint = "`RunDescription(name, [Experiment(…), …])`"
        found.append(
            finding("PBT105", "no jobs", where=Where(file=file, pointer="/jobs"), hint=hint)
        )
    found += _traces(loaded)
    for experiment in loaded.experiments:
        where = Where(file=file, line=experiment.line, experiment=experiment.name)
        one = _Expansion(loaded, experiment, train_dir, suffix, where, ids, tuple(prefix), supplied)
        jobs += one.jobs()
        found += one.found()
    return jobs, notes_once(found)


def _traces(loaded: Loaded) -> Iterator[Diagnostic]:
    """Findings about side effects of the import."""
    hint = "keep work out of the run module: it is imported twice, by every command that reads it"
    for path, file, line in loaded.written:
        message = f"the import writes to `{printable(path)}`"
        yield finding("PBT118", message, where=Where(file=file, line=line), hint=hint)
    if loaded.leaves_processes:
        message = "the import started processes that did not end with it; they were killed"
        where = Where(file=loaded.file or loaded.module)
        yield finding("PBT119", message, where=where, hint=hint)


@dataclass(slots=True)
class _Expansion:
    """Expands one experiment. Reports a finding of several jobs once, with the number of jobs."""

    loaded: Loaded
    experiment: LoadedExperiment
    train_dir: str
    suffix: str
    where: Where
    ids: Ids
    prefix: tuple[str, ...] = ()
    supplied: bool = False
    shapes: dict[tuple[str, ...], RowShape] = field(default_factory=dict)
    kept: dict[tuple[str, str | None], tuple[Diagnostic, int]] = field(default_factory=dict)

    def jobs(self) -> Iterator[Job]:
        loaded, experiment = self.loaded, self.experiment
        base, texts_of = experiment.name, experiment.texts
        directory = root_of(loaded.run_name, base, self.suffix)
        start = self._base_words()
        path = os.path.join(self.train_dir, directory)  # noqa: PTH118 - text, `./` is kept
        form = form_for(loaded, experiment)
        dir_word = f"{loaded.dir_arg or ''}={path}"
        odd_dir = form is None and is_odd(dir_word)
        dir_words = self._split(dir_word, None, "directory") if odd_dir else [dir_word]
        base_words = start
        fill: tuple[Placeholder, ...] = ()
        if not base:
            self._keep("PBT112", "the name is empty")
        for foreign in (base, dir_word, experiment.cmd):
            self._check_text(foreign)
        self._check_directory(directory)
        env = experiment.env_vars or {}
        for variable, value in env.items():
            self._check_text(f"{variable}{value}", variable)
        resources = self._resources()
        customize, name_head = loaded.customize_names, f"{loaded.experiment_arg}="
        shapes, ids_of = self.shapes, self.ids.of
        for index, row in enumerate(experiment.params or ({},)):
            shape = shapes.get(tuple(row)) or self._shape(tuple(row))
            texts = texts_of.get(index)
            name, tokens, odd = f"{index:02d}_{base}", [], shape.odd
            given = row if texts is None else row | texts
            for column, value in zip(shape.columns, given.values(), strict=True):
                try:
                    token, part, strange = column[type(value), value]
                except TypeError:  # a list or a dictionary
                    token, part, strange = column.of_text(str(value))
                tokens.append(token)
                if customize:
                    name += part
                if strange:
                    odd = True
            if form is not None:
                values = [t[len(c.head) :] for c, t in zip(shape.columns, tokens, strict=True)]
                start, tokens, fill = self._command(form, base_words, row, values, name, path)
                dir_words = []
            else:
                tokens.append(name_head + name)
                if odd:
                    tokens = self._odd_words(tokens, list(row), name)
            job_id, twin = ids_of(directory, name)
            if job_id is not name:
                self._odd_name(name, job_id, directory, twin)
            if index == 0:
                self._check_keys([*start, *tokens, *dir_words], job_id)
            argv = (*start, *tokens, *dir_words)
            yield Job(job_id, base, name, argv, env, directory, row, resources=resources, fill=fill)

    def _command(
        self, form: CommandForm, base: list[str], row: dict[str, Any], texts: list[str], *at: str
    ) -> tuple[list[str], list[str], tuple[Placeholder, ...]]:
        """The arguments of the base command, those after it, and placeholders to fill at launch."""
        name, path = at
        made = formed(form, base, row, texts, name, path, self.loaded.styles)
        if (refused := made.refused) is not None:
            param, hint = refused.param, refused.hint
            self._keep(refused.code, refused.what, param=param, job=name, hint=hint)
            return made.start, made.tokens, made.fill
        if form.style is None:
            return made.start, self._odd_words(made.tokens, list(row), name), made.fill
        self._check_text("".join(made.tokens))
        return made.start, made.tokens, made.fill

    def found(self) -> Iterator[Diagnostic]:
        """The findings of the description classes, then those of the jobs."""
        for kind, param, detail in self.experiment.problems:
            code, message, hint = _NOTICED[kind]
            where = replace(self.where, param=param)
            said = message.format(printable(detail))
            yield finding(code, said, where=where, hint=printable(hint.format(detail)))
        for d, count in self.kept.values():
            more = f" (and {count - 1} more of its jobs)" if count > 1 else ""
            yield replace(d, message=d.message + more)

    def _keep(
        self,
        code: str,
        message: str,
        *,
        param: str | None = None,
        job: str | None = None,
        hint: str | None = None,
        level: Level | None = None,
    ) -> None:
        where = replace(self.where, param=param, job=job)
        first, count = self.kept.get((code, param), (None, 0))
        if first is None:
            hint = None if hint is None else printable(hint)
            first = finding(code, printable(message), where=where, hint=hint, level=level)
        self.kept[code, param] = first, count + 1

    def _shape(self, names: tuple[str, ...]) -> RowShape:
        if not all(name.strip() for name in names):
            hint = "write the name of the setting of the trainer"
            self._keep("PBT103", "a parameter has an empty name", hint=hint)
        try:
            shorts = shorthands(names)
        except BadParam as e:
            self._keep("PBT103", e.what, param=e.where.param, hint=e.hint)
            shorts = list(names)
        heads = [f"{self.loaded.param_prefix}{name}=" for name in names]
        constant = "".join([*heads, self.experiment.name, self.loaded.experiment_arg or ""])
        columns = [
            ParameterTexts(head, f"_{short}_") for head, short in zip(heads, shorts, strict=True)
        ]
        self.shapes[names] = shape = RowShape(columns, is_odd(constant))
        return shape

    def _base_words(self) -> list[str]:
        cmd = self.experiment.cmd
        base = self._split(cmd, None, "command") if cmd else []
        for code, message, hint in base_command(cmd, base, supplied=self.supplied):
            self._keep(code, message, hint=hint)
        return [*self.prefix, *base]

    def _split(self, text: str, param: str | None, what: str, job: str | None = None) -> list[str]:
        """Splits `text` as a POSIX shell does. Reports results that its author may not expect."""
        theirs = words.original(words.joined_lines(text))
        try:
            ours = words.split(text)
        except ValueError:
            hint = "close the quote, or write it as `\\'`"
            message = f"{what} holds a quote that is not closed: `{text:.80}`"
            self._keep("PBT301", message, param=param, job=job, hint=hint)
            return [word for word in theirs if word]
        if ours != theirs:
            mine, others = differing(ours, theirs)
            both = f"read as {mine}; the upstream launcher passes {others}"
            if ours == [word for word in theirs if word]:
                message = f"{what} holds a superfluous space: "
                message += "the upstream launcher passes an empty argument"
                self._keep("PBT303", message, param=param, job=job, hint="pbt_tui leaves it out")
            else:
                kept = with_quotes(ours, theirs) if what == "command" else None
                back = None if kept is None else f"to pass the quotes on, write `{kept}`"
                self._keep("PBT302", f"{what} is {both}", param=param, job=job, hint=back)
        if what != "command" and len(ours) > 1:
            hint = _WHOLE[what]
            message = f"{what} is split at its spaces: {words.shown(ours)}"
            self._keep("PBT304", message, param=param, job=job, hint=hint)
        return ours

    def _odd_words(self, tokens: list[str], names: list[str], name: str) -> list[str]:
        """Splits tokens with spaces, quotes or backslashes as a POSIX shell would."""
        result: list[str] = []
        message = False
        for token, param in zip_longest(tokens, names):
            self._check_text(token, param)
            if not words.special(token) or (param is not None and self._quoted(token, param)):
                result.append(token)
                continue
            # the name repeats values whose findings are kept
            made = self._quietly(token) if param is None and message else None
            if made is None:
                message = True
                made = self._split(token, param, "value" if param else "name", name)
            if words.comment(token) or words.meant_for_a_shell(token, made):
                if param is not None or not any(code == "PBT308" for code, _ in self.kept):
                    self._keep("PBT308", _UNREAD.format(token), param=param, job=name, hint=_TEXT)
            result += made
        return result

    def _quoted(self, token: str, param: str) -> bool:
        """Whether a value in Hydra's syntax has quotes of its own, which are not for a shell."""
        prefix = self.loaded.param_prefix
        return prefix == "" and words.in_quotes(token[len(prefix) + len(param) + 1 :])

    def _quietly(self, token: str) -> list[str] | None:
        """The arguments in `token`, if splitting it needs no new finding; else None."""
        try:
            return words.split(token)
        except ValueError:
            told = any(code == "PBT301" for code, _ in self.kept)
            return [word for word in words.original(token) if word] if told else None

    def _odd_name(self, name: str, job_id: str, directory: str, twin: bool) -> None:
        alias = f"its files are called `{job_id}`"
        if twin:
            message = (
                f"two jobs are called `{printable(name)}` in directory `{printable(directory)}`"
            )
            hint = "give the experiments different names"
            self._keep("PBT201", message, job=name, hint=hint)
        if "/" in name:
            message = f"name holds a `/`, so the trainer writes to nested folders; {alias}"
            hint = "`customize_experiment_name=False` leaves the values out of names"
            self._keep("PBT202", message, job=name, hint=hint)
        if any(c < " " or "\x7f" <= c < "\xa0" for c in name):
            message = "name holds control characters"
            self._keep("PBT203", message, job=name)
        part = max(len(p.encode(errors="surrogatepass")) for p in name.split("/"))
        if part > LONGEST_COMPONENT:
            message = f"name has {part} bytes, but file systems allow at most {LONGEST_COMPONENT}"
            hint = "`customize_experiment_name=False` leaves the values out of names"
            self._keep("PBT205", message, job=name, hint=hint)
        elif len(name) > LONG_NAME:
            self._keep("PBT204", f"name has {len(name)} characters; {alias}", job=name)

    def _check_directory(self, directory: str) -> None:
        part = max(len(p.encode(errors="surrogatepass")) for p in directory.split("/"))
        if part > LONGEST_COMPONENT:
            message = f"a directory has {part} bytes, but file systems allow at most "
            self._keep("PBT205", f"{message}{LONGEST_COMPONENT}", hint="shorten its name")

    def _check_text(self, text: str, param: str | None = None) -> None:
        if text.isascii() or text.isprintable():
            return
        try:
            text.encode()
        except UnicodeEncodeError:
            message = f"holds an unpaired surrogate, which UTF-8 cannot encode: `{text:.80}`"
            self._keep("PBT307", message, param=param)

    def _check_keys(self, argv: list[str], job_id: str) -> None:
        for name, given in words.repeated(argv).items():
            if len(set(given)) == 1:
                continue
            message = (
                f"`{name}` is given {len(given)} times, the last one counts: {words.shown(given)}"
            )
            self._keep("PBT305", message, param=name, job=job_id)

    def _resources(self) -> Resources | None:
        given = self.experiment.resources
        if not given:
            return None
        values = dict(given)
        for name, value in given.items():
            try:
                values[name] = parsers.size(value) if isinstance(value, str) else value
            except ValueError:
                values[name] = -1
            if values[name] < (name != "gpus"):
                hint = "gpus and cpus are counts, memory is bytes or text such as `16G`"
                self._keep("PBT113", f"invalid amount: {value!r:.40}", param=name, hint=hint)
        return Resources(**values)
