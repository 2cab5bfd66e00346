"""A finding about a parameter names the line of that parameter."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.compiler import compile_module
from pbt_tui.compiler.source_lines import in_file, of_param
from pbt_tui.errors import Findings

HEAD = "from pbt_tui import *\n"


def line(text: str, param: str = "seed") -> int | None:
    """The line found for the first `Experiment(` (or `make(`) of `text`, which ends with `# <-`."""
    source = HEAD + text
    start = next(
        k for k, row in enumerate(source.split("\n"), 1) if "Experiment(" in row or "= make(" in row
    )
    return of_param(source, start, param)


def marked(text: str) -> int | None:
    rows = (HEAD + text).split("\n")
    return next((k for k, row in enumerate(rows, 1) if row.endswith("# <-")), None)


@pytest.mark.parametrize(
    "text",
    [
        "e = Experiment(\n  'a',\n  'c',\n  [\n    {'lr': 1,\n     'seed': 2}  # <-\n  ],\n)",
        "e = Experiment('a', 'c',\n ParamGrid([\n  ('lr', []),\n  ('seed', []),  # <-\n ])\n)",
        "e = Experiment('a', 'c',\n ParamGrid([\n  (('lr', 'seed'), []),  # <-\n ])\n)",
        "e = Experiment('a', 'c',\n param_generator=[\n  {'seed': 1},  # <-\n ])",
        "p = ParamGrid([\n ('seed', [])  # <-\n])\ne = Experiment('a', 'c', p.generate_params())",
        (
            "q = [\n ('seed', [])  # <-\n]\np = ParamGrid(q)\n"
            "g = p.generate_params(False)\ne = Experiment('a', 'c', g)"
        ),
        "p: list = [\n {'seed': 1}  # <-\n]\ne = Experiment('a', 'c', p)",
        (
            "p = ParamGrid(\n dict(lr=[1],\n  seed=[])  # <-\n)\n"
            "e = Experiment('a', 'c', p.generate_params())"
        ),
        "COMMON = {\n 'seed': 1,  # <-\n}\ne = Experiment('a', 'c', [{'i': i, **COMMON}])",
        "e = Experiment('seed', 'c', [\n {'seed': 1}  # <-\n])",
        (
            "e = Experiment('a', 'seed', env_vars={'seed': '1'}, param_generator=[\n"
            " {'seed': 1}  # <-\n])"
        ),
        "p = [{\n 'seed': 1}  # <-\n]\ne = make('a', p)",
        "def f():\n  p = [\n   {'seed': 1}]  # <-\n  return Experiment('a', 'c', p)",
        "p = [\n {'seed': ('seed', 'x')},  # <-\n]\ne = Experiment('a', 'c', p)",
        (
            "p = ParamGrid([\n ('env', ['seed']),\n ('seed', [1]),  # <-\n])\n"
            "e = Experiment('a', 'c', p.generate_params())"
        ),
        "p = [\n {'größe': 1, 'seed': 2},  # <-\n]\ne = Experiment('a', 'c', p)",
    ],
)
def test_the_line_that_names_the_parameter(text: str) -> None:
    assert line(text) == marked(text)
    assert marked(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "e = Experiment('a', 'c', f())",
        "e = Experiment('seed', 'c', f())",
        "e = Experiment('a', 'seed', f(), {'seed': '1'})",
        "e = Experiment('a', 'c', [\n{'lr': 1}])",
        "e = Experiment('a', 'c', [\n{'seed': 1},\n{'seed': 2}])",
        "e = Experiment('a', 'c', ParamGrid([\n('env', ['seed'])]))",
        "e = Experiment('a', 'c', ParamGrid([\n(('a', 'b'), [\n('seed', 1)])]))",
        "p = [\n{'seed': 1}]\np = [{'lr': 1}]\ne = Experiment('a', 'c', p)",
        "p = [\n{'seed': 1}]\np.append({'lr': 1})\ne = Experiment('a', 'c', p)",
        "p = [\n{'seed': 1}]\np[0]['lr'] = 1\ne = Experiment('a', 'c', p)",
        "p = [\n{'seed': 1}]\np += [1]\ne = Experiment('a', 'c', p)",
        "p = [\n{'seed': 1}]\nfor p in q:\n  e = Experiment('a', 'c', p)",
        "p = [\n{'seed': 1}]\ndef f(p):\n  return Experiment('a', 'c', p)",
        "p = [\n{'seed': 1}]\nfrom x import p\ne = Experiment('a', 'c', p)",
        "p = [\n{'seed': 1}]\ndef p(): pass\ne = Experiment('a', 'c', p)",
        "p, q = [\n{'seed': 1}], 2\ne = Experiment('a', 'c', p)",
        "p = [\n{'seed': 1}]\ndef f():\n  global p\n  p = 2\ne = Experiment('a', 'c', p)",
        "p = [\n{'seed': 1}]\nx = [Experiment('a', 'c', p), Experiment('b', 'c', q)]",
        "e = Experiment('a', 'c', [\n{f'se{x}': 1}])",
        "e = Experiment('a', 'c', [\n{'seed': 1}]",
    ],
)
def test_no_line_rather_than_a_wrong_one(text: str) -> None:
    assert line(text) is None


def test_what_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "m.py"
    assert in_file(str(file), 1, "seed") is None
    file.write_bytes(b"\xff\xfe\0")
    assert in_file(str(file), 1, "seed") is None
    file.write_bytes("# coding: latin-1\nä = Experiment('a', 'c', [{'seed': 1}])".encode("latin-1"))
    assert in_file(str(file), 2, "seed") == 2
    assert of_param("(" * 500, 1, "seed") is None
    file.write_text(f"e = Experiment('a', 'c', {'[1] + ' * 900}[{{'seed': 1}}])")
    assert in_file(str(file), 1, "seed") in (None, 1)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["seed", "lr", "env"]), min_size=1, max_size=6), st.integers(0, 3))
def test_the_named_line_holds_the_name(names: list[str], gap: int) -> None:
    rows = [f" ('{name}', []),{chr(10) * gap}" for name in names]
    source = "\n".join(["p = ParamGrid([", *rows, "])", "e = Experiment('a', 'c', p.g())"])
    source = source.replace("p.g()", "p.generate_params()")
    found = of_param(source, source.count("\n") + 1, "seed")
    assert (found is None) == (names.count("seed") != 1)
    assert found is None or "'seed'" in source.split("\n")[found - 1]


def test_findings_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.py").write_text(
        "from pbt_tui import *\n"
        "grid = ParamGrid([\n"
        "    ('lr', [1, 2]),\n"
        "    ('seed', []),\n"
        "])\n"
        "RUN_DESCRIPTION = RunDescription('a', experiments=[\n"
        "    Experiment('e', 'python t.py --lr=3 --lr=4', grid.generate_params()),\n"
        "    Experiment('f', 'python t.py', [{\n"
        "        'note': 'a b',\n"
        "    }]),\n"
        "])\n"
    )
    with pytest.raises(Findings) as found:
        compile_module("bad.py")
    places = {(d.code, d.where.param): d.where.line for d in found.value.diagnostics}
    assert places["PBT106", "seed"] == 4
    assert places["PBT304", "note"] == 9
    assert places["PBT305", "lr"] == 3
