"""Writes the settings of a backend to the event `executor_started`, and reads them back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pbt_tui.journal.events import ExecutorStarted
from pbt_tui.runtimes.kind import RuntimeKind


def settings_of(started: ExecutorStarted, kind: RuntimeKind) -> Mapping[str, Any] | None:
    """The settings that this executor had for `kind`, by field; None if it had none."""
    kept = getattr(started, kind.journal_key)
    if not isinstance(kept, dict):
        return None
    shared = RuntimeKind.__dataclass_fields__["journal_key"].default
    return kept if kind.journal_key != shared or started.runtime == kind.name else None


def kept_settings(settings: Any | None, kind: RuntimeKind) -> dict[str, Any]:
    """The fields of `executor_started` that hold these settings; empty without settings."""
    return {} if settings is None else {kind.journal_key: msgspec.to_builtins(settings)}
