"""Settings: their definitions, how people write their values, and the values that were given.

Must not know the command line, the spec or any backend: each backend declares its settings in its
own folder. A flag overrides the settings file, the file overrides the default.
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
"""Sections that every run has; each other section is named after its backend."""


class Setting(NamedTuple):
    """The definition of one setting; `name` is its field, its key and, by default, its option.

    Args:
        name: The field of the section's struct.
        section: `policy`, `container`, `compile`, or the name of a backend.
        read: Parses a text; raises `ValueError` without a message for a wrong one.
        metavar: Placeholder of the value in `--help`; empty for a flag.
        expects: What the error message says after `expected`.
        help: One line for `--help TOPIC`; empty: the description of the field. Never states the
            default, which is always that of the field.
        many: The option may be repeated: the lists are joined.
        option: Name of the option, and a second key, if it differs from `name`.
        doubt: Returns a warning about a valid value that its author may have meant otherwise.
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
        """Name that is unique among all settings: settings of a backend begin with its name."""
        return f"{self.section}_{self.name}" if self.of_backend else self.name

    @property
    def flag(self) -> str:
        return f"--{self.option or self.dest}"


class Sections(dict[str, dict[str, Any]]):
    """Values by section and field; a section without values is empty."""

    def __missing__(self, section: str) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, slots=True)
class Given:
    """The given values by section and field, and the settings file that they come from."""

    sections: Sections = field(default_factory=Sections)
    file: str | None = None
    found: list[Diagnostic] = field(default_factory=list)
    """Warnings and notes about these values."""

    @classmethod
    def of(cls, **sections: dict[str, Any]) -> Given:
        """Values of these sections only."""
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
        """The values of each backend, by its name."""
        return {k: v for k, v in self.sections.items() if k not in OWN_SECTIONS}

    def over(self, lower: Given) -> Given:
        """These values, and those of `lower` that are not given here."""
        both = dict.fromkeys((*lower.sections, *self.sections))
        return Given(
            Sections({k: {**lower.sections[k], **self.sections[k]} for k in both}),
            self.file or lower.file,
            [*lower.found, *self.found],
        )


Structs = Callable[[str], Any]
"""Returns the struct of a section; its fields define the types of the settings."""
Backends = Registry[Any]
"""The type of `backends.BACKENDS`; this package uses `settings` and `struct` of a backend."""
NATIVE = (parsers.integer, parsers.number, parsers.boolean)
"""Values that TOML has types for: a text in the settings file is an error."""


def structs(backends: Backends) -> Structs:
    """A function that returns the struct of a section of every run, or of one of these backends."""

    def struct_of(section: str) -> Any:
        from pbt_tui.settings.run_structs import STRUCTS

        return STRUCTS.get(section) or backends.get(section).struct

    return struct_of


def value_of(setting: Setting, raw: Any, struct: Any) -> Any:
    """The typed value of a text or of a TOML value. Raises `ValueError`."""
    if setting.read is parsers.plain and isinstance(raw, str) and setting.section == "compile":
        return parsers.plain(sound(raw))  # the type is text: needs no struct
    import msgspec

    if setting.many and isinstance(raw, list | tuple):
        parts = [setting.read(sound(r)) if isinstance(r, str) else [r] for r in raw]
        raw = [item for part in parts for item in part]
        if setting.read is parsers.words:  # `gpus = [0, 1]`
            raw = [str(r) if isinstance(r, int) and not isinstance(r, bool) else r for r in raw]
    elif isinstance(raw, str):
        raw = setting.read(sound(raw))
    if not _fits_spec(raw):
        raise ValueError
    fields = msgspec.structs.fields(struct)
    of = next(f.type for f in fields if f.name == setting.name)
    try:
        return msgspec.convert(raw, of)
    except msgspec.ValidationError as e:
        raise ValueError(str(e)) from None


def _fits_spec(value: Any) -> bool:
    """Whether a spec file can hold these numbers: TOML has `inf` and integers of any size."""
    if isinstance(value, dict | list | tuple):
        return all(map(_fits_spec, value.values() if isinstance(value, dict) else value))
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return not isinstance(value, float) or math.isfinite(value)


def sound(text: str) -> str:
    """Returns `text`. Raises `ValueError` if a file or a command cannot hold it."""
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
    """Parses all values. Raises `Findings` (2) with one error for each wrong value."""
    sections = Sections()
    wrong, doubts = [], []
    for setting, value in raw:
        try:
            if file is not None and isinstance(value, str) and setting.read in NATIVE:
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
    """A hint with the known name that is most similar to `word`, if one is similar.

    A known name that `word` extends comes first: `--slurm_cpus_per_job` suggests `--slurm_cpus`,
    not the more similar `--slurm_gpus_per_job`.
    """
    import difflib

    names = list(known)
    dashes = "--" if word.startswith("--") else ""
    word = dashes + word.removeprefix("--").replace("-", "_")
    close = sorted((name for name in names if name and word.startswith(f"{name}_")), key=len)[-1:]
    close = close or difflib.get_close_matches(word, names, n=1)
    return f"did you mean `{close[0]}`" if close else None
