"""Parsers that stand for a trainer of each style, and read what a style has written."""

from __future__ import annotations

import argparse
import ast
import dataclasses
from typing import Any

import jsonargparse
import tyro
from hydra.core.override_parser.overrides_parser import OverridesParser


def boolean(text: str) -> bool:
    return {"True": True, "False": False}[text]


@dataclasses.dataclass
class Inner:
    fast: bool = True


@dataclasses.dataclass
class Args:
    """Such as a CleanRL script has them."""

    exp_name: str = "?"
    train_dir: str = "?"
    track: bool = False
    lr: float = 0.5
    note: str = "?"
    layers: tuple[int, ...] = ()
    limit: int | None = None
    inner: Inner = dataclasses.field(default_factory=Inner)


def by_tyro(argv: list[str]) -> dict[str, Any]:
    return flat(dataclasses.asdict(tyro.cli(Args, args=argv)))


def by_argparse(argv: list[str], *, bare: bool = False) -> dict[str, Any]:
    parser = argparse.ArgumentParser(allow_abbrev=False, exit_on_error=False)
    for name in ("--exp-name", "--train-dir", "--note"):
        parser.add_argument(name, default="?")
    parser.add_argument("--lr", type=float, default=0.5)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--layers", type=int, nargs="*", default=[])
    for name in ("--track", "--inner.fast"):
        if bare:
            parser.add_argument(name, action="store_true")
        else:
            parser.add_argument(name, type=boolean)
    return vars(parser.parse_args(argv))


def by_jsonargparse(argv: list[str]) -> dict[str, Any]:
    parser = jsonargparse.ArgumentParser(exit_on_error=False)
    for name in ("--exp-name", "--train-dir", "--note"):
        parser.add_argument(name, type=str, default="?")
    parser.add_argument("--lr", type=float, default=0.5)
    parser.add_argument("--limit", type=int | None, default=7)
    parser.add_argument("--layers", type=list[int], default=[])
    parser.add_argument("--net", type=dict[str, Any] | None, default=None)
    for name in ("--track", "--inner.fast"):
        parser.add_argument(name, type=bool, default=None)
    return dict(parser.parse_args(argv).items())


def by_hydra(argv: list[str]) -> dict[str, Any]:
    return {
        o.key_or_group: _hydra(o.value()) for o in OverridesParser.create().parse_overrides(argv)
    }


def _hydra(value: Any) -> Any:
    if isinstance(value, list):
        return [_hydra(item) for item in value]
    if isinstance(value, dict):
        return {_hydra(k): _hydra(v) for k, v in value.items()}
    return getattr(value, "text", value) if not isinstance(value, str) else value


def by_literals(argv: list[str]) -> dict[str, Any]:
    """`key=value`, each value a Python literal or else text, as Sacred reads it."""
    values = {}
    for word in argv:
        name, equals, value = word.partition("=")
        assert equals, word
        try:
            values[name] = ast.literal_eval(value)
        except (SyntaxError, ValueError):
            values[name] = value
    return values


def flat(values: dict[str, Any], stem: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            found |= flat(value, f"{stem}{name}.")
        else:
            found[stem + name] = list(value) if isinstance(value, tuple) else value
    return found
