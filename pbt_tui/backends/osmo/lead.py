"""The shell scripts by which the lead of a population outlasts its members.

The end of the lead is the end of its group: the service kills the other tasks. So each member
leaves a mark with its exit code in a folder that all of them share, and shows that it is alive by
counting in a second file. The lead waits for all marks. It gives up a member that neither leaves a
mark nor counts, as one whose pod has died. The marks are those of one submitted workflow: its id
is the name of the folder. A member that the service starts again removes its own.

The scripts need `sh`, `mkdir`, `mv`, `rm` and `sleep` alone. Names of variables begin with `pbt_`,
so that none of the job's is overwritten. A subshell replaces itself by the program, because a shell
would run `echo` or `test` itself.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from pbt_tui.backends.osmo.quantities import SIGNALLED, exit_codes
from pbt_tui.backends.osmo.templating import WORKFLOW_ID, dollars

FOLDER = "_osmo"
"""Folder of the marks, in the folder of the run below `train_dir`."""
RESERVED = "pbt_"
"""How the names of variables of the scripts begin."""
NO_FOLDER = 73
"""Exit code of a member that cannot write to the shared folder."""
_HEAD = "# pbt "

_BEGIN = f"""\
mkdir -p "$pbt_marks" && rm -f "$pbt_marks/$pbt_name" && echo 0 >"$pbt_marks/$pbt_name.alive" || {{
  echo "pbt: cannot write to the shared folder $pbt_marks" >&2
  exit {NO_FOLDER}
}}
"""
_RUN = """\
pbt_count=0
while kill -0 $$; do
  pbt_count=$((pbt_count + 1))
  echo $pbt_count >"$pbt_marks/$pbt_name.alive"
  sleep 20
done </dev/null >/dev/null 2>&1 &
pbt_alive=$!
(exec "$@")
pbt_code=$?
kill $pbt_alive 2>/dev/null
echo $pbt_code >"$pbt_marks/.$pbt_name" && mv -f "$pbt_marks/.$pbt_name" "$pbt_marks/$pbt_name"
"""
_WAIT = """\
pbt_open=
pbt_bad=0
for pbt_one in $pbt_others; do pbt_open="$pbt_open $pbt_one::0"; done
while [ -n "$pbt_open" ]; do
  pbt_next=
  for pbt_word in $pbt_open; do
    pbt_one=${pbt_word%%:*}
    pbt_word=${pbt_word#*:}
    pbt_seen=${pbt_word%%:*}
    pbt_quiet=${pbt_word#*:}
    pbt_end=
    { read -r pbt_end <"$pbt_marks/$pbt_one"; } 2>/dev/null
    case ",$pbt_again," in *",${pbt_end:-none},"*) pbt_end= ;; esac
    if [ -n "$pbt_end" ]; then
      [ "$pbt_end" = 0 ] || pbt_bad=1
      continue
    fi
    pbt_now=
    { read -r pbt_now <"$pbt_marks/$pbt_one.alive"; } 2>/dev/null
    if [ "$pbt_now" = "$pbt_seen" ]; then pbt_quiet=$((pbt_quiet + 10)); else pbt_quiet=0; fi
    if [ "$pbt_quiet" -ge "$pbt_limit" ]; then
      echo "pbt: no sign of $pbt_one for $pbt_limit seconds: not waiting for it" >&2
      pbt_bad=1
      continue
    fi
    pbt_next="$pbt_next $pbt_one:$pbt_now:$pbt_quiet"
  done
  pbt_open=$pbt_next
  if [ -n "$pbt_open" ]; then sleep 10; fi
done
"""
MEMBER = (
    f"{_HEAD}member: leaves its exit code for the lead\n"
    "pbt_marks=$1 pbt_name=$2\nshift 2\n"
    f"{_BEGIN}{_RUN}exit $pbt_code\n"
)
LEAD = (
    f"{_HEAD}lead: a member that ends after all others\n"
    "pbt_marks=$1 pbt_name=$2 pbt_limit=$3 pbt_again=$4 pbt_others=$5\nshift 5\n"
    f"{_BEGIN}{_RUN}{_WAIT}exit $pbt_code\n"
)
WAITER = (
    f"{_HEAD}waiter: ends after all members, with 1 if one failed\n"
    "pbt_marks=$1 pbt_name=$2 pbt_limit=$3 pbt_again=$4 pbt_others=$5\n"
    f"{_BEGIN}{_WAIT}exit $pbt_bad\n"
)
Role = Literal["member", "lead", "waiter", "changed"]
_SCRIPTS: dict[str, Role] = {
    dollars(MEMBER): "member",
    dollars(LEAD): "lead",
    dollars(WAITER): "waiter",
}
SHELL = "/bin/sh"


class GroupPart(NamedTuple):
    """What a task does for its population."""

    role: Role
    """`changed`: its script is none of these, although it begins like one."""
    marks: str
    """The shared folder; empty if it cannot be told."""
    name: str
    """The name under which it leaves its mark."""
    limit: str
    """Seconds without a sign of a task, after which it waits no longer."""
    others: tuple[str, ...]
    """The tasks that it waits for."""


def marks_folder(train_dir: str, run: str, workdir: str | None) -> str:
    """The folder of the marks of one submitted workflow."""
    root = posixpath.normpath(posixpath.join(workdir or "", train_dir))
    return posixpath.join(root, run, FOLDER, WORKFLOW_ID)


def member_words(marks: str, name: str, argv: Sequence[str]) -> list[str]:
    """The command of a member that is not the lead."""
    return [SHELL, "-c", MEMBER, "pbt", marks, name, *argv]


def lead_words(
    marks: str, name: str, limit: float, again: str, others: Iterable[str], argv: Sequence[str]
) -> list[str]:
    """The command of a member that is the lead.

    Args:
        marks: Folder of the marks.
        name: Name of the task.
        limit: Seconds without a sign of a member.
        again: Exit codes with which a member has not ended, because it is started again.
        others: Names of the other tasks.
        argv: Command of the job.
    """
    return [SHELL, "-c", LEAD, "pbt", marks, name, f"{limit:.0f}", again, " ".join(others), *argv]


def waiter_words(
    marks: str, name: str, limit: float, again: str, others: Iterable[str]
) -> list[str]:
    """The command of a task that only waits for the members."""
    return [SHELL, "-c", WAITER, "pbt", marks, name, f"{limit:.0f}", again, " ".join(others)]


def started_again(codes: str | None) -> str:
    """The codes of a set with which a command can end, as a list with commas."""
    if codes is None:
        return ""
    ranges = exit_codes(codes)
    return ",".join(str(c) for first, last in ranges for c in range(first, last + 1)
                    if c <= SIGNALLED)  # fmt: skip


def part_of(command: Sequence[str], args: Sequence[str]) -> GroupPart | None:
    """What a task of a file does for its population; None: it has none of these scripts."""
    words = (*command, *args)
    if len(words) < 3 or words[1] != "-c" or not words[2].startswith(_HEAD):
        return None
    role = _SCRIPTS.get(words[2], "changed")
    rest = (*words[4:9], "", "", "", "", "")
    others = rest[4].split(" ") if role in ("lead", "waiter") else []
    return GroupPart(role, rest[0], rest[1], rest[2], tuple(filter(None, others)))
