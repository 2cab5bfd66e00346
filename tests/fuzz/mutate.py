"""Makes inputs for the readers: one of a corpus, changed a few times.

The same corpus, seed and number give the same input, so that a finding is repeated by its number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

LARGEST = 300_000
"""Most bytes of an input: more than the readers accept of most files."""
TOKENS = (
    b"[", b"]", b"{", b"}", b",", b": ", b"- ", b"? ", b"\n", b"\r", b"\t", b"  ", b'"', b"'", b"#",
    b"---\n", b"...\n", b"%TAG !a! b\n", b"&a ", b"*a", b"<<: ", b"|\n  ", b">-\n  ", b"! ", b"!a ",
    b"!!int ", b"!!float ", b"!!bool ", b"!!null ", b"!!timestamp ", b"!!binary ", b"!!set ",
    b"!!omap ", b"!!python/tuple ", b"!!python/object/apply:a.b ", b"!!python/name:os.system ",
    b"nan", b".inf", b"-1", b"1e999", b"0x", b"0b1", b"1:59:59.9", b"2020-99-99", b"yes", b"~",
    b"null", b"true", b"\\ud800", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\xc2\x85", b"\x1b[2J",
    "٣".encode(), "²".encode(), b"9" * 30, b"9" * 5_000, b"-" + b"9" * 20_000,
)  # fmt: skip
_DIGITS = re.compile(rb"[0-9]+")

Change = Callable[[bytes, Random, Sequence[bytes]], bytes]


def _slice(data: bytes, rng: Random) -> tuple[int, int]:
    begin = rng.randint(0, len(data))
    return begin, min(len(data), begin + int(rng.expovariate(1 / 20)))


def _times(data: bytes, count: int) -> bytes:
    """`data` again and again; not more of it than an input may have."""
    return data * min(count, LARGEST // max(1, len(data)) + 1)


def _flip(data: bytes, rng: Random, corpus: Sequence[bytes]) -> bytes:
    if not data:
        return data
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]


def _insert(data: bytes, rng: Random, corpus: Sequence[bytes]) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + rng.choice(TOKENS) + data[at:]


def _nest(data: bytes, rng: Random, corpus: Sequence[bytes]) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + _times(rng.choice(TOKENS), int(10 ** rng.uniform(0, 5))) + data[at:]


def _delete(data: bytes, rng: Random, corpus: Sequence[bytes]) -> bytes:
    begin, end = _slice(data, rng)
    return data[:begin] + data[end:]


def _repeat(data: bytes, rng: Random, corpus: Sequence[bytes]) -> bytes:
    begin, end = _slice(data, rng)
    return data[:end] + _times(data[begin:end], int(10 ** rng.uniform(0, 4))) + data[end:]


def _move(data: bytes, rng: Random, corpus: Sequence[bytes]) -> bytes:
    begin, end = _slice(data, rng)
    at = rng.randint(0, len(data))
    return data[:at] + data[begin:end] + data[at:]


def _splice(data: bytes, rng: Random, corpus: Sequence[bytes]) -> bytes:
    other = rng.choice(corpus)
    return data[: rng.randint(0, len(data))] + other[rng.randint(0, len(other)) :]


def _cut(data: bytes, rng: Random, corpus: Sequence[bytes]) -> bytes:
    return data[: rng.randint(0, len(data))]


def _number(data: bytes, rng: Random, corpus: Sequence[bytes]) -> bytes:
    found = list(_DIGITS.finditer(data))
    if not found:
        return data
    one = rng.choice(found)
    many = rng.choice((b"", b"-1", b"0", b"9" * 10, b"9" * 19, b"9" * 400, b"9" * 5_000))
    return data[: one.start()] + many + data[one.end() :]


_CHANGES: tuple[Change, ...] = (
    _flip, _insert, _insert, _nest, _delete, _repeat, _move, _splice, _cut, _number, _number,
)  # fmt: skip


def made(corpus: Sequence[bytes], seed: int, number: int) -> bytes:
    """The input of this number; the first ones are the corpus itself."""
    if number < len(corpus):
        return corpus[number]
    rng = Random(f"{seed}:{number}")
    data = rng.choice(corpus)
    for _ in range(rng.randint(1, 6)):
        data = rng.choice(_CHANGES)(data, rng, corpus)[:LARGEST]
    return data
