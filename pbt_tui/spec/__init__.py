"""WHAT TO RUN: frozen types, canonical bytes, JSON Schema from the types. No IO.

Must not know where a spec came from, nor what becomes of it.
"""

from pbt_tui.spec.codec import (
    DIGEST_RULE,
    decode,
    digest,
    digest_rule,
    encode,
    is_encoded,
    without_prefix,
)
from pbt_tui.spec.types import (
    FORMAT,
    Cause,
    Container,
    Job,
    Mount,
    Placeholder,
    Policy,
    Population,
    Processes,
    Resources,
    Style,
    Ulimit,
)

__all__ = [
    "DIGEST_RULE",
    "FORMAT",
    "Cause",
    "Container",
    "Job",
    "Mount",
    "Placeholder",
    "Policy",
    "Population",
    "Processes",
    "Resources",
    "Style",
    "Ulimit",
    "decode",
    "digest",
    "digest_rule",
    "encode",
    "is_encoded",
    "without_prefix",
]
