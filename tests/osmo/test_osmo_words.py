"""Each word and each variable of a job reaches its program, byte for byte."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.backends.osmo import templating
from tests.compiler.compile_specs import job
from tests.osmo import service_model as service
from tests.osmo.osmo_runs import codes, only, population, sweep

NASTY = (
    "{{ lr }}", "{{lr}}", "{% if x %}", "{# x #}y", "{{{{", "}}", "%}", "{", "{ {", "{'{", "{''{",
    "{{output}}", "{{ workflow_id }}", "{{uuid}}", "{{host:a}}", "{% raw %}{{ x }}{% endraw %}",
    "{{ 1 + 1 }}", "$", "$$", "$HOME", "$(HOME)", "$$(HOME)", "$(A)", "${A}", "$(", "$)", "`id`",
    "'", '"', "\\", "\\n", "\n", "\r", "\r\n", "\t", "a\n\n  b\n", "", " ", "  x  ", "#", "# x",
    "- x", "-", "--", "a: b", "yes", "no", "null", "~", "010", "1_0", "12:30", "2020-01-01", "1e3",
    ".inf", "0x1f", "<<", "*a", "&a", "!x", "%x", "@x", "|", ">", "[a]", "a, b", "\x7f", "\x1b[2J",
    "\x85", "\u2028", "\u2029", "\ufeff", "\ufffe", "ü", "日本", "\U0001f600", "\U000e0001",
    "x" * 300,
    "default-values", "default-values: {a: 1}", "x\ndefault-values: {lr: 1}\n",
    "workflow:\n  name: x",
    "\nworkflow:", "key=0123456789abcdef", "{\u200b{", "a{{b}}c{%d%}e{#f#}", "it's {{ it's }}",
)  # fmt: skip
TEXT = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.sampled_from("{}%#$()'\"\\ \n-a:"), max_size=12),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
)
NAMES = st.sampled_from(("A", "B_2", "_c", "yes", "NO", "y", "null", "Env"))


def reach(data: bytes, argv: list[str], env: dict[str, str]) -> None:
    """The program of the only task gets these words and variables on every way."""
    assert not any(mark in data.decode() for mark in service.MARKS)
    seen = []
    for times in range(3):
        [one] = service.arrived(service.posted(data, times))
        seen.append((one.argv, one.env))
    assert seen[1:] == seen[:-1]
    ran, given_env = seen[0]
    if ran == argv:
        assert given_env == env
        return
    done = subprocess.run(
        ran, env={"PATH": os.environ["PATH"], **given_env}, capture_output=True, check=True
    )
    words, _, variables = done.stdout.partition(b"\0\0variables\0")
    assert [word.decode() for word in words.split(b"\0")] == argv[len(SHOW) :]
    told = dict(pair.decode().partition("=")[::2] for pair in variables.split(b"\0") if pair)
    assert {name: told.get(name) for name in env} == env


SHOW = ("/bin/sh", "-c", 'printf "%s\\0" "$@"; printf "\\0variables\\0"; exec env -0', "show")


@settings(max_examples=120, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=8), st.dictionaries(NAMES, TEXT, max_size=4))
def test_words_and_variables_arrive_as_they_were(words: list[str], env: dict[str, str]) -> None:
    argv = [*SHOW, *words]
    reach(only(sweep(job(argv=tuple(argv), env=env))), argv, env)


def test_every_nasty_word_arrives() -> None:
    for k in range(0, len(NASTY), 8):
        argv = [*SHOW, *NASTY[k : k + 8]]
        reach(only(sweep(job(argv=tuple(argv)))), argv, {})
    for text in NASTY:
        reach(only(sweep(job(argv=(*SHOW, "x"), env={"A": text}))), [*SHOW, "x"], {"A": text})


def test_six_hundred_values_arrive() -> None:
    words = [f"{NASTY[k % len(NASTY)]}{k}" for k in range(600)]
    env = {f"V{k}": word for k, word in enumerate(words)}
    argv = [*SHOW, *words]
    reach(only(sweep(job(argv=tuple(argv), env=env))), argv, env)


def test_a_word_that_is_not_split_changes_on_the_way() -> None:
    """The model has teeth: what the rules forbid does go wrong in it."""
    data = only(sweep(job(argv=("t", "x"))))
    for word, what in (("{{ 1 + 1 }}", "2"), ("{# x #}y", "y"), ("$(A)", "$(A)"), ("$$", "$")):
        [one] = service.arrived(service.usual(data.replace(b'"x"', f'"{word}"'.encode())))
        assert one.argv == ["t", what]
    for text in (rb'"\x7b\x7b lr }}"', b'"{{ lr }}"', b'"{% raw %}{{ x }}{% endraw %}"'):
        with pytest.raises(Exception, match=r"undefined|unknown"):
            service.arrived(service.posted(data.replace(b'"x"', text), 2))


@settings(max_examples=25, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=5), st.dictionaries(NAMES, TEXT, max_size=3))
def test_words_of_members_arrive_as_they_were(words: list[str], env: dict[str, str]) -> None:
    argv = (*SHOW, *words)
    jobs = tuple(job(i, population="ant", member=i, argv=argv, env=env) for i in range(2))
    data = only(population(2, jobs=jobs))
    ways = [service.arrived(service.posted(data, times)) for times in range(3)]
    assert ways[0] == ways[1] == ways[2]
    [lead, member] = ways[0]
    k = lead.argv.index("t01-ant")
    assert lead.argv[:3] != member.argv[:3]
    mine, other = lead.argv[k + 1 :], member.argv[member.argv.index("t01-ant") + 1 :]
    assert mine == other
    if mine != list(argv):
        done = subprocess.run(
            mine, env={"PATH": os.environ["PATH"], **lead.env}, capture_output=True, check=True
        )
        told = [word.decode() for word in done.stdout.partition(b"\0\0variables\0")[0].split(b"\0")]
        assert told == words


def test_a_folder_and_an_entrypoint_come_first(tmp_path: Any) -> None:
    from tests.compiler.compile_specs import box

    folder = tmp_path / "it's {{ here }}"
    folder.mkdir()
    what = sweep(
        job(argv=("-c", "pwd; echo $0", "{{ x }}")), container=box(entrypoint=("/bin/sh",))
    )
    [one] = service.arrived(service.usual(only(what, workdir=str(folder))))
    done = subprocess.run(one.argv, capture_output=True, text=True, check=True)
    assert done.stdout == f"{folder}\n{{{{ x }}}}\n"
    [plain] = service.arrived(
        service.usual(only(sweep(job(argv=("a",)), container=what.container)))
    )
    assert plain.argv == ["/bin/sh", "a"]


@pytest.mark.parametrize(
    ("env", "argv", "found"),
    [
        ({"A.B": "1"}, ("t",), []),
        ({"A.B": "1"}, ("t", "{{ x }}"), [("PBT920", "error")]),
        ({"PWD": "1"}, ("t",), []),
        ({"PWD": "{{ x }}"}, ("t",), [("PBT920", "error")]),
        ({"1A": "1"}, ("t",), [("PBT920", "error")]),
        ({"A": "1"}, ("t", "{{" * 70_000), [("PBT939", "error")]),
    ],
)
def test_what_no_shell_passes_on_is_refused(
    env: dict[str, str], argv: tuple[str, ...], found: list[tuple[str, str]]
) -> None:
    assert codes(sweep(job(argv=argv, env=env))) == found


def test_marks_are_found_in_linear_time() -> None:
    assert len(list(templating.marks("{{" * 200_000))) > 100_000
    assert templating.with_variables("{{a}}" * 100_000, {"a": "x" * 10_000}).startswith("{{a}}")


def test_the_file_is_what_it_says_for_every_reader() -> None:
    data = only(sweep(job(argv=NASTY[:5], env=dict.fromkeys(("NO", "y"), "x"))))
    document = yaml.safe_load(data)["workflow"]
    assert set(document["tasks"][0]["environment"]) == {"NO", "y"}
    assert all(ord(c) < 0x7F or c.isprintable() for c in data.decode() if c != "\n")
