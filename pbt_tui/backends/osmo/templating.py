"""What the service does to the text of a workflow, and how words survive it.

The service renders a workflow with Jinja, once or twice, then replaces tokens such as
`{{workflow_id}}` in each task. Kubernetes then replaces `$(NAME)` and `$$`. Neither quotes of YAML
nor `{% raw %}` protect a word from the first two: no two characters of a mark may stand side by
side in the file. So a shell of the task puts such words together.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

DEFAULTS = "default-values"
"""Key of the values of a template. Wherever the client sees this text, it renders the file."""
WORKFLOW_ID = "{{workflow_id}}"
"""Token for the id of the submitted workflow."""
_BROKEN = re.compile(rf"\{{(?=[{{%#])|{DEFAULTS[:7]}(?={re.escape(DEFAULTS[7:])})")
"""The first part of each mark: behind it, a word is split."""
_MARK = re.compile(r"\{\{[^{}]*\}\}|\{%[^{}%]*%\}|\{#[^{}#]*#\}|\{[{%#]")
"""The text of a mark holds no brace, so that the search takes linear time; where it does, the first
two characters are the mark."""
_TOKEN = re.compile(r"\{\{(uuid|workflow_id|output|input:[^}]+|host:[^}]+)\}\}")
_VARIABLE = re.compile(r"\{\{-?\s*([A-Za-z_][A-Za-z0-9_]*)\s*-?\}\}")
_REFERENCE = re.compile(r"\$(\$|\(([A-Za-z0-9_.-]+)\))")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_MOST_TEXT = 1 << 20

Sort = Literal["token", "variable", "code"]


class Mark(NamedTuple):
    """A part of a text that the service replaces."""

    text: str
    """The part as it is written."""
    sort: Sort
    """A token, a variable of the template, or any other code of Jinja."""
    name: str
    """Name of the token or of the variable; empty for code."""


def marks(text: str) -> Iterator[Mark]:
    """The parts of a text that the service replaces, or fails at.

    Example:
        >>> [(mark.sort, mark.name) for mark in marks("{{output}}/{{ lr }}{% if x %}")]
        [('token', 'output'), ('variable', 'lr'), ('code', '')]
    """
    for found in _MARK.finditer(text):
        whole = found[0]
        if token := _TOKEN.fullmatch(whole):
            yield Mark(whole, "token", token[1])
        elif variable := _VARIABLE.fullmatch(whole):
            yield Mark(whole, "variable", variable[1])
        else:
            yield Mark(whole, "code", "")


def with_tokens(text: str, values: Mapping[str, str]) -> str:
    """`text` with the tokens that `values` has; as the service does, also with blanks inside.

    Example:
        >>> with_tokens("{{output}}/{{ workflow_id }}", {"workflow_id": "ant-3"})
        '{{output}}/ant-3'
    """

    def put(found: re.Match[str]) -> str:
        return values.get(found[1], found[0])

    return re.sub(r"\{\{ *([^{}]*?) *\}\}", put, text)


def with_variables(text: str, values: Mapping[str, str]) -> str:
    """`text` with the variables of a template that `values` has.

    A text that would become longer than a megabyte stays as it is.

    Example:
        >>> with_variables("{{ lr }}/{{ other }}", {"lr": "0.1"})
        '0.1/{{ other }}'
    """
    found = [m[1] for m in _VARIABLE.finditer(text) if m[1] in values]
    if not found or len(text) + sum(len(values[name]) for name in found) > _MOST_TEXT:
        return text
    return _VARIABLE.sub(lambda m: values.get(m[1], m[0]), text)


def has_mark(text: str) -> bool:
    """Whether a word may change where the service renders the file."""
    return ("{" in text or DEFAULTS in text) and _BROKEN.search(text) is not None


def is_identifier(name: str) -> bool:
    """Whether a shell can set a variable of this name."""
    return _IDENTIFIER.fullmatch(name) is not None


def quoted(word: str) -> str:
    """A word for a POSIX shell, in which no two characters of a mark stand side by side.

    Example:
        >>> quoted("{{ lr }}"), quoted("it's"), quoted("plain")
        ("'{''{ lr }}'", '\\'it\\'"\\'"\\'s\\'', 'plain')
    """
    if word and not re.search(r"[^A-Za-z0-9_@%+=:,./-]", word) and not has_mark(word):
        return word
    inside = word.replace("'", "'\"'\"'")
    return f"'{_BROKEN.sub(_split, inside)}'"


def _split(found: re.Match[str]) -> str:
    return f"{found[0]}''"


def exported(variables: Mapping[str, str]) -> Iterator[str]:
    """Commands of a shell that set these variables; each name is an identifier."""
    for name, value in variables.items():
        yield f"export {quoted(f'{name}={value}')}"


def dollars(text: str) -> str:
    """A word in which Kubernetes replaces nothing.

    Example:
        >>> dollars("$(HOME) $$ $1")
        '$$(HOME) $$$$ $$1'
    """
    return text.replace("$", "$$")


def by_kubernetes(text: str, variables: Mapping[str, str]) -> str:
    """`text` as Kubernetes passes it on: `$$` is `$`, and `$(NAME)` the value of a variable.

    Example:
        >>> by_kubernetes("$$(A) $(A) $(B) $1", {"A": "x"})
        '$(A) x $(B) $1'
    """

    def put(found: re.Match[str]) -> str:
        return "$" if found[1] == "$" else variables.get(found[2], found[0])

    return _REFERENCE.sub(put, text)


def references(text: str, names: Collection[str]) -> list[str]:
    """Names of variables whose value Kubernetes would put into the text."""
    found = (found[2] for found in _REFERENCE.finditer(text))
    return [name for name in found if name in names]


def shell_text(argv: Sequence[str], variables: Mapping[str, str], before: Sequence[str]) -> str:
    """A command of a shell: commands that come first, variables to export, and the program."""
    words = " ".join(map(quoted, argv))
    return "; ".join((*before, *exported(variables), f"exec {words}"))
