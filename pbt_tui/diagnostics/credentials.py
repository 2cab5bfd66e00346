"""Finds keys, tokens and passwords in commands and in `env` (PBT324 and PBT531).

A spec is committed, copied into the run directory and shown by the monitor, and every user of the
machine can read a command. A finding names the kind and the place of a secret, never the secret.

A check takes less than a microsecond per job: arguments that equal those of the previous job are
skipped, and one pattern decides whether the rest needs a full check.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from operator import attrgetter
from typing import Any

from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, Where, printable
from pbt_tui.spec import Job, Processes

CODES = ("PBT324", "PBT531")

_KINDS = (
    ("a GitHub token", r"gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}"),
    ("a GitLab token", r"gl(?:pat|ptt|rt)-[A-Za-z0-9_-]{20,}"),
    ("a Hugging Face token", r"hf_[A-Za-z0-9]{30,}"),
    ("an AWS access key", r"A(?:KIA|SIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("a Slack token", r"xox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("a Google API key", r"AIza[A-Za-z0-9_-]{35}"),
    ("an NVIDIA API key", r"nvapi-[A-Za-z0-9_-]{30,}"),
    ("an API key", r"sk-(?:[a-z0-9]{2,10}-){0,3}(?=[A-Za-z_]*[0-9])[A-Za-z0-9_]{20,}"),
    ("an npm token", r"npm_[A-Za-z0-9]{36}"),
    ("a JSON web token", r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}"),
    ("a private key", r"-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY"),
    ("a password in a URL", r"[a-z][a-z0-9+.-]{0,20}://[^\s/:@]*:[^\s/@]+@"),
)


def _later(how: str, pattern: str, flags: int = 0) -> Callable[..., Any]:
    """A method of a pattern that is compiled on the first call: most runs never call it."""
    compiled = cache(lambda: getattr(re.compile(pattern, flags), how))
    return lambda *args: compiled()(*args)  # noqa: PLW0108 - only when it is called


_one_of_these = _later(
    "search", "(?<![A-Za-z0-9])(?:" + "|".join(f"({pattern})" for _, pattern in _KINDS) + ")"
)
_HEADS = (
    *("gh", "github_pat_", "gl", "hf_", "AKIA", "ASIA", "xox", "AIza", "nvapi-", "sk-", "npm_"),
    *("eyJ", "-----BEGIN ", "://"),
)
"""Each of `_KINDS` contains one of these: without one the pattern need not be compiled."""


def _known(text: str) -> re.Match[str] | None:
    found: re.Match[str] | None = None
    if any(head in text for head in _HEADS):
        found = _one_of_these(text)
    return found


_pairs = _later(
    "finditer", r"(?<![\w.-])-*([A-Za-z_][\w.-]*)[\"']?\s*[=:]\s*[\"']?([^\s\"'&;,)}\]]+)"
)
_named = (
    ("a password", _later("search", r"(?:^|_)(?:password|passwd|passphrase)$|.+_pwd$")),
    ("an API key", _later("search", r"(?:^|_)(?:api_?key|wandb_key)$")),
    (
        "a secret",
        _later(
            "search",
            r"(?:^|_)(?:secret|(?:access|secret|private|auth|signing|encryption)_?key"
            r"|credentials?)$",
        ),
    ),
)
_token = _later("search", r"(?:^|_)token$")
_of_language = _later(
    "search",
    r"(?:bos|eos|pad|mask|unk|cls|sep|start|end|stop|special|image|num|n|max|min|per|next|first"
    r"|last|action|state|obs|text|prompt|class)_token$",
)
"""Names of tokens of a language model."""
_camel = _later("sub", r"(?<=[a-z0-9])(?=[A-Z])")
_number = _later("fullmatch", r"[+-]?[0-9]*\.?[0-9]*(?:e[+-]?[0-9]+)?")
_name_of_a_variable = _later("fullmatch", r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_stands_for_one = _later(
    "match",
    r"(?:your|example|dummy|fake|change[-_]?me|placeholder|insert|todo|redacted|xxx)",
    re.IGNORECASE,
)
_EMPTY = frozenset(
    (
        *("true", "false", "none", "null", "nil", "yes", "no", "on", "off", "auto", "default"),
        *("env", "prompt", "stdin", "local", "offline", "disabled", "anonymous", "test"),
    )
)
_ELSEWHERE = ("/", "./", "../", "~", "$", "%", "{", "<", "[", "(", "`", "@", "file:", "env:")
_worth_a_look = re.compile(
    r"=(?:(?=[ghAxnse-])(?:g(?:h[pousr]_|ithub_|l[prt])|hf_[A-Za-z0-9]{30}|A(?:[KS]IA|Iza)|xox"
    r"|n(?:vapi-|pm_)|sk-[A-Za-z0-9]|eyJ|-----B)"
    r"|(?<=[kKrRoOsSpPaAiI][eErRwWsSaAlL][yYnNtTdDeElLsS]=)(?<=(?i:key|ken|ret|ord|swd|pwd|ase|ial|als)=))"
).search


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret: the index of its argument, its name, its kind, and its value."""

    word: int
    name: str | None
    kind: str
    value: str


def check(spec: Processes) -> Iterator[Diagnostic]:
    """Each secret in the commands of a process list, reported once per experiment."""
    reported: set[tuple[str, str | None, str]] = set()
    for i, job in _suspects(spec.jobs):
        for secret in inside(job.argv):
            if (job.experiment, secret.name, secret.kind) not in reported:
                reported.add((job.experiment, secret.name, secret.kind))
                yield _in_command(i, job, secret)
    entrypoint = (spec.container.entrypoint if spec.container else None) or ()
    for secret in inside(entrypoint):
        message = f"`entrypoint` holds {secret.kind}, and a spec is read by everybody"
        where = Where(pointer=f"/container/entrypoint/{secret.word}")
        yield finding("PBT324", message, where=where, hint=_way("the variable"))


def in_variable(name: str, value: str, where: Where) -> Iterator[Diagnostic]:
    """PBT531 if this variable of an experiment holds a secret."""
    for secret in inside((f"{name}={value}",)):
        shown = printable(name)[:60]
        message = f"`{shown}` holds {secret.kind}, and spec files are read by everybody"
        yield finding("PBT531", message, where=where, hint=f"leave it out; {_way(shown)}")


def veiled(found: list[Diagnostic], spec: Processes) -> list[Diagnostic]:
    """The findings of all rules, with every quoted secret replaced by `…`."""
    if not any(d.code in CODES for d in found):
        return found
    words = [job.argv for _, job in _suspects(spec.jobs)]
    words += [tuple(f"{k}={v}" for k, v in job.env.items()) for job in spec.jobs]
    if spec.container is not None and spec.container.entrypoint:
        words.append(spec.container.entrypoint)
    values = {secret.value for argv in dict.fromkeys(words) for secret in inside(argv)}
    heads = sorted({value[:12] for value in values}, key=len, reverse=True)
    before = r"(?<=[=:'\"_`\s])" if min(map(len, heads)) > 5 else r"(?<=[=:'\"_`])"
    quoted = re.compile(f"{before}(?:{'|'.join(map(re.escape, heads))})[^`\\s]*")

    def veil(text: str | None) -> str | None:
        return None if text is None else quoted.sub("…", text)

    return [
        replace(
            d,
            message=quoted.sub("…", d.message),
            hint=veil(d.hint),
            where=replace(d.where, job=veil(d.where.job)),
        )
        for d in found
    ]


def inside(argv: Sequence[str]) -> Iterator[Credential]:
    """The secrets in the arguments of a command, or in one `NAME=value`: the full check."""
    option = None
    for k, word in enumerate(argv):
        text = " ".join(argv[k : k + 5]) if word.startswith("-----BEGIN") else word
        if (found := _known(text)) is not None and not _url_without(found[0]):
            name, equals, _ = word.partition("=")
            shown = name if equals and _known(name) is None else option
            yield Credential(k, shown, _KINDS[(found.lastindex or 1) - 1][0], found[0])
        else:
            pairs = [(m[1], m[2]) for m in _pairs(word)]
            if option is not None and not word.startswith("-"):
                pairs.append((option, word))
            for name, value in pairs:
                if (kind := _kind(name, value)) is not None:
                    yield Credential(k, name, kind, value)
                    break
        option = word.lstrip("-") if word.startswith("--") and "=" not in word else None


_TOGETHER = 100
"""Jobs whose commands are looked at as one text."""
_ARGV = attrgetter("argv")


def _suspects(jobs: Sequence[Job]) -> Iterator[tuple[int, Job]]:
    """The jobs that need the full check: the first of each kind, and matches of the pattern."""
    before: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    n = 0
    for start in range(0, len(jobs), _TOGETHER):
        several = jobs[start : start + _TOGETHER]
        if n and not _any_suspect(several, "=".join(shared)):
            before = several[-1].argv
            continue
        for i, job in enumerate(several, start):
            argv = job.argv
            # a new argument then follows a `=`, as a value does
            if n and argv[:n] == shared and not _is_suspect("=".join(argv[n - 1 :])):
                before = argv
                continue
            n = next((k for k, (a, b) in enumerate(zip(argv, before)) if a != b), 0)  # noqa: B905
            before, shared = argv, argv[:n]
            yield i, job


def _any_suspect(jobs: Sequence[Job], shared: str) -> bool:
    """Whether any of the jobs may need the full check; `shared`: how all commands have to begin."""
    lines = "\n".join(["", *map("=".join, map(_ARGV, jobs))])
    head = f"\n{shared}="
    return lines.count(head) != len(jobs) or _is_suspect(lines.replace(head, "\n="))


def _is_suspect(text: str) -> bool:
    return bool(_worth_a_look(text)) or ":" in text or " " in text or '"' in text


def _kind(name: str, value: str) -> str | None:
    """The kind of secret that the name of the value indicates; None if the value is no secret."""
    plain = _camel("_", name).lower().replace("-", "_").replace(".", "_")
    if not plain.endswith(("y", "n", "t", "d", "e", "s", "l")) or _stand_in(value):
        return None
    for kind, matches in _named:
        if matches(plain):
            count = _number(value) is not None and len(value) < (4 if kind == "a password" else 12)
            return None if count else kind
    if _token(plain) and not _of_language(plain) and len(value) >= 8:
        mixed = not value.isalpha() and _number(value) is None
        return "a token" if mixed or name.isupper() else None
    return None


def _stand_in(value: str) -> bool:
    """Whether the value only refers to a secret, or says that there is none."""
    return (
        value.startswith(_ELSEWHERE)
        or value.lower() in _EMPTY
        or len(set(value)) < 2
        or _stands_for_one(value) is not None
        or _name_of_a_variable(value) is not None
    )


def _url_without(text: str) -> bool:
    """Whether the password of a URL only refers to one: `redis://user:$PASSWORD@host`."""
    _, scheme, rest = text.partition("://")
    return bool(scheme) and _stand_in(rest.partition(":")[2].removesuffix("@"))


def _in_command(i: int, job: Job, secret: Credential) -> Diagnostic:
    name = None if secret.name is None else printable(secret.name.lstrip("-+~"))[:60]
    what = f"argument {secret.word}" if name is None else f"`{name}`"
    where = Where(
        pointer=f"/jobs/{i}/argv/{secret.word}",
        experiment=job.experiment,
        job=job.id,
        param=name if name in job.params else None,
    )
    message = f"{what} holds {secret.kind}: spec files and commands are read by everybody"
    hint = f"let the trainer read it from a variable; {_way('NAME')}"
    return finding("PBT324", message, where=where, hint=hint)


def _way(name: str) -> str:
    return (
        f"plain processes inherit what `pbt-run` is started with, containers take it with "
        f"`--env_from {name}`"
    )
