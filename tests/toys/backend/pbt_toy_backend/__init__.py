"""Backend `toy`: one file of JSON lines, the settings first, then a line for each job."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import msgspec

from pbt_tui.backends import Backend
from pbt_tui.diagnostics import finding
from pbt_tui.errors import BadSpec, Diagnostic, Where
from pbt_tui.settings import Setting, parsers
from pbt_tui.spec import Processes

FILE = "toy/jobs.jsonl"


class Toy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the queue is asked for. Each field is an option `--toy_<field>`."""

    queue: str
    """Queue that the jobs go to."""
    priority: Annotated[int, msgspec.Meta(ge=0, le=9)] = 0
    """Priority of the jobs in the queue, from 0 to 9."""


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of the file."""

    run: str
    settings: Toy
    jobs: int


class ToyBackend(Backend):
    name = "toy"
    title = "the toy queue"
    runtimes = ("toyqueue",)
    settings = (
        Setting("queue", "toy", parsers.plain, "NAME", "the name of a queue"),
        Setting("priority", "toy", parsers.integer, "N", "an integer from 0 to 9"),
    )
    struct = Toy
    owned = (FILE,)
    index = FILE
    documents = (FILE,)

    def lacks(self, given: Mapping[str, Any], spec: Processes) -> str | None:
        return "`--toy_queue` not set" if given.get("queue") is None else None

    def check(self, spec: Processes, settings: Toy) -> Sequence[Diagnostic]:
        if settings.queue.isalnum():
            return []
        at = Where(pointer="/settings/queue")
        said = f"`{settings.queue}` is not the name of a queue"
        return [finding("TOY101", said, where=at, hint="letters and digits alone")]

    def render(self, spec: Processes, settings: Toy) -> dict[str, bytes]:
        lines: list[Any] = [Head(spec.run, settings, len(spec.jobs))]
        lines += [{"job": j.id, "dir": j.dir, "env": j.env, "argv": j.argv} for j in spec.jobs]
        return {FILE: b"".join(msgspec.json.encode(line) + b"\n" for line in lines)}

    def known(self, files: Mapping[str, bytes]) -> dict[str, Any]:
        head, _ = self.read_document(files[FILE])
        if head is None:
            raise BadSpec("its settings cannot be read", where=Where(file=FILE), code="PBT820")
        return msgspec.structs.asdict(head.settings)

    def read_document(self, data: bytes) -> tuple[Head | None, list[Diagnostic]]:
        try:
            return msgspec.json.decode(data.partition(b"\n")[0], type=Head), []
        except msgspec.MsgspecError as e:
            return None, [finding("TOY102", f"the first line tells no settings: {e}")]

    def judge(self, spec: Processes, document: Head) -> Iterator[Diagnostic]:
        if document.run != spec.run:
            said = f"the process list beside it is of run {json.dumps(spec.run)}"
            yield finding("PBT809", said, where=Where(pointer="/run"))

    def told(self, document: Head) -> str:
        return f"{document.jobs} jobs for queue {document.settings.queue}"


BACKEND = ToyBackend()
