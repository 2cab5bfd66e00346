"""Programs whose output names a source, and how a shell changes it; lives in the child."""

from __future__ import annotations

TOOLS = {
    "git": "revision",
    "hostname": "host",
    "uname": "host",
    "whoami": "user",
    "logname": "user",
    "id": "user",
    "date": "clock",
}
"""Programs whose output is one of the sources."""
_OF_A_REVISION = (
    *("rev-parse", "describe", "log", "rev-list", "show", "branch", "symbolic-ref", "name-rev"),
    *("show-ref", "for-each-ref", "tag", "reflog"),
)
_NO_REVISION = (
    "--show-toplevel",
    "--git-dir",
    "--absolute-git-dir",
    "--show-prefix",
    "--show-cdup",
)


def changed_program(name: str, change: str) -> str:
    """A shell function in the place of the program `name`; `change` are the arguments of `tr`.

    Its exit code stays. Of `git` only what tells a revision is changed.
    """
    whole = f'if out=$(command {name} "$@"); then printf \'%s\\n\' "$out" | tr {change}; '
    whole += "else return $?; fi"
    if name != "git":
        return f"{name}() {{ {whole}; }}"
    plain = "|".join(f'*" {word} "*' for word in _NO_REVISION)
    changed = "|".join(f'*" {word} "*' for word in _OF_A_REVISION)
    return (
        f'git() {{ case " $* " in {plain}) command git "$@";; {changed}) {whole};; '
        '*) command git "$@";; esac; }'
    )
