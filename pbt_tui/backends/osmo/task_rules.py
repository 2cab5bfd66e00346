"""The rules of one task: its words, variables, mounts, files and exit codes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from typing import Any

from pbt_tui.backends.osmo import quantities, templating
from pbt_tui.backends.osmo.lead import RESERVED, part_of
from pbt_tui.backends.osmo.workflow import Workflow, WorkflowTask
from pbt_tui.backends.osmo.workflow_reading import WorkflowReading
from pbt_tui.diagnostics import finding
from pbt_tui.diagnostics.credentials import inside
from pbt_tui.errors import Diagnostic, Where, printable

ACTIONS = ("COMPLETE", "FAIL", "RESCHEDULE")
LARGEST_FILE = 1_000_000
"""Bytes of a file: it becomes a Secret of Kubernetes, which has less than a MiB."""
_VARIABLE = re.compile(r"[A-Za-z_.-][A-Za-z0-9_.-]*", re.ASCII)
_ON_GPU = re.compile(r"(?:.*[=:])?(?:cuda|gpu)(?::[0-9]+)?", re.ASCII | re.DOTALL)
"""A word that names a GPU as the device: `device=cuda:0`."""
_MASKED = re.compile(
    r"(?:access|auth|api|cred|key|passwd|password|secret|token)[\w.-]{0,20}=[\w.=-]{10,150}(?![\w/])",
    re.IGNORECASE,
)
"""What the service takes for a secret in files that it stores, such as `tokenizer=bert-base`."""
_CONFIG = "OSMO_CONFIG_FILE_DIR"
_VISIBLE = "NVIDIA_VISIBLE_DEVICES"


def at(pointer: str) -> Where:
    return Where(pointer=pointer)


def key(name: str) -> str:
    """A key as a part of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def error_of(parse: Callable[[str], Any], text: str) -> str:
    """Why a parser rejects a text; empty if it accepts it."""
    try:
        parse(text)
    except ValueError as e:
        return str(e)
    return ""


def check(
    task: WorkflowTask, here: str, workflow: Workflow, reading: WorkflowReading
) -> Iterator[Diagnostic]:
    """The findings about a task; `here` is its pointer."""
    yield from _words(task, here, workflow, reading)
    yield from _variables(task, here, workflow)
    yield from _mounts(task, here)
    yield from _codes(task, here)
    yield from _files(task, here)
    yield from _image(task, here)
    # without `resources` there is one called `default`
    if task.resource not in (workflow.resources or ("default",)):
        message = f"there is no resource `{printable(task.resource[:80])}`"
        names = ", ".join(f"`{printable(name)}`" for name in workflow.resources)
        hint = f"the workflow has {names}" if names else None
        yield finding("PBT926", message, where=at(f"{here}/resource"), hint=hint)
    for field in ("privileged", "hostNetwork"):
        if getattr(task, field) is True:
            message = f"`{field}` is refused unless the platform allows it"
            yield finding("PBT927", message, where=at(f"{here}/{field}"))


# -- words and variables ---------------------------------------------------------------------------


def _texts(task: WorkflowTask, here: str) -> Iterator[tuple[str, str]]:
    """Pointer and text of everything that reaches the program."""
    for field in ("command", "args"):
        yield from ((f"{here}/{field}/{i}", w) for i, w in enumerate(getattr(task, field)))
    for name, value in task.environment.items():
        yield f"{here}/environment/{key(name)}", value


def _words(
    task: WorkflowTask, here: str, workflow: Workflow, reading: WorkflowReading
) -> Iterator[Diagnostic]:
    names = {*task.environment, *_from_credentials(task)}
    yield from _masked(task, here)
    for pointer, text in _texts(task, here):
        if "{" in text:
            for mark in templating.marks(text):
                yield from _mark(mark, pointer, task, here, workflow)
        if templating.DEFAULTS in text:
            message = (
                f"the client takes a file with the text `{templating.DEFAULTS}` for a template"
            )
            yield finding("PBT902", message, where=at(pointer), hint="let a shell join it")
        for name in templating.references(text, names) if "$(" in text else ():
            message = f"Kubernetes replaces `$({printable(name)})` by the value of the variable"
            hint = f"write `$$({printable(name)})` if the program should get it"
            yield finding("PBT938", message, where=at(pointer), hint=hint)
    for pointer, text in (("image", task.image), ("name", task.name)):
        for mark in templating.marks(text):
            yield from _mark(mark, f"{here}/{pointer}", task, here, workflow)


def _masked(task: WorkflowTask, here: str) -> Iterator[Diagnostic]:
    """PBT941 for the first word that is no secret, but that the service masks."""
    words = [*task.command, *task.args]
    texts = [(f"{here}/environment/{key(n)}", f"{n}={v}") for n, v in task.environment.items()]
    texts += [(p, text) for p, text in _texts(task, here) if "/environment/" not in p]
    for pointer, text in texts:
        found = _MASKED.search(text)
        if found is None or any(inside(words)) or any(inside((text,))):
            continue
        message = f"OSMO stores `{printable(found[0][:60])}` as `[MASKED]`, and a restart runs that"
        hint = "submit the file again, instead of `osmo workflow restart`"
        yield finding("PBT941", message, where=at(pointer), hint=hint)
        return


def _mark(
    mark: templating.Mark, pointer: str, task: WorkflowTask, here: str, workflow: Workflow
) -> Iterator[Diagnostic]:
    shown = printable(mark.text[:60])
    if mark.sort == "token":
        if why := _unfilled(mark.name, task, here, workflow):
            yield finding("PBT903", f"`{shown}` stays as it is: {why}", where=at(pointer))
        return
    if mark.sort == "variable":
        message = f"`{shown}` is a variable of a template, and `default-values` does not have it"
    else:
        message = f"`{shown}` is code of a template: OSMO runs it"
    hint = "if the program should get it, let a shell join it: `'{''{ x }}'`"
    yield finding("PBT902", message, where=at(pointer), hint=hint)


def _unfilled(token: str, task: WorkflowTask, here: str, workflow: Workflow) -> str | None:
    """Why the service does not replace a token; None if it does."""
    kind, _, name = token.partition(":")
    if kind == "uuid":
        return "OSMO knows it, and fills nothing in"
    if kind == "host":
        group = re.match(r"/workflow/groups/(\d+)/", here)
        tasks = workflow.groups[int(group[1])].tasks if group else (task,)
        if name not in {other.name for other in tasks}:
            return f"the group has no task `{printable(name[:60])}`"
    if kind == "input":
        known = {str(i) for i in range(len(task.inputs))}
        known |= {i.task.rpartition(":")[2] for i in task.inputs if i.task is not None}
        if name not in known:
            return f"the task has no input `{printable(name[:60])}`"
    return None


def _variables(task: WorkflowTask, here: str, workflow: Workflow) -> Iterator[Diagnostic]:
    resource = workflow.resources.get(task.resource)
    no_gpu = resource is not None and not resource.gpu
    from_credentials = _from_credentials(task)
    in_group = part_of(task.command, task.args) is not None
    for name, value in task.environment.items():
        pointer, shown = f"{here}/environment/{key(name)}", printable(name[:60])
        if not _VARIABLE.fullmatch(name):
            message = f"`{shown}` is no name of a variable: letters, digits, `_`, `-` and `.`"
            yield finding("PBT920", message, where=at(pointer))
        elif name == _CONFIG or (name == _VISIBLE and no_gpu):
            message = f"OSMO sets `{shown}` itself, and its value wins"
            yield finding("PBT920", message, where=at(pointer))
        elif in_group and name.startswith(RESERVED):
            message = f"the script of the population uses variables that begin with `{RESERVED}`"
            yield finding("PBT920", message, where=at(pointer))
        elif name in from_credentials:
            message = f"credential `{printable(from_credentials[name])}` sets `{shown}`, too"
            yield finding("PBT920", message, where=at(pointer))
        for secret in inside((f"{name}={value}",)):
            message = f"variable `{shown}` holds {secret.kind}, and everybody can read workflows"
            yield finding("PBT921", message, where=at(pointer), hint=_CREDENTIAL)
    words = [*task.command, *task.args]
    for secret in inside(words):
        k = secret.word - len(task.command)
        pointer = f"{here}/args/{k}" if k >= 0 else f"{here}/command/{secret.word}"
        message = f"the command holds {secret.kind}, and everybody can read workflows"
        yield finding("PBT921", message, where=at(pointer), hint=_CREDENTIAL)
    if no_gpu:
        for pointer, word in _texts(task, here):
            if _ON_GPU.fullmatch(word):
                message = f"`{printable(word[-60:])}` needs a GPU, but the task requests none"
                hint = f"give resource `{printable(task.resource)}` a `gpu`"
                yield finding("PBT916", message, where=at(pointer), hint=hint)
                break


_CREDENTIAL = "store it with `osmo credential set`, and name it in `credentials`"


def _from_credentials(task: WorkflowTask) -> dict[str, str]:
    """Variable → the credential that sets it."""
    return {
        variable: name
        for name, of in task.credentials.items()
        if isinstance(of, dict)
        for variable in of
    }


# -- mounts, exit codes, files, image --------------------------------------------------------------


def _mounts(task: WorkflowTask, here: str) -> Iterator[Diagnostic]:
    seen: dict[str, int] = {}
    for i, text in enumerate(task.volumeMounts):
        pointer, shown = f"{here}/volumeMounts/{i}", printable(text[:200])
        if error := error_of(quantities.mount, text):
            code = "PBT918" if text.count(":") > 1 else "PBT917"
            yield finding(code, f"`{shown}`: {error}", where=at(pointer))
            continue
        target = posixpath.normpath(quantities.mount(text).target)
        if target in seen:
            message = f"`{printable(target)}` is also the place of mount {seen[target]}"
            yield finding("PBT917", message, where=at(pointer))
        seen.setdefault(target, i)


def below_a_mount(folder: str, task: WorkflowTask, shared: tuple[str, ...]) -> bool:
    """Whether a folder of a task is in one of its mounts, or in one that the pool makes."""
    targets = [*shared]
    for text in task.volumeMounts:
        if not error_of(quantities.mount, text):
            targets.append(quantities.mount(text).target)
    folder = posixpath.normpath(folder)
    return any(is_below(folder, posixpath.normpath(target)) for target in targets)


def is_below(folder: str, place: str) -> bool:
    return folder == place or folder.startswith(f"{place.rstrip('/')}/")


def _codes(task: WorkflowTask, here: str) -> Iterator[Diagnostic]:
    known: list[tuple[str, list[tuple[int, int]]]] = []
    for name, text in task.exitActions.items():
        pointer = f"{here}/exitActions/{key(name)}"
        if name.upper() not in ACTIONS:
            message = f"there is no action `{printable(name[:60])}`"
            hint = "one of `COMPLETE`, `FAIL` and `RESCHEDULE`"
            yield finding("PBT922", message, where=at(pointer), hint=hint)
            continue
        if error := error_of(quantities.exit_codes, text):
            yield finding("PBT922", f"`{printable(text[:60])}`: {error}", where=at(pointer))
            continue
        ranges = quantities.exit_codes(text)
        yield from _overlaps(name, ranges, known, pointer)
        known.append((name, ranges))
        if name.upper() != "RESCHEDULE":
            continue
        message = "OSMO starts nothing again unless the administrator has set `max_retry_per_task`"
        yield finding("PBT929", message, where=at(pointer))
        if any(first <= quantities.OUT_OF_MEMORY <= last for first, last in ranges):
            message = "3004 is also the code of a task that ran out of memory: it would do so again"
            yield finding("PBT930", message, where=at(pointer))


def _overlaps(
    name: str,
    ranges: list[tuple[int, int]],
    known: list[tuple[str, list[tuple[int, int]]]],
    pointer: str,
) -> Iterator[Diagnostic]:
    for other, others in known:
        if (code := quantities.overlap(ranges, others)) is not None:
            message = f"exit code {code} is in `{name}` and in `{other}`: the first one wins"
            yield finding("PBT922", message, where=at(pointer))
    for i, one in enumerate(ranges):
        if (code := quantities.overlap([one], ranges[:i])) is not None:
            message = f"exit code {code} is in `{name}` twice"
            yield finding("PBT922", message, where=at(pointer))
            return


def _files(task: WorkflowTask, here: str) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    for i, file in enumerate(task.files):
        pointer, shown = f"{here}/files/{i}", printable(file.path[:200])
        parts = [part for part in file.path.split("/") if part]
        if not parts or (parts[0] == "osmo" and not file.path.startswith("/osmo/data/output/")):
            message = f"`{shown}` is in the folder of OSMO"
            yield finding("PBT928", message, where=at(f"{pointer}/path"))
        if file.path in seen:
            message = f"the task has two files `{shown}`"
            yield finding("PBT928", message, where=at(f"{pointer}/path"))
        seen.add(file.path)
        if (file.contents is None) == (file.localpath is None):
            message = "a file has either `contents` or `localpath`"
            yield finding("PBT928", message, where=at(pointer))
        elif file.contents is not None and len(file.contents.encode()) > LARGEST_FILE:
            message = f"`{shown}` is larger than {LARGEST_FILE:,} bytes, which no Secret can hold"
            yield finding("PBT928", message, where=at(f"{pointer}/contents"))


def _image(task: WorkflowTask, here: str) -> Iterator[Diagnostic]:
    shown = printable(task.image[:120])
    if any(templating.marks(task.image)):
        return
    if error := error_of(quantities.image_tag, task.image):
        yield finding("PBT925", f"`{shown}`: {error}", where=at(f"{here}/image"))
    elif quantities.image_tag(task.image) in (None, "latest"):
        message = f"`{shown}` may be another image tomorrow"
        hint = "name a tag, or a digest"
        yield finding("PBT931", message, where=at(f"{here}/image"), hint=hint)
