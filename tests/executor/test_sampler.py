"""The sampler goes on when a population cannot be sampled, and says what it left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from pbt_tui.executor.sampler import Sampler
from pbt_tui.journal import RunDir, replay
from pbt_tui.observe import history, population_monitor, workspaces
from pbt_tui.observe.workspaces import Reader
from pbt_tui.spec import decode
from tests.executor.running import WAITS, Place, job, until

pytestmark = pytest.mark.timeout(100)

GOOD = "experiment_name: a\\nframe: 1\\niteration: 1\\nparams: {lr: 0.5}\\ntrue_objective: 2\\n"
LAUGHS = "&a [x, x, x, x, x, x, x, x, x, x]" + "".join(
    f", &{b} [" + ", ".join([f"*{a}"] * 10) + "]"
    for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


def trains(name: str, text: str, more: str = "true") -> str:
    """A shell command that writes a generation as member 0 of population `name` does."""
    folder = f"train_dir/ws_{name}/000"
    return f"mkdir -p {folder}; printf '{text}' >{folder}/000001.yaml; {more}"


def test_a_history_that_cannot_be_written_is_said(place: Place) -> None:
    """The job makes a folder where the executor writes the history."""
    spec = place.spec(
        job("a", trains("p", GOOD, "mkdir train_dir/r/_pbt/populations.jsonl"), population="p")
    )
    words = "the history of population `p` cannot be written: Is a directory"
    said = place.pbt(spec)
    assert said.code == 0
    assert said.out.count(f"  warning   {words}\n") == 1
    again = place.spec(
        job("a", trains("q", GOOD, "mkdir train_dir/s/_pbt/populations.jsonl"), population="q"),
        name="again",
        run="s",
    )
    words = words.replace("`p`", "`q`")
    said = place.pbt(again, "--json")
    assert said.code == 0
    assert said.err.count(f"warning: {words}\n") == 1
    assert "warning" not in said.out


def test_hostile_metadata_does_not_end_the_history_of_a_run(place: Place) -> None:
    """The population beside it, and the next generation, are in the history."""
    hostile = GOOD.replace("0.5", f"[{LAUGHS}]").replace(
        "experiment_name: a", "experiment_name: &a [*a]"
    )
    good = GOOD.replace("iteration: 1", "iteration: 2")
    after = f"printf '{good}' >train_dir/ws_p/000/000002.yaml"
    spec = place.spec(
        job("a", trains("p", hostile, after), population="p"),
        job("b", trains("q", GOOD), population="q"),
    )
    said = place.pbt(spec)
    assert said.code == 0
    assert "warning" not in said.out
    found = history.read(place.rundir.populations)
    assert {name: [g.generation for g in steps] for name, steps in found.items()} == {
        "p": [2],
        "q": [1],
    }


def test_a_decision_at_a_generation_that_an_earlier_executor_recorded(place: Place) -> None:
    words = "Policy 0: New pbt iteration 1!\\nReplacing underperforming policy 0 with 1\\n"
    logs = f"until [ -e say ]; do sleep 0.02; done; printf '{words}'; {WAITS}"
    other = trains("p", GOOD, WAITS).replace("/000;", "/001;").replace("000/0", "001/0")
    spec = place.spec(
        job("a", trains("p", GOOD, logs), population="p"),
        job("b", other, population="p", member=1),
    )
    executor = place.start(spec)
    until(lambda: len(history.read(place.rundir.populations).get("p", ())) == 2)
    executor.kill()
    executor.wait()
    place.write("say")
    until(lambda: "Replacing" in place.log("a"))
    place.write("go")
    assert place.pbt("train_dir/r").code == 0
    [event] = history.events(place.rundir.populations, "p")
    assert (event.kind, event.member, event.donor) == ("exploit", 0, 1)
    assert (event.generation, event.experiment_name, event.applied) == (1, "a", False)


class Failing:
    """A reader of another package that raises."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def poll(self) -> list[Any]:
        raise KeyError("frame\x1b[2J")


def sampled(place: Place, found: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Sampler:
    """A sampler of a run with the populations `p` and `q`, at work until it has said something."""
    jobs = [job(name, "true", population=name) for name in ("p", "q")]
    place.spec(*jobs)
    good = workspaces.reader

    def reader(style: str, path: Path, argv: Any = ()) -> Reader:
        make = found.get(path.name)
        made: Reader = make(path) if make else good(style, path, argv)
        return made

    monkeypatch.setattr(population_monitor, "reader", reader)
    state = replay(decode((place.path / "specs" / "processes.json").read_bytes()), [])
    rundir = RunDir.of(place.path / "train_dir", "r")
    rundir.path.mkdir(parents=True)
    folder = place.path / "train_dir" / "ws_q" / "000"
    folder.mkdir(parents=True)
    (folder / "000001.yaml").write_text(GOOD.replace("\\n", "\n"))
    return Sampler(state, rundir)


def test_a_reader_that_raises_does_not_stop_the_others(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampler = sampled(place, {"ws_p": Failing}, monkeypatch)
    sampler.start()
    said: list[str] = until(sampler.problems)
    sampler.stop()
    assert said == [r"population `p` cannot be sampled: KeyError: 'frame\x1b[2J'"]
    assert sampler.problems() == [], "once, although each sample fails"
    assert list(history.read(place.rundir.populations)) == ["q"]


def test_a_reader_that_cannot_be_made_does_not_stop_the_others(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path) -> Reader:
        raise OSError("no\nsuch\x1bworkspace")

    sampler = sampled(place, {"ws_p": broken}, monkeypatch)
    sampler.start()
    said: list[str] = until(sampler.problems)
    sampler.stop()
    assert said == [r"population `p` cannot be sampled: OSError: no\nsuch\x1bworkspace"]
    assert list(history.read(place.rundir.populations)) == ["q"]


def test_a_generation_that_is_no_json_is_left_out_and_said(tmp_path: Path) -> None:
    """A reader of another package returns whatever it likes."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    good = msgspec.convert(
        {
            "member": 0, "generation": 1, "experiment_name": "a", "frame": 1, "objective": 1.0,
            "params": {}, "at": 1.0, "checkpoint": None,
        },
        workspaces.Generation,
    )  # fmt: skip
    for value in (object(), "\ud800", 10**5000, deep):
        bad = msgspec.structs.replace(good, generation=2, params={"a": value})
        path = tmp_path / f"{type(value).__name__}.jsonl"

        class Odd(Failing):
            def poll(self) -> list[Any]:
                return [bad, good]  # noqa: B023  # called in this iteration alone

            best = unreadable = restarts = poll

        writer = history.HistoryWriter("p", Odd(tmp_path), path)
        writer.poll()
        assert writer.problem is not None
        assert writer.problem.startswith("a generation of member 0 is no JSON: ")
        assert [g.generation for g in history.read(path)["p"]] == [1]
