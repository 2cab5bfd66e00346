"""Settings: what may be set, how people write it, and what was said.

Must not know the command line, the spec that comes of it, or any backend: each backend declares its
own settings in its folder. The order of precedence is flag, file, default.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from pbt_tui.errors import Diagnostic, Findings, Where, printable
from pbt_tui.registry import Registry
from pbt_tui.settings import parsers

OWN_SECTIONS = ("policy", "container", "compile")
"""Sections of every run; each other section is the table of a backend, and has its name."""


class Setting(NamedTuple):
    """One thing that may be set; `name` is the field, the key, and the option if that is empty.

    Args:
        name: The field of the section's struct.
        section: `policy`, `container`, `compile`, or the name of a backend.
        read: Text in, value out; `ValueError` without words for what is none.
        metavar: What stands for the value in `--help`; empty for a flag.
        expects: What a wrong value should have been, after `expected`.
        help: One line for `--help TOPIC`; empty for what the field of the struct says of itself.
            The default is always that of the field: it is never a part of this text.
        many: May be given several times: the lists are joined.
        option: The name of the option and a second key, where that is not the field's.
        doubt: A warning about a value that is taken, but that its author may mean otherwise.
    """

    name: str
    section: str
    read: Callable[[str], Any]
    metavar: str
    expects: str
    help: str = ""
    many: bool = False
    option: str = ""
    doubt: Callable[[Any], Diagnostic | None] | None = None

    @property
    def of_backend(self) -> bool:
        return self.section not in OWN_SECTIONS

    @property
    def dest(self) -> str:
        """Its name among all settings: of a backend's own, the backend is a part."""
        return f"{self.section}_{self.name}" if self.of_backend else self.name

    @property
    def flag(self) -> str:
        return f"--{self.option or self.dest}"


class Sections(dict[str, dict[str, Any]]):
    """Values by section and field; a section of which nothing was said is empty."""

    def __missing__(self, section: str) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, slots=True)
class Given:
    """What was set, by section and field, and the file that said it."""

    sections: Sections = field(default_factory=Sections)
    file: str | None = None
    found: list[Diagnostic] = field(default_factory=list)
    """What was found on the way that is no error."""

    @classmethod
    def of(cls, **sections: dict[str, Any]) -> Given:
        """Of these sections alone."""
        return cls(Sections(sections))

    @property
    def policy(self) -> dict[str, Any]:
        return self.sections["policy"]

    @property
    def container(self) -> dict[str, Any]:
        return self.sections["container"]

    @property
    def compile(self) -> dict[str, Any]:
        return self.sections["compile"]

    @property
    def backends(self) -> dict[str, dict[str, Any]]:
        """What was set for each backend, by its name."""
        return {k: v for k, v in self.sections.items() if k not in OWN_SECTIONS}

    def over(self, lower: Given) -> Given:
        """This, and from `lower` what is not said here."""
        both = dict.fromkeys((*lower.sections, *self.sections))
        return Given(
            Sections({k: {**lower.sections[k], **self.sections[k]} for k in both}),
            self.file or lower.file,
            [*lower.found, *self.found],
        )


Structs = Callable[[str], Any]
"""The struct of a section, whose fields have the types of its settings."""
Backends = Registry[Any]
"""`backends.BACKENDS`; of each, its `settings` and their `struct` are asked for here."""
_NATIVE = (parsers.integer, parsers.number, parsers.boolean)
"""What TOML writes itself: there a text is a mistake."""


def structs(backends: Backends) -> Structs:
    """Of the sections of every run, and of these backends."""

    def struct_of(section: str) -> Any:
        from pbt_tui.settings.run_structs import STRUCTS

        return STRUCTS.get(section) or backends.get(section).struct

    return struct_of


def value_of(setting: Setting, raw: Any, struct: Any) -> Any:
    """The typed value of a text, or of what TOML made of one; raises `ValueError`."""
    if setting.read is parsers.plain and isinstance(raw, str) and setting.section == "compile":
        return parsers.plain(sound(raw))  # its type is text: no struct has to be loaded
    import msgspec

    if setting.many and isinstance(raw, list | tuple):
        parts = [setting.read(sound(r)) if isinstance(r, str) else [r] for r in raw]
        raw = [item for part in parts for item in part]
        if setting.read is parsers.words:  # `gpus = [0, 1]`
            raw = [str(r) if isinstance(r, int) and not isinstance(r, bool) else r for r in raw]
    elif isinstance(raw, str):
        raw = setting.read(sound(raw))
    if not _held(raw):
        raise ValueError
    fields = msgspec.structs.fields(struct)
    of = next(f.type for f in fields if f.name == setting.name)
    try:
        return msgspec.convert(raw, of)
    except msgspec.ValidationError as e:
        raise ValueError(str(e)) from None


def _held(value: Any) -> bool:
    """Whether a spec file can hold these numbers; TOML has `inf`, and integers of any size."""
    if isinstance(value, dict | list | tuple):
        return all(map(_held, value.values() if isinstance(value, dict) else value))
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return not isinstance(value, float) or math.isfinite(value)


def sound(text: str) -> str:
    """`text`, or `ValueError` where no file and no command could hold it."""
    text.encode()  # a byte of the command line that is not UTF-8 is a lone surrogate here
    if "\0" in text:
        raise ValueError
    return text


def gather(
    raw: Iterable[tuple[Setting, Any]],
    place: Callable[[Setting], str],
    struct_of: Structs,
    file: str | None = None,
) -> Given:
    """Reads all and raises `Findings` (2) with every value that is not what it should be."""
    sections = Sections()
    wrong, doubts = [], []
    for setting, value in raw:
        try:
            if file is not None and isinstance(value, str) and setting.read in _NATIVE:
                raise ValueError
            read = value_of(setting, value, struct_of(setting.section))
            sections.setdefault(setting.section, {})[setting.name] = read
            if setting.doubt is not None and (doubt := setting.doubt(value)) is not None:
                doubts.append(replace(doubt, where=Where(file=file, pointer=place(setting))))
        except ValueError:
            message = f"expected {setting.expects}, got {_shown(value)}"
            where = Where(file=file, pointer=place(setting))
            wrong.append(Diagnostic("error", message, where=where))
    if wrong:
        raise Findings(wrong, 2)
    return Given(sections, file, doubts)


def _shown(value: Any) -> str:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    text = value if isinstance(value, str) else repr(value)
    text = text if len(text) <= 60 else text[:59] + "…"
    return f"`{printable(text)}`" if text else "nothing"


def near(word: str, known: Iterable[str]) -> str | None:
    """A hint that names the nearest right word, if one is near.

    `--slurm_cpus_per_job` is `--slurm_cpus` with more behind it, and no slip for
    `--slurm_gpus_per_job`, of which more letters agree.
    """
    import difflib

    names = list(known)
    dashes = "--" if word.startswith("--") else ""
    word = dashes + word.removeprefix("--").replace("-", "_")
    close = sorted((name for name in names if name and word.startswith(f"{name}_")), key=len)[-1:]
    close = close or difflib.get_close_matches(word, names, n=1)
    return f"did you mean `{close[0]}`" if close else None
