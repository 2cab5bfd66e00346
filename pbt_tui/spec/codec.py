"""Spec to bytes and back: one layout, the same on every machine, one job per line.

Must not read or write files: bytes in, bytes out.
"""

from __future__ import annotations

from io import BytesIO

import msgspec

from pbt_tui.errors import BadSpec, UnknownVersion, Where
from pbt_tui.spec.types import FORMAT, Processes

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Processes)
_HEAD = [f for f in Processes.__struct_fields__ if f not in ("jobs", "suffix")]


class _Head(msgspec.Struct):
    format: str = ""


def encode(spec: Processes) -> bytes:
    """The file's bytes: valid JSON, a line for each key of the head, a line for each job."""
    enc = _encoder.encode
    head = [b'"%s":%s' % (key.encode(), enc(getattr(spec, key))) for key in _HEAD]
    if spec.suffix:
        head.insert(2, b'"suffix":' + enc(spec.suffix))
    out = BytesIO()  # a hundred thousand lines, held once
    out.write(b"{" + b",\n".join(head) + b',\n"jobs":[\n')
    between = b""
    for job in spec.jobs:
        out.write(between)
        out.write(enc(job))
        between = b",\n"
    out.write(b"\n]}\n")
    return out.getvalue()


def decode(data: bytes, file: str | None = None) -> Processes:
    """The fast check: types and shape, by msgspec.

    Raises `UnknownVersion` or `BadSpec`; the pointer names the key where msgspec can say it.
    """
    try:
        return _decoder.decode(data)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        where = Where(file=file)
        try:
            head = msgspec.json.decode(data, type=_Head)
        except msgspec.ValidationError:
            head = None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as damage:
            raise BadSpec(f"not JSON: {damage}", where=where) from None
        if head is not None and head.format != FORMAT:
            raise UnknownVersion(
                f"format is `{head.format}`, this is `{FORMAT}`", where=where
            ) from None
        message, _, path = str(e).partition(" - at `")
        pointer = path.rstrip("`").replace("$", "").replace("[", "/").replace("]", "")
        where = Where(file=file, pointer=pointer.replace(".", "/") or None)
        raise BadSpec(message[:1].lower() + message[1:], where=where) from None


def digest(spec: Processes) -> str:
    """What makes two specs the same run: train_dir, jobs and populations; not the policy."""
    import hashlib  # loads OpenSSL: compiling needs no digest

    sha = hashlib.sha256(_encoder.encode((spec.train_dir, spec.populations)))
    for job in spec.jobs:
        sha.update(_encoder.encode(job))
    return sha.hexdigest()
