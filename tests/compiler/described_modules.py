"""Hypothesis strategies for whole run modules, as source text, and for the command that reads them.

Three kinds of modules: all fields are sound, some texts are odd, or some values have odd types.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Draw = Callable[..., Any]
SOUND, ODD_TEXTS, ODD_TYPES = range(3)

PLAIN = st.text("abcdeXYZ019", min_size=1, max_size=6)
NAMES = st.one_of(
    PLAIN,
    st.builds("{}{}{}".format, PLAIN, st.sampled_from("._-"), PLAIN),
    st.sampled_from(
        ["seed", "pbt.policy_idx", "pbt.num_policies", "agent.pbt.enabled", "with_pbt"]
    ),
)
FRAGMENTS = (
    *("a", "b", "x", "7", "é", "--n=", "--flag", "k=", "=", ",", ".", "/", "~/", "~", "-", ":"),
    *(" ", " ", " ", " ", "  ", "\t", "\n", "\\\n", " \\\n  ", "\r", "\v", "\f", "\u00a0"),
    *("'", '"', "''", '""', "'a b'", '"a b"', '"$H"', "'$H'", "\\", "\\\\", "\\'", '\\"', "\\ "),
    *("$H", "${x}", "$(x)", "\\$H", "$", "`", "`x`", ";", ";;", "&", "&&", "|", "||", ">", "2>&1"),
    *("<", "(", ")", "(1,)", "{", "}", "{a,b}", "[1, 2]", "*", "?", "!", "#", " # x", "a#b", "%"),
    *("{name}", "{dir}", "{member}", "{port}", "{{name}}", "{oops}", "{{", "\u2013n", "\u201cx"),
)
_REFUSED = ("\u00a0", "\u2013n", "\u201cx", "{oops}", "{{", "{member}")
"""Fragments for which a base command is refused, always or where placeholders are filled."""


def shell_text(fragments: Sequence[str]) -> st.SearchStrategy[str]:
    """A few of the fragments.

    Hypothesis makes one choice for all of them: most of the time is spent on its choices.
    """
    return st.binary(max_size=7).map(lambda ks: "".join(fragments[k % len(fragments)] for k in ks))


def closed(text: str) -> str:
    """`text`, with the quote and the character for which a shell would wait at its end."""
    quote, escaped = "", False
    for c in text:
        if escaped:
            escaped = False
        elif c == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if c == quote else quote
        elif c in "'\"":
            quote = c
    return text + "\\" * escaped + quote


SHELL_TEXT = shell_text(FRAGMENTS)
"""Text with the characters on which a shell acts."""
ODD = (
    *("", " ", "..", ".", "/", "../x", "x/y", "/abs", "a\nb", "\x1b[31m", "\x9b", "\0", "\ud800"),
    *("\udc80", "\u202e", "x" * 101, "y" * 300, "z" * 140_000, "é" * 130, "::error::", "%0A"),
    *("a[1]", "[", "*", "00", "-", "--", "+x", "=", "A=B", "None", "True", "1e400", "-0.0"),
)
TEXTS = st.one_of(PLAIN, SHELL_TEXT, st.sampled_from(ODD))

TYPES = (
    *("None", "True", "0", "-1", "3.5", "10**400", "2**63", "1e400", "float('nan')", "1j", "..."),
    *("b'x'", "bytearray(b'x')", "()", "[]", "{}", "set()", "{1}", "frozenset()", "range(2)"),
    *("'a'", "['a']", "[None]", "[[1]]", "[{}]", "[{'a': 1}]", "{'a': 1}", "{None: 1}", "{1: 2}"),
    *("{'a': {'b': 1}}", "{('a', 'b'): [(1, 2)]}", "object()", "int", "len", "lambda: 0"),
    *("print", "Experiment", "RunDescription", "Experiment('e', 'c')", "ParamGrid([('a', [1])])"),
    *("ParamGrid([('a', [1])]).generate_params()", "iter([{'a': 1}])", "iter([])", "open"),
    *("(i for i in range(2))", "__import__('os').environ", "__import__('pathlib').Path('a/b')"),
    *("__import__('decimal').Decimal('1.50')", "__import__('fractions').Fraction(1, 3)"),
    *("__import__('datetime').date(2020, 1, 1)", "__import__('enum').Enum('E', 'A').A"),
    *("__import__('types').SimpleNamespace(a=1)", "__import__('types').MappingProxyType({})"),
    *("__import__('collections').UserDict(a=1)", "__import__('collections').UserList([1])"),
    *(f"__import__('functools').reduce(lambda v, _: {made}, range({depth}), 0)"
      for made in ("[v]", "{'k': v}") for depth in (90, 150, 900, 3000)),
    "type('Text', (str,), {})('x')",
    "type('Whole', (int,), {})(3)",
    "type('Mapping', (dict,), {'items': lambda self: 1 / 0})()",
    "type('Mapping', (dict,), {'values': lambda self: []})(a=1)",
    "type('Rows', (list,), {'__len__': lambda self: 1 / 0})()",
    "type('Rows', (list,), {'__iter__': lambda self: 1 / 0})()",
    "type('Str', (), {'__str__': lambda self: 1 / 0})()",
    "type('Str', (), {'__str__': lambda self: None})()",
    "type('Repr', (), {'__repr__': lambda self: 1 / 0})()",
    "type('Repr', (), {'__repr__': lambda self: '\\x1b[2J'})()",
    "type('Same', (), {'__eq__': lambda self, other: 1 / 0, '__hash__': None})()",
    "type('All', (), {'__getattr__': lambda self, name: self})()",
    "type('All', (), {'__getattr__': lambda self, name: 1 / 0})()",
    "type('Float', (), {'__float__': lambda self: 1 / 0, '__int__': lambda self: 1 / 0})()",
    "type('Path', (), {'__fspath__': lambda self: b'x'})()",
    "type('Path', (), {'__fspath__': lambda self: 1 / 0})()",
    "1 / 0", "undefined", "exit()", "raise_('x')",
)  # fmt: skip
"""Expressions whose values nobody expects."""


@dataclass(frozen=True)
class Module:
    """A run module and the arguments of `pbt-compile`."""

    text: str
    options: tuple[str, ...] = ()


def _one_of(*values: Any) -> st.SearchStrategy[str]:
    return st.sampled_from([ascii(value) for value in values])


def _expression(value: Any) -> str:
    """Python writes `nan` and `inf`, which are no expressions."""
    text = ascii(value)
    return f"eval({text!r}, {{'inf': 1e400, 'nan': 1e400 - 1e400}})" if "n" in text else text


# Made once: what hypothesis does for a strategy costs more than what it draws from it.
_scalars = st.one_of(
    PLAIN, PLAIN, st.integers(-5, 5), st.integers(), st.floats(), st.booleans(), st.none()
)
_values = st.one_of(
    _scalars,
    SHELL_TEXT,
    st.lists(_scalars, max_size=2),
    st.tuples(_scalars),
    st.dictionaries(PLAIN, _scalars, max_size=2),
).map(_expression)
_sound_texts = SHELL_TEXT.map(closed).map(ascii)
_sound_values = st.one_of(
    *[_sound_texts] * 8,
    st.one_of(_scalars, st.lists(_scalars, max_size=2), st.tuples(_scalars)).map(_expression),
)
_read_texts = shell_text([text for text in FRAGMENTS if text not in _REFUSED]).map(closed)
_programs = st.sampled_from(["python t.py", "python -m x --gpus 0 1", "uv run t.py ", "./t"])
_sound_commands = st.builds("{} {}".format, _programs, _read_texts).map(ascii)
_commands = st.builds("{} {}".format, _programs, SHELL_TEXT).map(ascii)
_odd_commands = st.one_of(_commands, SHELL_TEXT.map(ascii))
_plain, _names = PLAIN.map(ascii), NAMES.map(ascii)
_odd_texts = TEXTS.map(ascii)
_odd_types = st.sampled_from(TYPES)
_dice = st.integers(0, 15)
_chance = st.integers(0, 3)
_few = st.integers(1, 3)
_several = st.integers(3, 8)
_switches = _one_of(True, False)
_placeholders = _one_of(True, False, None)
_styles = _one_of("hydra", "keyvalue", "argparse", "tyro", "flags", None)
_name_args = _one_of("--experiment", "experiment", None)
_dir_args = _one_of("--train_dir", "dir", None)
_prefixes = _one_of("--", "", "++")
_forms = st.sampled_from(["grid", "grid", "rows", "rows", "population", "none"])
_populations = _one_of("isaacgymenvs", "isaaclab", "rl_games", "sample_factory", "none")
_sound_populations = st.sampled_from(
    ["1", "2", "3, workspace='w'", "2, index_arg='pbt_policy_idx'", "4, 'sample_factory'"]
)
_sizes = st.integers(1, 4).map(repr)
_indices = _one_of("pbt.policy_idx", "pbt_policy_idx", "i")
_needs = {"gpus": _one_of(0, 1, 8), "cpus": _one_of(1, 2), "memory": _one_of("16G", 2**30, "x")}
_some_needs = st.lists(st.sampled_from(sorted(_needs)), unique=True, max_size=3)


class _Writer:
    """Draws the source of a description; `kind` says how odd it may be."""

    def __init__(self, draw: Draw, kind: int) -> None:
        self.draw = draw
        self.kind = kind

    def field(self, sound: st.SearchStrategy[str] | str) -> str:
        """One expression, sound more often than not."""
        if self.kind != SOUND and self.draw(_dice) < (1 if self.kind == ODD_TYPES else 3):
            return str(self.draw(_odd_texts if self.kind == ODD_TEXTS else _odd_types))
        return sound if isinstance(sound, str) else str(self.draw(sound))

    def optional(self, name: str, sound: st.SearchStrategy[str] | Callable[[], str]) -> list[str]:
        if self.draw(_chance):
            return []
        return [f"{name}={self.field(sound() if callable(sound) else sound)}"]

    def module(self) -> str:
        count = self.draw(_few if self.kind else _several)
        if self.kind and not self.draw(_dice):
            count = 0
        arguments = [
            self.field(_plain),
            self.field("[" + ", ".join(self.experiment(k) for k in range(count)) + "]"),
            *self.optional("experiment_arg_name", _name_args),
            *self.optional("experiment_dir_arg_name", _dir_args),
            *self.names_of_jobs(),
            *self.optional("param_prefix", _prefixes),
            *self.form(),
        ]
        run = f"RunDescription({', '.join(arguments)})"
        lines = ["from pbt_tui import *", f"RUN_DESCRIPTION = {self.field(run)}"]
        if self.kind:
            lines += [f"RUN_DESCRIPTION.{s}" for s in self.optional("experiment_suffix", _plain)]
        return "\n".join([*lines, ""])

    def names_of_jobs(self) -> list[str]:
        """Most values are no part of a file name."""
        if self.kind:
            return self.optional("customize_experiment_name", _switches)
        return ["customize_experiment_name=False"] if self.draw(_dice) else []

    def form(self) -> list[str]:
        if self.draw(_chance):
            return []
        return [
            *self.optional("argument_style", _styles),
            *self.optional("placeholders", _placeholders),
        ]

    def experiment(self, number: int) -> str:
        arguments = [
            self.field(f"'e{number}'"),
            self.field(_odd_commands if self.kind else _sound_commands),
            self.field(self.parameters()),
            *self.optional("env_vars", self.variables),
            *(self.optional("resources", self.resources) if self.kind else []),
            *self.form(),
        ]
        return f"Experiment({', '.join(arguments)})"

    def parameters(self) -> str:
        form = self.draw(_forms)
        if form == "none":
            return "()"
        if form == "population":
            return self.population()
        count = self.draw(_few)
        if form == "rows":
            listed = "[" + ", ".join(self.row() for _ in range(count * 4)) + "]"
            return listed if self.draw(_chance) else f"ParamList({listed}).generate_params(False)"
        pairs = []
        for k in range(count):
            if self.draw(_chance):
                values = ", ".join(self.value() for _ in range(self.draw(_few)))
                pairs.append(f"({self.name(k)}, [{values}])")
            else:
                rows = [f"({self.value()}, {self.value()})" for _ in range(2)]
                pairs.append(f"(({self.name(k)}, {self.name(k + 5)}), [{', '.join(rows)}])")
        given = self.field("[" + ", ".join(pairs) + "]")
        return f"ParamGrid({given}).generate_params({self.draw(_switches) if self.kind else False})"

    def name(self, number: int) -> str:
        return self.field(_names if self.kind else f"'x.{number}'")

    def row(self) -> str:
        pairs = [f"{self.name(k)}: {self.value()}" for k in range(self.draw(_few))]
        return self.field("{" + ", ".join(pairs) + "}")

    def value(self) -> str:
        return self.field(_values if self.kind else _sound_values)

    def population(self) -> str:
        if not self.kind:
            return f"population({self.draw(_sound_populations)})"
        arguments = [self.field(_sizes), self.field(_populations)]
        arguments += self.optional("workspace", _plain)
        arguments += self.optional("index_arg", _indices)
        return f"population({', '.join(arguments)})"

    def variables(self) -> str:
        texts = _odd_texts if self.kind else _sound_texts
        pairs = [f"{self.field(_plain)}: {self.field(texts)}" for _ in range(2)]
        return "{" + ", ".join(pairs) + "}"

    def resources(self) -> str:
        pairs = [f"{name!r}: {self.field(_needs[name])}" for name in self.draw(_some_needs)]
        return "{" + ", ".join(pairs) + "}"


_IMAGE = ("--image", "a/b:1")
_NGC = ("--ngc_org", "a", "--ngc_ace", "a-ace", "--ngc_instance", "dgxa100.80g.1.norm")
_OSMO = ("--osmo_pool", "a", "--osmo_mount", "/mnt", "--train_dir", "/mnt/t")
BACKENDS: tuple[tuple[str, ...], ...] = (
    (),
    ("--backend", "processes"),
    ("--backend", "processes"),
    _IMAGE,
    ("--backend", "slurm"),
    ("--backend", "slurm", "--slurm_time", "1-00:00:00", "--slurm_cpus_per_gpu", "8"),
    ("--backend", "ngc", *_IMAGE, *_NGC),
    ("--backend", "ngc", *_IMAGE, *_NGC, "--ngc_replicas", "2", "--ngc_array_type", "PYTORCH"),
    (*_IMAGE, *_NGC),
    ("--backend", "osmo", *_IMAGE, *_OSMO),
    ("--backend", "osmo", *_IMAGE, *_OSMO, "--osmo_lead", "task", "--osmo_workdir", "/code"),
)
PREFIXES = ("torchrun --nproc_per_node=2", "env A='x y'", "numactl -m 0")
_backends, _prefixed = st.sampled_from(BACKENDS), st.sampled_from(PREFIXES)
_arguments = TEXTS.filter(lambda text: "\0" not in text and text.isprintable())


@st.composite
def modules(draw: Draw, kinds: tuple[int, ...] = (SOUND, ODD_TEXTS, ODD_TYPES)) -> Module:
    """A run module, and arguments for `pbt-compile`."""
    kind = draw(st.sampled_from(kinds))
    options: list[str] = []
    for name in ("--experiment_suffix", "--train_dir"):
        if not draw(_chance):
            options.append(f"{name}={draw(_arguments if kind else PLAIN)}")
    if not draw(_chance):
        options.append(f"--command_prefix={draw(_prefixed)}")
    options += draw(_backends)
    return Module(_Writer(draw, kind).module(), tuple(options))
