"""The settings of one executor: a pure function of spec, recorded state and options."""

from __future__ import annotations

import builtins
import io
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.backends import BACKENDS
from pbt_tui.errors import BadSpec, Findings, UnknownKind, UsageError
from pbt_tui.executor.config import ExecutorConfig, ExecutorOptions, executor_config
from pbt_tui.executor.kept_settings import kept_settings, settings_of
from pbt_tui.journal import RunState, apply
from pbt_tui.journal import events as ev
from pbt_tui.runtimes import RUNTIMES
from pbt_tui.spec import FORMAT, Container, Job, Policy, Processes

OPTIONS = ExecutorOptions(cwd=Path("/here"), train_dir=Path("/here/train_dir"))
OF_A_QUEUE = {"experiments_per_gpu": -1, "pause_between": 0.0}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "max_parallel": st.integers(1, 9),
    "pause_between": st.floats(0, 9),
    "experiments_per_gpu": st.sampled_from([-1, 1, 2]),
    "num_gpus": st.integers(0, 8),
    "retries": st.integers(0, 3),
    "grace": st.floats(0, 60),
    "fail_fast": st.booleans(),
}
POLICIES = st.fixed_dictionaries({}, optional=VALUES)
CONTAINERS = st.none() | st.builds(Container, image=st.sampled_from(["a", "b:1"]))
SLURM = st.fixed_dictionaries(
    {},
    optional={
        "partition": st.sampled_from(["short", "long"]),
        "cpus": st.integers(1, 64),
        "gpus_per_job": st.integers(0, 8),
        "files": st.booleans(),
    },
)


@st.composite
def specs(draw: st.DrawFn) -> Processes:
    jobs = tuple(
        Job(f"j{i}", "e", f"j{i}", ("true",), {}, "", {}, None, None, None)
        for i in range(draw(st.integers(1, 4)))
    )
    policy = msgspec.structs.replace(Policy(), **draw(POLICIES))
    return Processes(FORMAT, "r", "m", "t", policy, draw(CONTAINERS), (), jobs)


@st.composite
def states(draw: st.DrawFn, spec: Processes) -> RunState:
    """A directory that is new, or that an executor of some kind has had."""
    state = RunState(spec)
    if draw(st.booleans()):
        return state
    runtime = draw(st.sampled_from(RUNTIMES.built_in))
    image = draw(CONTAINERS) or (Container(image="i") if runtime == "docker" else None)
    slurm = draw(st.none() | SLURM) if runtime == "slurm" else None
    apply(
        state,
        ev.RunOpened(
            seq=1, at=1.0, format=ev.FORMAT, run_id="0" * 8, run="r", cwd="/then",
            train_dir="/then/t", digest="d",
        ),
    )  # fmt: skip
    apply(
        state,
        ev.ExecutorStarted(
            seq=2, at=1.0, pid=1, host="h", boot_id="b", runtime=runtime, gpus=(),
            policy=msgspec.structs.replace(Policy(), **draw(POLICIES)), container=image,
            slurm=slurm,
        ),
    )  # fmt: skip
    return state


@st.composite
def cases(draw: st.DrawFn) -> tuple[Processes | None, RunState, ExecutorOptions]:
    spec = draw(specs())
    backend = draw(st.sampled_from([None, "processes", "slurm"]))
    runtime = draw(st.sampled_from([None, "process", "docker"])) if backend != "slurm" else None
    options = replace(
        OPTIONS,
        policy=draw(POLICIES),
        container=draw(st.sampled_from([{}, {}, {"image": "asked"}])),
        backend=backend,
        runtime=runtime,
        settings={"slurm": draw(SLURM)} if backend == "slurm" else {},
        compiled=draw(SLURM) if backend == "slurm" else {},
        environ={"A": draw(st.sampled_from("xy"))},
    )
    return draw(st.sampled_from([None, spec])), draw(states(spec)), options


def outcome(
    spec: Processes | None, state: RunState, options: ExecutorOptions
) -> ExecutorConfig | str:
    try:
        return executor_config(spec, state, options)
    except (UsageError, Findings) as e:
        return str(e)


@contextmanager
def no_world() -> Iterator[None]:
    """Whoever opens a file, reads a clock or asks the environment fails."""

    def refused(*args: Any, **more: Any) -> Any:
        raise AssertionError(f"not pure: {args}")

    with pytest.MonkeyPatch.context() as patch:
        for place, names in (
            (builtins, ("open",)),
            (io, ("open",)),
            (os, ("open", "stat", "listdir", "scandir", "getcwd", "getenv")),
            (time, ("time", "monotonic", "time_ns", "monotonic_ns")),
        ):
            for name in names:
                patch.setattr(place, name, refused)
        yield


def warm() -> None:
    """Kinds are modules: what is loaded once is loaded."""
    for name in BACKENDS.built_in:
        _ = BACKENDS.get(name).struct
    outcome(None, RunState(_spec()), replace(OPTIONS, backend="slurm"))


def _spec(**more: Any) -> Processes:
    job = Job("j", "e", "j", ("true",), {}, "", {}, None, None, None)
    return Processes(FORMAT, "r", "m", "t", Policy(**more), None, (), (job,))


@given(cases())
@settings(max_examples=300, deadline=None)
def test_it_is_pure(case: tuple[Processes | None, RunState, ExecutorOptions]) -> None:
    _, state, _ = case
    warm()
    before = state.meaning()
    with no_world():
        found = outcome(*case)
        again = outcome(*case)
    assert found == again
    assert state.meaning() == before, "the state is read, never written"


@given(cases())
@settings(max_examples=300, deadline=None)
def test_options_go_over_the_spec_and_the_spec_over_what_was_kept(
    case: tuple[Processes | None, RunState, ExecutorOptions],
) -> None:
    spec, state, options = case
    found = outcome(*case)
    if isinstance(found, str):
        return
    before = state.executor
    own = set(OF_A_QUEUE) | {"max_parallel"}
    for name in VALUES:
        value = getattr(found.policy, name)
        if found.kind.has_queue and name in own:
            assert value == {**OF_A_QUEUE, "max_parallel": len(state.jobs)}[name]
        elif name in options.policy:
            assert value == options.policy[name]
        elif spec is not None or before is None:
            assert value == getattr((spec or state.spec).policy, name)
        elif RUNTIMES.get(before.runtime).has_queue and name in own:
            assert value == getattr(state.spec.policy, name), "the queue's own went with it"
        else:
            assert value == getattr(before.policy, name)
    if "image" in options.container:
        assert found.container is not None
        assert found.container.image == "asked"
    if options.runtime is not None:
        assert found.kind.name == options.runtime
    if options.backend is not None:
        assert found.kind.name in BACKENDS.get(options.backend).runtimes
    if (options.runtime, options.backend, spec) == (None, None, None) and before is not None:
        assert found.kind.name == before.runtime
    assert (found.cwd, found.train_dir) == (
        (Path("/then"), Path("/then/t")) if before else (OPTIONS.cwd, OPTIONS.train_dir)
    )
    assert found.environ == options.environ


@given(cases())
@settings(max_examples=300, deadline=None)
def test_an_engine_is_asked_what_was_given_over_what_it_had(
    case: tuple[Processes | None, RunState, ExecutorOptions],
) -> None:
    _, state, options = case
    found = outcome(*case)
    if isinstance(found, str) or found.kind.name != "slurm":
        assert isinstance(found, str) or found.settings is None
        return
    kept = settings_of(state.executor, found.kind) if state.executor is not None else None
    lower = options.compiled or kept or {}
    asked = {**lower, **options.settings.get("slurm", {}), "files": False}
    assert {name: getattr(found.settings, name) for name in asked} == asked
    written = kept_settings(found.settings, found.kind)
    assert set(written) == {"slurm"}
    assert msgspec.convert(written["slurm"], type(found.settings)) == found.settings


# -- what cannot be obeyed -------------------------------------------------------------------------


def kept(runtime: str, **more: Any) -> RunState:
    state = RunState(_spec())
    event = ev.ExecutorStarted(
        seq=1, at=1.0, pid=1, host="h", boot_id="b", runtime=runtime, gpus=(), policy=Policy(),
        **more,
    )  # fmt: skip
    apply(state, event)
    return state


@pytest.mark.parametrize("spec", [None, _spec()])
def test_a_runtime_that_is_not_installed_is_a_wrong_file(spec: Processes | None) -> None:
    with pytest.raises(BadSpec, match="runtime `elsewhere`, which is not installed") as raised:
        executor_config(spec, kept("elsewhere"), OPTIONS)
    assert raised.value.exit_code == 3
    assert raised.value.hint == "installed runtimes: process, docker, slurm, osmo"


def test_what_the_last_executor_asked_must_be_readable() -> None:
    with pytest.raises(BadSpec, match="the last executor's settings for SLURM cannot be read"):
        executor_config(None, kept("slurm", slurm={"cpus": "many"}), OPTIONS)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"runtime": "docker"}, "`--runtime docker` needs an image"),
        ({"container": {"network": "none"}}, "`--network` needs a container, and no image is set"),
        ({"settings": {"slurm": {"cpus": 1}}}, "`--slurm_cpus` is for SLURM"),
    ],
)
def test_options_that_do_not_go_together(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        executor_config(_spec(), RunState(_spec()), replace(OPTIONS, **options))


def test_unknown_names() -> None:
    for options in (replace(OPTIONS, runtime="nope"), replace(OPTIONS, backend="nope")):
        with pytest.raises(UnknownKind, match="there is no "):
            executor_config(_spec(), RunState(_spec()), options)


def test_the_rules_of_a_backend_are_part_of_it() -> None:
    options = replace(OPTIONS, backend="slurm", settings={"slurm": {"mail_type": "NOPE"}})
    with pytest.raises(Findings) as raised:
        executor_config(_spec(), RunState(_spec()), options)
    assert raised.value.exit_code == 3
    assert raised.value.diagnostics[0].code.startswith("PBT6")


def test_the_property_can_fail() -> None:
    """Each door to the world is shut while it is computed."""
    with no_world():
        for door in (Path("x").read_bytes, os.getcwd, time.time, Path("x").exists):
            with pytest.raises(AssertionError, match="not pure"):
                door()
