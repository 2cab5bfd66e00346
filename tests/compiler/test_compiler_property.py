"""Property: any description gives upstream's jobs, in a spec that round-trips, or a finding."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pbt_tui import Experiment, ParamGrid, RunDescription
from pbt_tui.compiler import Compiled, compile_loaded
from pbt_tui.compiler.load import of_object
from pbt_tui.diagnostics import rules
from pbt_tui.errors import BadParam, Diagnostic, Findings
from pbt_tui.settings.argv import in_quotes
from pbt_tui.spec import decode, encode
from tests.compiler import original

ODD = ["", " ", "a b", "a  b", "'q", "it's", '"two w"', "a\\b", "é", "日本", "\x1b[31m", "\n", "\0",
       "\ud800", "..", "../x", "/", "x/y", "=", "a=b", "$HOME", "*", "`", "x" * 101, "y" * 300,
       "-", "--", "00", "seed", "pbt.policy_idx", "--with_pbt=True"]  # fmt: skip
COMMANDS = ["python t.py", "python -m x --gpus 0 1 2", "uv run t.py ", "python t.py --n='a b'"]
plain = st.text("abcdeXYZ019", min_size=1, max_size=6)
odd = st.one_of(plain, plain, plain, st.sampled_from(ODD), st.text(max_size=4))
blank = st.one_of(plain, plain, st.sampled_from(["a b", "'two w'", '"q"', "x  y", "é", "a/b"]))


@st.composite
def grids(
    draw: Callable[..., Any], names: st.SearchStrategy[Any], values: st.SearchStrategy[Any]
) -> list[tuple[str | tuple[str, str], list[Any]]] | None:
    """Names, and tuples of names, each once."""
    rest = draw(st.lists(names, unique=True, max_size=4))
    pairs = []
    while rest:
        width = draw(st.integers(1, min(2, len(rest))))
        together, rest = tuple(rest[:width]), rest[width:]
        rows = st.lists(st.tuples(*[values] * width), min_size=1, max_size=3)
        column = draw(rows)
        if width == 1:
            pairs.append((together[0], [value for (value,) in column]))
        else:
            pairs.append((together, column))
    return pairs


def descriptions(text: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Of which every text is one of `text`, or of plain ones."""
    names = st.one_of(
        st.lists(plain, min_size=1, max_size=4).flatmap(
            lambda parts: st.sampled_from("._-").map(lambda separator: separator.join(parts))
        ),
        st.sampled_from(["seed", "pbt.policy_idx", "pbt.num_policies", "num_policies", "with_pbt"]),
        text,
    )
    values = st.one_of(
        st.integers(-5, 5),
        st.integers(),
        st.floats(),
        st.booleans(),
        st.none(),
        text,
        st.lists(st.one_of(st.integers(0, 3), text), max_size=2),
        st.dictionaries(text, st.integers(0, 3), max_size=2),
    )
    command = st.one_of(st.sampled_from(COMMANDS), text.map("python {}".format), text)
    experiment = {
        "name": text,
        "cmd": command,
        "grid": st.one_of(grids(names, values), st.none()),
        "rows": st.lists(st.dictionaries(names, values, max_size=3), max_size=3),
        "env_vars": st.one_of(st.none(), st.dictionaries(plain, text, max_size=2)),
    }
    run = {
        "run_name": text,
        "experiments": st.lists(st.fixed_dictionaries(experiment), max_size=3),
        "experiment_arg_name": st.sampled_from(["--experiment", "experiment"]),
        "experiment_dir_arg_name": st.one_of(st.sampled_from(["--train_dir", "hydra.dir"]), text),
        "customize_experiment_name": st.booleans(),
        "param_prefix": st.one_of(st.sampled_from(["--", "", "++"]), text),
    }
    return st.fixed_dictionaries(run)


def made(words: type[Ours] | ModuleType, given: dict[str, Any]) -> Any:
    """The description, with the classes of `words`."""
    experiments = [
        words.Experiment(
            e["name"],
            e["cmd"],
            e["rows"] if e["grid"] is None else words.ParamGrid(e["grid"]).generate_params(),
            e["env_vars"],
        )
        for e in given["experiments"]
    ]
    return words.RunDescription(**{**given, "experiments": experiments})


class Ours:
    Experiment, ParamGrid, RunDescription = Experiment, ParamGrid, RunDescription


def attempted(given: dict[str, Any], suffix: str, train_dir: str) -> Compiled | BadParam | Findings:
    """What it is compiled to, or why it is not."""
    try:
        loaded = of_object(made(Ours, given), "m.py")
        return compile_loaded(loaded, suffix=suffix, train_dir=train_dir)
    except (BadParam, Findings) as refused:
        return refused


def shown(diagnostics: list[Diagnostic] | tuple[Diagnostic, ...]) -> None:
    """Every finding has a code that is explained, and text that is harmless."""
    for d in diagnostics:
        assert d.code in rules() or not d.code
        assert all(c.isprintable() or c == "\n" for c in str(d)), str(d)
        assert d.code or d.level != "error"


def texts(value: Any) -> Iterator[str]:
    """All texts in `value`, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts(part)


@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.one_of(descriptions(plain), descriptions(blank), descriptions(odd)),
    st.sampled_from(["", "", "s", "é", "a/b", "\x1b"]),
    st.sampled_from(["./t", "./t", "/d d"]),
)
def test_the_originals_jobs_or_a_refusal(
    given: dict[str, Any], suffix: str, train_dir: str
) -> None:
    compiled = attempted(given, suffix, train_dir)
    if not isinstance(compiled, Compiled):
        assert compiled.exit_code == 3
        assert any(re.fullmatch(r"PBT\d{3}", d.code) for d in compiled.diagnostics)
        shown(compiled.diagnostics)
        return
    shown(compiled.diagnostics)
    spec = compiled.spec
    assert decode(encode(spec)) == spec
    (file,) = compiled.files.values()
    assert decode(file) == spec
    theirs = list(made(original, given).jobs(train_dir, suffix))
    if given["param_prefix"] == "" and any(in_quotes(v) for v in texts(given)):
        return  # Hydra's own quotes, which no shell sees
    assert [(list(j.argv), j.name, j.dir, j.env) for j in spec.jobs] == [
        (shlex.split(cmd), name, root, env or {}) for cmd, name, root, env in theirs
    ]
    assert len({job.id for job in spec.jobs}) == len(spec.jobs)
    quiet = not {d.code for d in compiled.diagnostics} & {"PBT302", "PBT303", "PBT304"}
    if quiet:  # then the original cuts them alike
        assert [list(j.argv) for j in spec.jobs] == [cmd.split(" ") for cmd, *_ in theirs]
    assert all(os.path.normpath(job.dir) == job.dir or "_" in job.dir for job in spec.jobs)
