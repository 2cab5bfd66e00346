"""The types of the settings of every run, by section. Imported only when a value is parsed."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from pbt_tui.spec.types import MOST, Container, Policy


class CompileSettings(msgspec.Struct, frozen=True):
    """How a module is compiled; a spec contains none of these settings."""

    out: str
    train_dir: str
    load_timeout: Annotated[float, msgspec.Meta(gt=0, lt=MOST)]
    load_memory: Annotated[int, msgspec.Meta(ge=1 << 26, le=MOST)]
    seed: int
    command_prefix: tuple[str, ...]
    ignore: tuple[str, ...]
    strict: bool


STRUCTS: dict[str, Any] = {
    "policy": Policy,
    "container": Container,
    "compile": CompileSettings,
}
