"""Names of workflows, groups and tasks: what the service accepts, and how a job is named.

Must not know the spec: a name depends on the ids of the run's jobs alone.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence

LONGEST = 64
"""Characters of a name, unless the service has another `max_name_length`."""
LONGEST_TASK = LONGEST - len("-group")
"""Characters of a task outside a group: the service adds a group `<task>-group`."""
RESERVED = ("osmo-ctrl", "osmo-init")
"""Names of the service's own containers beside that of a task."""
POPULATION_GROUP = "population"
WAITER = "waiter"
"""The task that leads a population without being a member. Names of jobs begin with `t0` to `t9`,
or `ta` to `tz`, so that none is equal to this or to the name of the group."""
_LEGAL = re.compile(r"[a-zA-Z]([a-zA-Z0-9_-]*[a-zA-Z0-9])?")
_KEPT, _DIGITS = 49, 8
_SLUG = 40


def is_legal(name: str) -> bool:
    """Whether the service accepts the characters of a name."""
    return _LEGAL.fullmatch(name) is not None


def folded(name: str) -> str:
    """How Kubernetes sees a name: two names of a file must differ in this.

    Example:
        >>> folded("Ant_1") == folded("ant-1")
        True
    """
    return name.lower().replace("_", "-")


def group_of(task: str) -> str:
    """The group that the service makes for a task outside a group."""
    return f"{task}-group"


def task_names(ids: Sequence[str]) -> dict[str, str]:
    """Job id → name of its task: legal, at most 58 characters, and different for each id.

    The name of a job depends on its own id, unless another job would have the same name.

    Args:
        ids: The ids of all jobs of the run.

    Example:
        >>> task_names(["00_ant", "01_Ant.v2"])
        {'00_ant': 't00-ant', '01_Ant.v2': 't01-ant-v2'}
    """
    plain = {ident: _plain(ident) for ident in ids}
    count = Counter(plain.values())
    names = {
        ident: name if _stays(name, count[name]) else _with_digest(ident, name)
        for ident, name in plain.items()
    }
    # a plain name may also look like one with a digest
    while more := [i for i, name in _repeated(names) if name == plain[i]]:
        names.update((ident, _with_digest(ident, plain[ident])) for ident in more)
    return names


def _stays(name: str, count: int) -> bool:
    # `x-group` would be the name of the group of task `x`
    return count == 1 and len(name) <= LONGEST_TASK and not name.endswith("-group")


def _repeated(names: dict[str, str]) -> Iterable[tuple[str, str]]:
    count = Counter(names.values())
    return [(ident, name) for ident, name in names.items() if count[name] > 1]


def _plain(ident: str) -> str:
    return "t" + ident.lower().replace("_", "-").replace(".", "-").rstrip("-")


def _with_digest(ident: str, name: str) -> str:
    return f"{name[:_KEPT]}-{hashlib.sha256(ident.encode()).hexdigest()[:_DIGITS]}"


def workflow_name(folder: str, *content: bytes) -> str:
    """The name of a workflow: the folder of the run, and a digest of folder and content.

    Who submits a workflow more than once adds the number of the attempt to the content, so that
    each has a name of its own by which a lost submission is found.

    Example:
        >>> workflow_name("ant_pbt", b"...")[:8]
        'ant-pbt-'
    """
    slug = re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-")[:_SLUG].strip("-")
    if not slug[:1].isalpha():
        slug = f"r{slug}"
    made = hashlib.sha256(folder.encode(errors="surrogatepass"))
    for part in content:
        made.update(b"\0" + part)
    return f"{slug}-{made.hexdigest()[:_DIGITS]}"
