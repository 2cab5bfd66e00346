"""The spec, which says what to run: frozen types, their canonical bytes, and their JSON Schema.

Pure: nothing in this package does IO.
"""

from pbt_tui.spec.arguments import merged
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
    SHM,
    Cause,
    Container,
    ExitRule,
    Job,
    JobFile,
    JobGroup,
    Mount,
    OwnContainer,
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
    "SHM",
    "Cause",
    "Container",
    "ExitRule",
    "Job",
    "JobFile",
    "JobGroup",
    "Mount",
    "OwnContainer",
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
    "merged",
    "without_prefix",
]
