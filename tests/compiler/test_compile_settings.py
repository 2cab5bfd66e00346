from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.backends import BACKENDS
from pbt_tui.backends.ngc.settings_struct import Ngc
from pbt_tui.errors import Findings, PbtError, UsageError
from pbt_tui.settings import Given, settings_file
from pbt_tui.settings.run_settings import COMPILE, CONTAINER, POLICY
from pbt_tui.spec import Container, Mount, Policy, Ulimit, decode, encode
from tests.compiler.compile_specs import spec

OF_BACKENDS = [s for name in BACKENDS.built_in for s in BACKENDS.get(name).settings]
SETTINGS = (*POLICY, *CONTAINER, *OF_BACKENDS)


def find(folder: Path) -> Given:
    return settings_file.find(folder, BACKENDS)


def test_the_table_has_each_field_of_policy_and_container_once() -> None:
    for section, struct in (("policy", Policy), ("container", Container), ("ngc", Ngc)):
        names = [s.name for s in SETTINGS if s.section == section]
        assert names == [f.name for f in msgspec.structs.fields(struct)]
    assert len({s.flag for s in (*SETTINGS, *COMPILE)}) == len(SETTINGS) + len(COMPILE)


def test_all_kinds_of_values_in_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        """
[project]
name = "x"
[tool.pbt]
image = "trainer:1"
max_parallel = 8
pause_between = "5m"
timeout = 90
fail_fast = true
gpus = [0, "2"]
retry_on = ["oom", "lost"]
memory = "4G"
shm_size = 1024
cpus = 2
mounts = ["./a:/a:ro", { source = "./b", target = "/b" }]
ulimit = "nofile=1024"
entrypoint = "sh -c"
env_from = ["WANDB_API_KEY"]
ignore = ["PBT421"]
strict = true
seed = 3
""".replace("gpus = [0,", 'gpus = ["0",')
    )
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    given = find(inner)
    assert given.policy == {
        "max_parallel": 8,
        "pause_between": 300.0,
        "timeout": 90.0,
        "fail_fast": True,
        "gpus": ("0", "2"),
        "retry_on": ("oom", "lost"),
    }
    assert given.container == {
        "image": "trainer:1",
        "memory": 4 * 2**30,
        "shm_size": 1024,
        "cpus": 2.0,
        "mounts": (Mount("./a", "/a", True), Mount("./b", "/b", False)),
        "ulimits": (Ulimit("nofile", 1024, 1024),),
        "entrypoint": ("sh", "-c"),
        "env_from": ("WANDB_API_KEY",),
    }
    assert given.compile == {"ignore": ("PBT421",), "strict": True, "seed": 3}
    assert given.file == str(tmp_path / "pyproject.toml")


def test_nearest_file_wins_and_pbt_toml_goes_first(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.pbt]\nmax_parallel = 1\n")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert find(inner).policy == {"max_parallel": 1}
    (inner / "pbt.toml").write_text("max_parallel = 2\n")
    assert find(inner).policy == {"max_parallel": 2}
    assert find(inner).file == "pbt.toml"


def test_flag_goes_over_file() -> None:
    flag = Given.of(policy={"retries": 1}, compile={"out": "a"})
    file = Given.of(policy={"retries": 2, "grace": 1.0})
    assert flag.over(file) == Given.of(policy={"retries": 1, "grace": 1.0}, compile={"out": "a"})


def test_misspelt_key_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "pbt.toml").write_text('memroy = "4G"\nzzz = 1\n')
    with pytest.raises(Findings) as e:
        find(tmp_path)
    assert e.value.exit_code == 2
    assert str(e.value) == (
        "error: `pbt.toml`: memroy: there is no such setting\nhint: did you mean `memory`\n"
        "error: `pbt.toml`: zzz: there is no such setting"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "max-paralel = 4",
            "max-paralel: there is no such setting\nhint: did you mean `max_parallel`",
        ),
        (
            "[policy]\nmax_parallel = 4",
            (
                "policy: there is no such setting\n"
                "hint: write `max_parallel` without the table `policy`"
            ),
        ),
        ("[contaner]\nx = 4", "contaner: there is no such setting"),
        (
            '[[mounts]]\nsource = "/a"\ntaget = "/b"',
            "mounts.0.taget: there is no such key\nhint: did you mean `target`",
        ),
        (
            'mount = ["./a:/a", { source = "/a", target = "/b", readonly = true }]',
            "mount.1.readonly: there is no such key\nhint: did you mean `read_only`",
        ),
        (
            'ulimits = [{ name = "nofile", sofft = 1 }]',
            "ulimits.0.sofft: there is no such key\nhint: did you mean `soft`",
        ),
    ],
)
def test_misspelt_keys_in_all_depths(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "pbt.toml").write_text(text)
    with pytest.raises(Findings) as e:
        find(tmp_path)
    assert str(e.value) == f"error: `pbt.toml`: {said}"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('max_parallel = "8"', "expected an integer from 1, got `8`"),
        ("max_parallel = 0", "expected an integer from 1, got `0`"),
        ("max_parallel = 1.5", "expected an integer from 1, got `1.5`"),
        ("max_parallel = true", "expected an integer from 1, got `True`"),
        ('fail_fast = "yes"', "expected true or false, got `yes`"),
        ('memory = "4Q"', "expected a size such as `512M` or `4G`, got `4Q`"),
        ("memory = -1", "expected a size such as `512M` or `4G`, got `-1`"),
        ("cpus = 0", "expected a number above 0, got `0`"),
        ('pull = "often"', "expected `missing` or `never`, got `often`"),
        ('mounts = ["a"]', "expected `SRC:DST` or `SRC:DST:ro`, got `a`"),
        ("mounts = [{ source = 1 }]", "expected `SRC:DST` or `SRC:DST:ro`, got `{'source': 1}`"),
        ('retry_on = ["sneeze"]', "expected causes such as `lost,oom`, got `sneeze`"),
        ('image = ""', "expected the name of an image, got nothing"),
    ],
)
def test_wrong_value_says_file_key_and_what_was_expected(
    tmp_path: Path, line: str, said: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.pbt]\n{line}\n")
    with pytest.raises(Findings) as e:
        find(tmp_path)
    key = line.partition(" ")[0]
    assert str(e.value) == f"error: `pyproject.toml`: tool.pbt.{key}: {said}"


def test_all_wrong_values_at_once(tmp_path: Path) -> None:
    (tmp_path / "pbt.toml").write_text("retries = -1\ngrace = -1\n")
    with pytest.raises(Findings) as e:
        find(tmp_path)
    assert len(e.value.diagnostics) == 2


@pytest.mark.parametrize("data", [b"a = \n", b"\xff", b"tool = 1\n", b"a = " + b"[" * 5000])
def test_damaged_file_is_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "pbt.toml").write_bytes(data)
    with pytest.raises((UsageError, Findings)) as e:
        find(tmp_path)
    assert "`pbt.toml`" in str(e.value)


def test_table_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool]\npbt = 3\n")
    with pytest.raises(UsageError) as e:
        find(tmp_path)
    assert str(e.value) == "`pyproject.toml`: tool.pbt: expected a table of settings"


def test_other_peoples_damaged_pyproject_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project\n")
    assert find(tmp_path).policy == {}


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        (
            "pbt.toml",
            "[tool.pbt]\nimage = 'a'",
            "tool: there is no such setting\nhint: `[tool.pbt]` is",
        ),
        ("pyproject.toml", "[pbt]\nimage = 'a'", "pbt: settings are not read from this table"),
        ("pyproject.toml", "[tool.pbt-tui]\nimage = 'a'", "tool.pbt-tui: settings are not read"),
        (
            "pyproject.toml",
            "[tool.pbt.container]\nimage = 'a'",
            "tool.pbt.container: there is no such setting\nhint: write `image` without",
        ),
        (
            "pbt.toml",
            "mounts = [{ sorce = 'a', target = '/b' }]",
            "mounts.0.sorce: there is no such key\nhint: did you mean `source`",
        ),
        (
            "pbt.toml",
            "ulimits = [{ name = 'a', soft = 1, hard = 2, x = 3 }]",
            "ulimits.0.x: there",
        ),
        (
            "pbt.toml",
            "mount = []\nmounts = []",
            "mounts: is given twice, as `mounts` and as `mount`",
        ),
        ("pbt.toml", "backend = 'slurm'", "hint: `--backend` is for the command line only"),
        ("pbt.toml", "max-paralel = 8", "hint: did you mean `max_parallel`"),
        ("pbt.toml", "max_parallel = 99999999999999999999", "expected an integer from 1"),
        ("pbt.toml", "memory = 18446744073709551616", "expected a size"),
        ("pbt.toml", "timeout = inf", "expected a duration"),
        ("pbt.toml", "cpus = nan", "expected a number above 0"),
        ("pbt.toml", "timeout = 1979-05-27", "expected a duration"),
        ("pbt.toml", '"a\\u001b[31m" = 1', "a\\x1b[31m: there is no such setting"),
        ("pbt.toml", '"" = 1', "there is no such setting"),
        ("pbt.toml", "grace = 3\n\ngrace 4", "`pbt.toml`:3: not TOML: expected '='"),
    ],
)
def test_settings_in_the_wrong_place_or_out_of_range(
    tmp_path: Path, file: str, text: str, said: str
) -> None:
    (tmp_path / file).write_text(text)
    with pytest.raises((Findings, UsageError)) as e:
        find(tmp_path)
    assert e.value.exit_code == 2
    told = "\n".join(str(d) for d in e.value.diagnostics)
    assert f"error: `{file}`" in told
    assert said in told


def test_lists_of_plain_numbers_are_what_toml_people_write(tmp_path: Path) -> None:
    (tmp_path / "pbt.toml").write_text("gpus = [0, 2]\n")
    assert find(tmp_path).policy == {"gpus": ("0", "2")}


def test_every_setting_is_refused_by_its_own_expectation(tmp_path: Path) -> None:
    """What no setting can be: nothing is ever taken over unread."""
    for setting in (*SETTINGS, *COMPILE):
        if setting.section not in ("policy", "container", "compile"):
            continue
        for value in ("1979-05-27", "{ a = 1 }", "[[1]]", "inf", '"\\u0000"'):
            (tmp_path / "pbt.toml").write_text(f"{setting.name} = {value}\n")
            with pytest.raises(Findings) as e:
                find(tmp_path)
            assert e.value.diagnostics[0].where.pointer == setting.name
            assert setting.expects in str(e.value)


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value)


def in_words(e: PbtError) -> None:
    assert e.exit_code == 2
    for d in e.diagnostics:
        assert d.where.file == "pbt.toml"
        assert d.where.pointer or d.where.line
        assert all(line.isprintable() for line in str(d).split("\n"))


WORDS = st.sampled_from(
    [
        "4G",
        "90",
        "5m",
        "0",
        "-1",
        "a",
        "./a:/b",
        "nofile=1",
        "caller",
        "lost",
        "",
        "a=b",
        "é",
        "1e9",
    ]
)
VALUES = st.recursive(
    WORDS | st.integers(-(2**70), 2**70) | st.integers(-2, 9) | st.floats() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["source", "target", "name", "soft", "x"]), inner, max_size=2
        )
    ),
    max_leaves=4,
)
NAMES = [s.name for s in (*SETTINGS, *COMPILE) if s.section in ("policy", "container", "compile")]


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from([*NAMES, "mount", "memroy"]), VALUES, max_size=3))
def test_whatever_is_set_is_refused_in_words_or_held_by_a_spec(
    tmp_path_factory: pytest.TempPathFactory, table: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("settings")
    text = "".join(f"{key} = {toml(value)}\n" for key, value in table.items())
    (folder / "pbt.toml").write_text(text, encoding="utf-8")
    try:
        found = find(folder)
    except PbtError as e:
        in_words(e)
        return
    container = Container(**{"image": "a", **found.container})
    made = spec(policy=Policy(**found.policy), container=container)
    assert decode(encode(made)) == made
