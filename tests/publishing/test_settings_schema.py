"""The schemas for editors accept what the program accepts, and refuse what people get wrong."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from docs import settings_schema
from pbt_tui.backends import BACKENDS
from pbt_tui.cli import monitor_config, user_config
from pbt_tui.diagnostics.schema_errors import load_schema
from pbt_tui.errors import PbtError
from pbt_tui.settings import settings_file
from pbt_tui.settings.run_settings import COMPILE, CONTAINER, POLICY
from pbt_tui.tui.preferences import ROLES
from tests.architecture.codebase import ROOT, documents, fences

OUTER = (*POLICY, *CONTAINER, *COMPILE)
OF_BACKENDS = [s for name in BACKENDS.built_in for s in BACKENDS.get(name).settings]
KEYS = [(s, key) for s in (*OUTER, *OF_BACKENDS) for key in (s.name, s.option) if key]
TEXTS = (
    *("", "x", " ", "0", "3", "90", " 30s ", "5m", "1.5h", "24:00:00", "1-12", "1-00:30:00"),
    *("512M", "4G", "1.5GiB", "64 mb", "7D", "1D12H30M", "1.5h", "true", "False", "no", "1"),
    *("0,2", "lost,oom", "missing", "never", "caller", "sh -c 'exit 1'", "/a:/b", "./a:/b:ro"),
    *("nofile=1024", "memlock=-1:-1", "a= 1 : 2 ", "n=1:", "HOME", "A=B", "gpu,compute"),
    *("USR1@120", "90:00", "7d", "2h", " 1.5 m", "2T", "3kB", "+1", "-2", "YES", "off"),
    *("id:/mount", "id:/mount:RW", "77:/data", "u-u:no-mount", "NAME:VALUE", "secret:key:VAR"),
    *("8080", "8080/TCP", "web:8080/TCP", "RUNONCE", "high", "Normal", "mpi", "ethernet", "pack"),
    *("plain", "pyxis", "member", "PBT420", "two\nlines", "a\0b"),
)  # fmt: skip
MOUNT = {"source": "./b", "target": "/b"}
TABLES = (MOUNT, {**MOUNT, "read_only": True}, {"name": "nofile", "soft": 1, "hard": -1})
plain_values = st.one_of(
    st.sampled_from(TEXTS),
    st.text(max_size=12),
    st.integers(-3, 99),
    st.sampled_from([2**26, 2**53, 2**53 + 1, 2**70, 1.5, 0.0, -1.0, 1e300, float("inf")]),
    st.booleans(),
    st.sampled_from(TABLES),
)
values = st.one_of(plain_values, st.lists(plain_values, max_size=3))


def validator(name: str) -> jsonschema.Draft7Validator:
    document = load_schema(name)
    jsonschema.Draft7Validator.check_schema(document)
    return jsonschema.Draft7Validator(document)


SETTINGS, PROJECT, CONFIG = map(validator, ("settings-1", "pyproject-1", "config-1"))


def loads(table: dict[str, Any]) -> bool:
    """Whether the program accepts a table of settings."""
    try:
        settings_file._from_table(table, "pbt.toml", "", BACKENDS)
    except PbtError:
        return False
    return True


def starts(table: dict[str, Any]) -> bool:
    """Whether the monitor accepts a user's own file."""
    try:
        user_config._parse(table, "config.toml")
        if "monitor" in table:
            of = monitor_config.MonitorTable(table["monitor"], "config.toml", "")
            monitor_config._checked(monitor_config._converted(of), of)
    except PbtError:
        return False
    return True


def placed(setting: Any, key: str, value: Any) -> dict[str, Any]:
    return {setting.section: {key: value}} if setting.of_backend else {key: value}


@settings(max_examples=1500)
@given(st.sampled_from(KEYS), values)
@example(next(k for k in KEYS if k[1] == "gpus"), [0, "2"])
@example(next(k for k in KEYS if k[1] == "mounts"), ["./a:/a:ro", MOUNT])
def test_the_schema_accepts_what_the_program_accepts(of: tuple[Any, str], value: Any) -> None:
    table = placed(*of, value)
    if loads(table):
        SETTINGS.validate(table)
        PROJECT.validate({"tool": {"pbt": table}})


@pytest.mark.parametrize(("setting", "key"), KEYS, ids=lambda of: getattr(of, "dest", of))
def test_each_setting_has_values_that_both_accept_and_both_refuse(setting: Any, key: str) -> None:
    more: list[Any] = [1, 2**26, 2.5, True, [], {}, [[]]]
    tables = [placed(setting, key, value) for value in (*TEXTS, *more)]
    verdicts = {(loads(table), SETTINGS.is_valid(table)) for table in tables}
    assert (True, True) in verdicts
    assert (False, False) in verdicts
    assert (True, False) not in verdicts


WRONG: tuple[dict[str, Any], ...] = (
    {"max_paralel": 4},
    {"max_parallel": "4"},
    {"max_parallel": 0},
    {"max_parallel": 1.5},
    {"fail_fast": "true"},
    {"timeout": "soon"},
    {"timeout": -1},
    {"memory": "4 gigabytes"},
    {"memory": True},
    {"retry_on": ["ooom"]},
    {"mounts": [{"source": "a", "target": "b", "readonly": True}]},
    {"mounts": ["a"]},
    {"mounts": ["a:b"], "mount": ["a:b"]},
    {"policy": {"max_parallel": 4}},
    {"container": {"image": "x"}},
    {"processes": {}},
    {"slurm": 1},
    {"slurm": {"partitions": "gpu"}},
    {"slurm": {"time": "tomorrow"}},
    {"slurm": {"nodes": 0}},
    {"ngc": {"preempt": "SOMETIMES"}},
    {"ngc": {"total_runtime": "1w"}},
    {"progress": {"mine": 1}},
    {"progress": {"mine": "no group"}},
    {"progress": {"mine": "(?P<steps>[0-9]+)"}},
    {"progress": {"mine": "(?P<step>" + "9" * 500 + ")"}},
)


@pytest.mark.parametrize("table", WRONG, ids=str)
def test_what_is_wrong_is_refused_by_both(table: dict[str, Any]) -> None:
    assert not loads(table)
    assert not SETTINGS.is_valid(table)
    assert not PROJECT.is_valid({"tool": {"pbt": table}})


def test_a_table_of_an_installed_backend_is_not_judged() -> None:
    assert SETTINGS.is_valid({"toy": {"queue": "fast"}})
    assert not SETTINGS.is_valid({"toy": "fast"})


@pytest.mark.parametrize(
    "table", [{"pbt": {}}, {"tool": {"pbt_tui": {}}}, {"tool": {"pbt-tui": {}}}]
)
def test_settings_in_a_wrong_table_are_refused(table: dict[str, Any]) -> None:
    assert not PROJECT.is_valid(table)


def test_other_tools_of_a_project_are_not_judged() -> None:
    PROJECT.validate(tomllib.loads((ROOT / "pyproject.toml").read_text()))
    PROJECT.validate({"tool": {"ruff": {"line-length": 1}}, "project": 3})


def of_pages() -> list[tuple[str, str]]:
    """Each block of TOML of the pages, with the name of its file."""
    found = []
    for page in documents():
        for fence in fences((ROOT / page).read_text()):
            if fence.language == "toml":
                name = Path(fence.title).name if fence.title else file_of(fence.text)
                found += [(name, fence.text)] if name != ".taplo.toml" else []
    return found


def file_of(text: str) -> str:
    """The file that a block without a title is part of."""
    keys = set(tomllib.loads(text))
    if keys & set(user_config._KEYS):
        return "config.toml"
    return "pyproject.toml" if keys & {"tool", "project"} else "pbt.toml"


PAGES = {"pbt.toml": SETTINGS, "pyproject.toml": PROJECT, "config.toml": CONFIG}


@pytest.mark.parametrize(("name", "text"), of_pages(), ids=lambda text: text.split("\n")[0][:30])
def test_what_the_pages_show_is_accepted(name: str, text: str) -> None:
    PAGES[name].validate(tomllib.loads(text))


def test_the_pages_show_all_three_files() -> None:
    assert {name for name, _ in of_pages()} == set(PAGES)
    assert len(of_pages()) > 8


keys_of_actions = st.dictionaries(
    st.sampled_from(["cancel", "problems", "log", "nonsense"]),
    st.sampled_from(["x", "ctrl+x", ["z", "f3"], {"wrap": "f4"}]),
    max_size=2,
)
monitor = st.fixed_dictionaries(
    {},
    optional={
        "theme": st.sampled_from(["dark", "mine", ""]),
        "ascii": st.sampled_from([True, "yes"]),
        "interval": st.sampled_from([0.05, 1, 0, 3600.0, 4000]),
        "notify": st.lists(st.sampled_from(["bell", "osc9", "osc777", "mail"]), max_size=2),
        "tell": st.lists(st.sampled_from(["failure", "best", "plateau", "end"]), max_size=2),
        "keys": keys_of_actions,
        "columns": st.sampled_from([{}, {"jobs": ["state", "lr", "objective:12"]}, {"log": []}]),
        "themes": st.dictionaries(
            st.sampled_from(["mine", "a b", "dark", "x" * 40]),
            st.dictionaries(
                st.sampled_from([*ROLES, "base", "colour"]),
                st.sampled_from(["#fff", "#56B4E9", "red", "light"]),
                max_size=2,
            ),
            max_size=2,
        ),
        "wrong": st.just(1),
    },
)
config = st.fixed_dictionaries(
    {},
    optional={
        "trusted_directories": st.lists(st.sampled_from(["/a", "*", "a", "/", "", 1]), max_size=2),
        "share_with_group": st.sampled_from([True, "yes"]),
        "monitor": monitor,
        "trust": st.just(["/a"]),
    },
)


@settings(max_examples=400)
@given(config)
def test_the_schema_accepts_what_the_monitor_accepts(table: dict[str, Any]) -> None:
    if starts(table):
        CONFIG.validate(table)


@pytest.mark.parametrize(
    "table",
    [
        {"trust": ["/a"]},
        {"trusted_directories": "/a"},
        {"trusted_directories": ["a"]},
        {"share_with_group": 1},
        {"monitor": {"themes": {"mine": {"base": "grey"}}}},
        {"monitor": {"themes": {"mine": {"bad": "red"}}}},
        {"monitor": {"themes": {"mine": {"badd": "#fff"}}}},
        {"monitor": {"themes": {"dark": {}}}},
        {"monitor": {"columns": {"log": []}}},
        {"monitor": {"notify": ["mail"]}},
        {"monitor": {"interval": 0}},
        {"monitor": {"intervals": 1}},
    ],
    ids=str,
)
def test_what_is_wrong_in_the_own_file_is_refused_by_both(table: dict[str, Any]) -> None:
    assert not starts(table)
    assert not CONFIG.is_valid(table)


def test_no_schema_for_toml_has_a_null() -> None:
    for name in settings_schema.documents({}):
        data = (ROOT / "schemas" / name).read_text()
        assert '"null"' not in data
        assert None not in _leaves(json.loads(data))


def _leaves(node: Any) -> list[Any]:
    if isinstance(node, dict | list):
        inner = node.values() if isinstance(node, dict) else node
        return [leaf for item in inner for leaf in _leaves(item)]
    return [node]
