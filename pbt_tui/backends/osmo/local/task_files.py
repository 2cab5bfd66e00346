"""The files that a task finds in its container: their contents, and paths that are refused.

The contents lie in the run directory under names of our own, and the engine mounts them at the
paths. For each it makes a mount point first: below the mount of a folder, that would be a file of
this machine outside the run directory.
"""

from __future__ import annotations

import base64
import posixpath
from collections.abc import Callable, Iterator, Sequence

from pbt_tui.backends.osmo.task_rules import at
from pbt_tui.backends.osmo.workflow import InlineFile, WorkflowTask
from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, printable
from pbt_tui.spec import JobFile, Mount

Tell = Callable[[Diagnostic], None]
_LONGEST_PATH = 4095
_LONGEST_NAME = 255
_OF_KERNEL = ("/proc", "/sys")


def normal(path: str) -> str:
    """An absolute path without `.`, `..` and double slashes, as the engine mounts it.

    Example:
        >>> normal("//data/x/../y/")
        '/data/y'
    """
    return "/" + posixpath.normpath(f"/{path}").lstrip("/")


def below(path: str, folder: str) -> bool:
    """Whether a path is below the other."""
    return normal(path).startswith(f"{normal(folder).rstrip('/')}/")


def within(one: str, other: str) -> bool:
    """Whether a path is the other, or below it."""
    return normal(one) == normal(other) or below(one, other)


def files(
    task: WorkflowTask,
    here: str,
    output: str,
    mounts: Sequence[Mount],
    local_file: Callable[[str], bytes] | None,
    tell: Tell,
) -> Iterator[JobFile]:
    """The files of a task; `tell` gets what is wrong.

    Args:
        task: the task.
        here: its JSON pointer.
        output: the folder of its output in the container: it is one of the run, so that files may
            be made below it.
        mounts: all folders that it sees.
        local_file: reads a file beside the workflow. Raises `ValueError` if it cannot.
        tell: takes a finding.
    """
    made: list[str] = []
    targets = [mount.target for mount in mounts]
    for i, file in enumerate(task.files):
        pointer, path = f"{here}/files/{i}", normal(file.path)
        wrong = _wrong_path(file.path, made, targets, output)
        if wrong is not None:
            message, hint = wrong
            tell(finding("PBT953", message, where=at(f"{pointer}/path"), hint=hint))
            continue
        made.append(path)
        contents, wrong_contents = _contents(file, local_file)
        if wrong_contents is not None:
            key = "localpath" if file.localpath is not None else "contents"
            tell(finding("PBT953", wrong_contents, where=at(f"{pointer}/{key}")))
        encoded = file.localpath is not None or file.base64 in (True, "true")
        yield JobFile(path=path, contents=contents, base64=encoded)


def _wrong_path(
    given: str, made: Sequence[str], folders: Sequence[str], output: str
) -> tuple[str, str | None] | None:
    """Why no file can be made at a path, and a hint; None: it can."""
    path, shown = normal(given), printable(given[:200])
    if not given.startswith("/") or path == "/" or "\0" in given:
        return "the path of a file has to be absolute", None
    if ".." in given.split("/"):
        return f"`{shown}` has `..`", f"write `{printable(path[:200])}`"
    data = path.encode(errors="surrogatepass")
    if len(data) > _LONGEST_PATH or max(map(len, data.split(b"/"))) > _LONGEST_NAME:
        return f"`{shown}` is longer than a path of Linux", None
    if any(within(path, folder) for folder in _OF_KERNEL):
        return f"`{shown}` is in a folder of the kernel", None
    inside = next((one for one in folders if one != output and below(path, one)), None)
    if inside is not None:
        message = f"the file would be made in the mounted folder `{printable(inside)}`"
        return message, "choose a path outside `volumeMounts`"
    other = next((one for one in (*folders, *made) if within(one, path)), None)
    if other is not None:
        return f"`{shown}` cannot be a file: `{printable(other[:200])}` is there", None
    above = next((one for one in made if below(path, one)), None)
    if above is not None:
        return f"`{shown}` is below `{printable(above[:200])}`, which is a file", None
    return None


def _contents(
    file: InlineFile, local_file: Callable[[str], bytes] | None
) -> tuple[str, str | None]:
    """The content of a file, and what is wrong with it."""
    if file.localpath is not None:
        try:
            if local_file is None:
                raise ValueError("it cannot be read here")
            return base64.b64encode(local_file(file.localpath)).decode(), None
        except ValueError as e:
            return "", f"`{printable(file.localpath[:200])}`: {e}"
    contents = file.contents or ""
    if file.base64 not in (True, "true"):
        return contents, None
    try:  # the same content in the strict form
        data = base64.b64decode("".join(contents.split()), validate=True)
        return base64.b64encode(data).decode(), None
    except ValueError:
        return "", "not encoded with base64"
