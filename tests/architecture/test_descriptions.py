"""Descriptions are in the types, and defaults are not repeated as text."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator

import msgspec
import pytest

from pbt_tui import launcher
from pbt_tui.backends import BACKENDS
from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.cli import compile_options, run_options, tui_options
from pbt_tui.cli.options import Parser
from pbt_tui.settings import Setting, structs
from pbt_tui.settings.descriptions import help_text
from pbt_tui.settings.flags import Untouched
from pbt_tui.settings.run_settings import CONTAINER, POLICY
from pbt_tui.spec import Policy
from tests.architecture.codebase import ROOT, Module, modules

STATE = ROOT / "pbt_tui" / "journal" / "state.py"

TYPED = re.compile(r"\((?:-?\d[^)]*|none|default[^)]*)\)")
"""A default as a person would type it into a help text."""
SETTINGS = (*POLICY, *CONTAINER, *(s for n in BACKENDS.built_in for s in BACKENDS.get(n).settings))


def described(source: str) -> dict[str, bool]:
    """Field, or attribute that `__init__` sets → whether a text follows it."""
    found = {}
    for kind in (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)):
        for body in _bodies(kind):
            for node, after in zip(body, [*body[1:], None], strict=True):
                name = _field(node, in_class=body is kind.body)
                if name is not None:
                    found[f"{kind.name}.{name}"] = isinstance(after, ast.Expr) and isinstance(
                        after.value, ast.Constant
                    )
    return found


def _bodies(kind: ast.ClassDef) -> Iterator[list[ast.stmt]]:
    yield kind.body
    for node in kind.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            yield node.body


def _field(node: ast.stmt, *, in_class: bool) -> str | None:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    match targets:
        case [ast.Name(id=name)] if isinstance(node, ast.AnnAssign) and in_class:
            return name
        case [ast.Attribute(value=ast.Name(id="self"), attr=name)]:
            return name
    return None


def test_every_field_of_the_state_is_described() -> None:
    fields = described(STATE.read_text(encoding="utf-8"))
    assert len(fields) > 50
    assert [name for name, has in fields.items() if not has] == []


def test_a_field_without_a_description_is_found() -> None:
    source = 'class A:\n    a: int\n    """Said."""\n    b: int = 0\n'
    source += "    def __init__(self) -> None:\n        self.c = 1\n"
    assert described(source) == {"A.a": True, "A.b": False, "A.c": False}


DEFINES_A_SETTING = ("Setting", "_policy", "_container", "_slurm", "_ngc", "_osmo")


def typed_defaults(module: Module) -> list[str]:
    """Texts of options that have a default in them which no code put there."""
    found = []
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        helps = [k.value for k in node.keywords if k.arg == "help"]
        if ast.unparse(node.func) in DEFINES_A_SETTING:
            helps += node.args
        for text in helps:
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                said = text.value.replace("default: %(default)s", "")
                found += [f"{module.path}:{text.lineno}: {hit}" for hit in TYPED.findall(said)]
    return found


def test_no_help_text_has_a_default_that_is_typed_by_hand() -> None:
    sources = [
        m for m in modules("pbt_tui") if m.package in ("cli", "settings", "backends", "launcher")
    ]
    assert len(sources) > 20
    assert [line for module in sources for line in typed_defaults(module)] == []


@pytest.mark.parametrize("text", ["GPUs (1)", "team (none)", "limit (default: 30s)"])
def test_a_default_that_is_typed_by_hand_is_found(text: str) -> None:
    path = ROOT / "pbt_tui" / "cli" / "options.py"
    assert typed_defaults(Module(path, f"p.add_argument('--x', help={text!r})\n"))
    assert typed_defaults(Module(path, f"_slurm('x', plain, 'N', 'a number', {text!r})\n"))


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.flag)
def test_the_help_of_a_setting_is_what_its_field_says(setting: Setting) -> None:
    struct = structs(BACKENDS)(setting.section)
    text = help_text(setting, struct)
    assert len(text) > 10
    assert not TYPED.search(setting.help)
    field = next(f for f in msgspec.structs.fields(struct) if f.name == setting.name)
    if isinstance(field.default, int | float) and not isinstance(field.default, bool):
        assert re.search(rf"default: {field.default:g}s?\)", text)
    if field.required and setting.of_backend:
        assert text.endswith("(required)")


@pytest.mark.parametrize(
    "parser", [compile_options.parser(), run_options.parser(), tui_options.parser()]
)
def test_every_option_has_a_meaning(parser: argparse.ArgumentParser) -> None:
    assert isinstance(parser, Parser)
    for group in parser.topics.values():
        parser.explain(group)
    assert [a.option_strings or a.dest for a in parser._actions if not a.help] == []


def test_the_flags_of_the_upstream_launcher_have_the_defaults_of_the_settings() -> None:
    processes, slurm = launcher.parse_args([]), launcher.parse_args(["--backend", "slurm"])
    policy = {k: v for k, v in vars(processes).items() if isinstance(v, Untouched)}
    queue = {k: v for k, v in vars(slurm).items() if isinstance(v, Untouched)}
    assert policy == {name: getattr(Policy(), name) for name in policy}
    assert len(policy) == 4
    for name, value in queue.items():
        if name.startswith("slurm_"):
            assert value == getattr(Slurm(), name.removeprefix("slurm_"))
