"""Encodes a spec to bytes, the same on every machine with one job per line, and decodes it again.

Must not read or write files.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import msgspec

from pbt_tui.errors import BadSpec, UnknownVersion, Where, printable
from pbt_tui.spec.types import FORMAT, Population, Processes

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Processes)
_LATE = ("jobs", "command_prefix", "suffix", "seed", "groups")
_HEAD = [f for f in Processes.__struct_fields__ if f not in _LATE]


class _Head(msgspec.Struct):
    format: str = ""


def encode(spec: Processes) -> bytes:
    """The bytes of the spec file: valid JSON, one line for each key of the head and each job."""
    out = BytesIO()  # holds the lines once: a spec may have a hundred thousand
    for piece in _pieces(spec):
        out.write(piece)
    return out.getvalue()


def is_encoded(spec: Processes, data: bytes) -> bool:
    """Whether `data` is what `encode` gives; a second copy of it is never held."""
    at = 0
    for piece in _pieces(spec):
        if not data.startswith(piece, at):
            return False
        at += len(piece)
    return at == len(data)


_PIECE = 1000
"""Jobs that are encoded at once."""


def _pieces(spec: Processes) -> Iterator[bytes]:
    enc, jobs = _encoder.encode, spec.jobs
    head = [b'"%s":%s' % (key.encode(), enc(getattr(spec, key))) for key in _HEAD]
    if spec.seed is not None:
        head.insert(3, b'"seed":%d' % spec.seed)
    if spec.suffix:
        head.insert(2, b'"suffix":' + enc(spec.suffix))
    if spec.command_prefix:
        head.append(b'"command_prefix":' + enc(spec.command_prefix))
    if spec.groups:
        head.append(b'"groups":' + enc(spec.groups))
    yield b"{" + b",\n".join(head) + b',\n"jobs":[\n'
    for start in range(0, len(jobs), _PIECE):
        if start:
            yield b",\n"
        yield b",\n".join(map(enc, jobs[start : start + _PIECE]))
    yield b"\n]}\n"


def without_prefix(spec: Processes) -> Processes:
    """The spec without its `command_prefix`, for backends that start commands in another way."""
    if not spec.command_prefix:
        return spec
    n, replace = len(spec.command_prefix), msgspec.structs.replace
    jobs = tuple(replace(job, argv=job.argv[n:] or ("",)) for job in spec.jobs)
    return replace(spec, command_prefix=(), jobs=jobs)


def decode(data: bytes, file: str | None = None) -> Processes:
    """The spec in these bytes; msgspec checks the types only.

    Raises `UnknownVersion` or `BadSpec`, with a pointer to the key if msgspec names it.
    """
    try:
        return _decoder.decode(data)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        where = Where(file=file)
        try:
            head = msgspec.json.decode(data, type=_Head)
        except msgspec.ValidationError:
            head = None
        except RecursionError:
            raise BadSpec("nested too deeply", where=where) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as damage:
            raise BadSpec(f"not JSON: {damage}", where=where) from None
        if head is not None and head.format != FORMAT:
            raise UnknownVersion(
                f"format is `{printable(head.format)}`, this is `{FORMAT}`", where=where
            ) from None
        message, _, path = str(e).partition(" - at `")
        pointer = path.rstrip("`").replace("$", "").replace("[", "/").replace("]", "")
        where = Where(file=file, pointer=pointer.replace(".", "/") or None)
        raise BadSpec(printable(message[:1].lower() + message[1:]), where=where) from None


DIGEST_RULE = 1
"""The newest digest rule, and the default of `digest`."""


def digest(spec: Processes, rule: int = DIGEST_RULE) -> str:
    """The digest of what identifies a run: train_dir, jobs and populations, without the policy.

    The executor compares a spec with a run directory by the rule that made the digest of the
    directory (`digest_rule`). A published rule never changes. A field that is added to `Job` or
    `Population` later has a default. A rule that is older than the field includes the field only if
    its value differs from the default, so that a run in progress can be resumed after an upgrade.

    Raises `UnknownVersion` for a rule that this version does not know.
    """
    import hashlib  # loads OpenSSL: compiling needs no digest

    if rule != 1:
        raise UnknownVersion(
            f"the digest was made by rule {rule}, this version knows rules up to {DIGEST_RULE}",
            hint="use the version of pbt_tui that made the run directory, or a newer one",
        )
    populations = [_as_written(p, _POPULATION_1) for p in spec.populations]
    sha = hashlib.sha256(_encoder.encode((spec.train_dir, populations)))
    if spec.groups:
        sha.update(_encoder.encode(spec.groups))
    for job in spec.jobs:
        sha.update(_encoder.encode(job))  # the type itself omits fields with their default value
    return sha.hexdigest()


def digest_rule(text: str) -> int:
    """The rule that made a digest: the number before its colon, or 1 if it has no colon."""
    rule, colon, _ = text.partition(":")
    return int(rule) if colon and rule.isascii() and rule.isdigit() else 1


_POPULATION_1 = ("id", "style", "size", "workspace", "members")
"""The fields of a population that rule 1 always includes."""


def _as_written(population: Population, always: tuple[str, ...]) -> dict[str, Any]:
    found = {name: getattr(population, name) for name in always}
    for f in msgspec.structs.fields(population):
        if f.name not in found and (value := getattr(population, f.name)) != f.default:
            found[f.name] = value
    return found
