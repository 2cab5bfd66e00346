from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pbt_tui.compiler.validate import spec_files, validate, validate_file
from pbt_tui.diagnostics.schema_errors import MOST_JOBS, load_schema
from pbt_tui.errors import UsageError
from pbt_tui.spec import Policy, Ulimit, encode
from tests.compiler.compile_specs import box, gang, job, plain, spec

FILE = "specs/ant/processes.json"


def words(data: bytes) -> list[str]:
    return [str(d) for d in validate(data, FILE)[1]]


def wrong(document: object) -> list[str]:
    """What is said of `document`, without the place of the file and the mere layout."""
    said = words(json.dumps(document).encode())
    return [s.replace(f" `{FILE}`:", "") for s in said if "PBT805" not in s]


def spoilt(*path: object, value: object = ..., base: object = None) -> object:
    document: Any = plain(spec()) if base is None else base
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    if value is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return document


def test_a_population_of_a_style_that_nobody_has() -> None:
    jobs, population = gang(3)
    strange = msgspec.structs.replace(population, style="isaacgym")
    (said,) = words(encode(spec(jobs=jobs, populations=(strange,), policy=Policy(num_gpus=3))))
    place, hint = said.split("\n")
    assert place == (f"error[PBT811]: `{FILE}`: /populations/0/style: there is no style `isaacgym`")
    assert hint == "hint: one of isaacgymenvs, isaaclab, rl_games, sample_factory"
    nameless = msgspec.structs.replace(population, style="")
    assert "PBT803" in words(encode(spec(populations=(nameless,))))[0]


def test_what_compile_writes_is_valid() -> None:
    jobs, population = gang(4)
    value = spec(jobs=jobs, populations=(population,), container=box())
    assert validate(encode(value), FILE) == (value, [])


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("jobs", 1, "argv"), "x", "/jobs/1/argv: expected a list, got str"),
        (("jobs", 1, "argv"), [], "/jobs/1/argv: expected something in it, got `[]`"),
        (("jobs", 1, "argv", 1), 3, "/jobs/1/argv/1: expected a string, got int"),
        (("jobs", 0, "env"), {"A": 1}, "/jobs/0/env/A: expected a string, got int"),
        (("jobs", 0, "member"), -1, "/jobs/0/member: expected at least 0, got `-1`"),
        (("jobs", 0), 3, "/jobs/0: expected an object, got int"),
        (("jobs",), {}, "/jobs: expected a list, got object"),
        (("run",), None, "/run: expected a string, got null"),
        (("run",), "", '/run: expected something in it, got `""`'),
        (("policy", "num_gpus"), "1", "/policy/num_gpus: expected an integer, got str"),
        (("policy", "num_gpus"), True, "/policy/num_gpus: expected an integer, got bool"),
        (("policy", "max_parallel"), 0, "/policy/max_parallel: expected at least 1, got `0`"),
        (("policy", "timeout"), -1, "/policy/timeout: expected at least 0, got `-1`"),
        (("policy", "timeout"), "9", "/policy/timeout: expected a number or null, got str"),
        (("policy", "gpus"), [1], "/policy/gpus/0: expected a string, got int"),
        (("container",), [], "/container: expected a container or null, got list"),
        (("container",), {"image": 1}, "/container/image: expected a string, got int"),
        (("container",), {}, "/container: key `image` is missing"),
    ],
)
def test_each_fault_has_pointer_and_expectation(
    path: tuple[int | str, ...], value: Any, said: str
) -> None:
    assert wrong(spoilt(*path, value=value)) == [f"error[PBT803]: {said}"]


def test_id_that_is_none() -> None:
    for bad in ("a/b", "", ".hidden", "a" * 101, "a\n"):
        said = wrong(spoilt("jobs", 0, "id", value=bad))
        assert len(said) == 1
        assert "/jobs/0/id: expected up to 100 letters, digits" in said[0]
        assert "\n" not in said[0]


def test_all_faults_at_once_in_order() -> None:
    document = spoilt("jobs", 1, "argv", value="x")
    spoilt("jobs", 0, "env", base=document)
    spoilt("train_dir", base=document)
    spoilt("policy", "grace", value="soon", base=document)
    assert [s.partition(": ")[2].removeprefix(": ") for s in wrong(document)] == [
        "key `train_dir` is missing",
        "/policy/grace: expected a number, got str",
        "/jobs/0: key `env` is missing",
        "/jobs/1/argv: expected a list, got str",
    ]


def test_unknown_keys_name_the_nearest() -> None:
    document = spoilt("policy", "max_paralel", value=4)
    assert wrong(document) == [
        (
            "error[PBT803]: /policy/max_paralel: there is no such key\n"
            "hint: did you mean `max_parallel`"
        )
    ]


def test_an_enum_lists_its_words() -> None:
    said = wrong(spoilt("policy", "retry_on", value=["sneeze"]))
    assert said[0].startswith("error[PBT803]: /policy/retry_on/0: expected one of `cancelled`, ")
    assert said[0].endswith('got `"sneeze"`')


def test_more_faulty_jobs_than_anybody_reads() -> None:
    document = plain(spec())
    document["jobs"] = [3] * (MOST_JOBS + 7)
    said = wrong(document)
    assert len(said) == MOST_JOBS + 1
    assert said[-1] == "error[PBT803]: 7 more jobs are wrong"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not JSON: the file is empty"),
        (b'{"format":\n1,}', "2: not JSON: illegal trailing comma"),
        (b'{"format":\n,}', "2: not JSON: expecting value, column 1"),
        (b"\xef\xbb\xbf{}", "begins with a byte order mark"),
        (b'{"run":\n"\xff"}', "2: not UTF-8: byte 0xff"),
        (b'{"run": NaN}', "not JSON: `NaN` is not a number"),
        (b'{"run": -Infinity}', "not JSON: `-Infinity` is not a number"),
        (b"[" * 100_000, "nested more than 100 levels deep"),
        (b"[" * 200 + b"]" * 200, "nested more than 100 levels deep"),
        (b'{"a":' + b"9" * 5000 + b"}", "a number has too many digits"),
        (b"[]", "expected an object, got list"),
        (b"{}", "key `format` is missing"),
    ],
)
def test_what_is_no_document(data: bytes, said: str) -> None:
    found = words(data)
    assert found
    if "trailing comma" in said:  # newer Pythons have better words for it
        return
    assert f"error[PBT80{3 if data in (b'[]', b'{}') else 1}]: `{FILE}`:" in found[0]
    assert said in found[0]


def test_huge_numbers_in_the_right_place_are_refused_in_words() -> None:
    data = encode(spec()).replace(b'"seed":0', b'"seed":' + b"9" * 5000)
    assert words(data) == [f"error[PBT801]: `{FILE}`: not JSON: a number has too many digits"]


def test_lone_surrogate_is_refused_in_words() -> None:
    data = encode(spec()).replace(b'"run":"ant"', b'"run":"\\ud800"')
    assert words(data)


def test_other_versions() -> None:
    assert wrong(spoilt("format", value="pbt-processes/2")) == [
        (
            "error[PBT802]: /format: format is `pbt-processes/2`, this is `pbt-processes/1`\n"
            "hint: write it again with `pbt-compile`, or use the version that wrote it"
        )
    ]
    assert "PBT802" in wrong(spoilt("format", value="slurm-index/1"))[0]


def test_key_given_twice_is_found_although_it_decodes() -> None:
    data = encode(spec()).replace(b'"run":"ant",', b'"run":"ant",\n"run":"ant",')
    value, found = validate(data, FILE)
    assert value == spec()
    assert [str(d) for d in found] == [
        f"error[PBT804]: `{FILE}`:3: key `run` is given twice in one object"
    ]


def test_other_layout_is_a_warning() -> None:
    data = json.dumps(plain(spec()), indent=2).encode()
    value, found = validate(data, FILE)
    assert value == spec()
    assert [(d.level, d.code) for d in found] == [("warning", "PBT805")]


def test_references_of_populations() -> None:
    jobs, population = gang(3)
    base = plain(spec(jobs=jobs, populations=(population,)))

    def all_of(*path: object, value: object = ...) -> list[str]:
        return wrong(spoilt(*path, value=value, base=copy.deepcopy(base)))

    def said(*path: object, value: object = ...) -> list[str]:
        return [s.partition(": ")[2] for s in all_of(*path, value=value)]

    def codes(*path: object, value: object = ...) -> list[str]:
        return [s.partition("[")[2][:6] for s in all_of(*path, value=value)]

    assert "PBT806" in codes("jobs", 1, "id", value="00_ant")
    assert codes("jobs", 1, "population") == ["PBT807", "PBT808"]
    assert said("jobs", 1, "id", value="00_ant")[0] == "/jobs/1/id: job id `00_ant` is given twice"
    assert said("jobs", 1, "population") == [
        "/populations/0/members/1: job `01_ant` does not name population `ant`",
        "/jobs/1/member: job `01_ant` is a member of no population",
    ]
    assert said("jobs", 1, "population", value="x")[-1] == (
        "/jobs/1/population: job `01_ant` names population `x`, which is not there"
    )
    assert said("jobs", 1, "member", value=2) == [
        "/populations/0/members/1: job `01_ant` is at index 1, but says `member` 2"
    ]
    assert said("populations", 0, "members", 1, value="nobody")[0] == (
        "/populations/0/members/1: member `nobody` is not a job"
    )
    assert said("populations", 0, "members", 1, value="00_ant")[0] == (
        "/populations/0/members/1: member `00_ant` is listed twice"
    )
    assert said("populations", 0, "members", 2) == [
        "/jobs/2/population: population `ant` does not list its member `02_ant`",
        "/populations/0: `size` is 3, but the members' commands say 2",
    ]
    twice = copy.deepcopy(base)
    twice["populations"].append(twice["populations"][0])
    assert "/populations/1: population id `ant` is given twice" in wrong(twice)[0]


def test_sample_factory_population_is_one_job() -> None:
    from pbt_tui.spec import Population

    population = Population("doom", "sample_factory", 8, "ant/ws", ("00_ant",))
    value = spec(jobs=(job(0, population="doom"),), populations=(population,))
    assert validate(encode(value), FILE)[1] == []


def test_files_and_folders(tmp_path: Path) -> None:
    inner = tmp_path / "specs" / "ant"
    inner.mkdir(parents=True)
    (inner / "processes.json").write_bytes(encode(spec()))
    (inner / "notes.json").write_text("{}")
    assert spec_files([str(tmp_path)]) == [inner / "processes.json"]
    assert spec_files([str(inner / "notes.json")]) == [inner / "notes.json"]
    assert validate_file(inner / "processes.json")[0] == spec()
    for missing in (tmp_path / "none", tmp_path / "specs" / "none.json"):
        with pytest.raises(UsageError, match="no such file or folder"):
            spec_files([str(missing)])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"no `processes\.json` in"):
        spec_files([str(tmp_path / "empty")])
    with pytest.raises(UsageError, match="not a regular file"):
        validate_file(tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [p for k, v in children for p in [(*path, k), *places(v, (*path, k))]]


def full() -> object:
    jobs, population = gang(3)
    container = box(ulimits=(Ulimit("nofile", 1, 2),), memory=2**30, entrypoint=("sh",))
    policy = Policy(gpus=("0",), timeout=3.0)
    return plain(spec(jobs=jobs, populations=(population,), container=container, policy=policy))


FULL = full()
PLACES = places(FULL)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(PLACES), JSON | st.just(...)), min_size=1, max_size=2))
def test_accepted_means_the_schema_accepts_and_nothing_ever_raises(
    edits: list[tuple[tuple[int | str, ...], Any]],
) -> None:
    document = copy.deepcopy(FULL)
    for path, value in edits:
        try:
            spoilt(*path, value=value, base=document)
        except (KeyError, IndexError, TypeError):
            continue
    data = json.dumps(document).encode("utf-8", "surrogatepass")
    value, found = validate(data, FILE)
    if value is None:
        assert found
        assert all(len(d.message) < 400 for d in found)
        assert len({str(d) for d in found}) == len(found)
    else:
        jsonschema.Draft202012Validator(load_schema("processes-1")).validate(document)
        assert msgspec.json.decode(encode(value), type=type(value)) == value


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 600), st.integers(0, 60))
def test_no_bytes_are_met_with_an_exception(noise: bytes, at: int, cut: int) -> None:
    data = encode(spec())
    value, found = validate(data[:at] + noise + data[at + cut :], FILE)
    assert value is not None or found
