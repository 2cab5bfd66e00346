"""The fields of an engine's answers that are read, and their types.

Something else than an engine may answer at the address: a proxy, another program, an engine of
another maker. What is no such answer is refused here, so no other module meets it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from pbt_tui.errors import printable
from pbt_tui.runtimes.engine_errors import EngineUnavailable

_MOST = (1 << 63) - 1
_Code = Annotated[int, Meta(ge=-(1 << 31), le=(1 << 32) - 1)]
_Size = Annotated[int, Meta(ge=-_MOST, le=_MOST)]
_Time = _Size | float
_Labels = dict[str, str] | None
_Words = list[str] | None
_DIGITS = 9
"""Most digits of the number of an attempt."""


class EngineInfo(Struct):
    """The engine itself."""

    ID: str | None = None
    SystemTime: str | None = None
    InitBinary: str | None = None
    SecurityOptions: _Words = None


class InspectedNetwork(Struct):
    """An inspected network."""

    Created: str | None = None


class _ImageConfig(Struct):
    Entrypoint: _Words = None
    User: str | None = None
    StopSignal: str | None = None


class InspectedImage(Struct):
    """An inspected image."""

    Id: str | None = None
    RepoDigests: _Words = None
    Config: _ImageConfig | None = None


class _Detail(Struct):
    current: _Size | None = None
    total: _Size | None = None


class PullStep(Struct, rename={"detail": "progressDetail"}):
    """A step of a pull."""

    id: str | None = None
    status: str | None = None
    error: str | None = None
    detail: _Detail | None = None


class CreatedContainer(Struct):
    """A container that was created."""

    Id: str


class _State(Struct):
    Status: str
    ExitCode: _Code
    Pid: _Code = 0
    Error: str | None = None
    OOMKilled: bool | None = None
    StartedAt: str | None = None
    FinishedAt: str | None = None


class _DeviceRequest(Struct):
    Count: _Code | None = None
    DeviceIDs: _Words = None


class _HostConfig(Struct):
    Memory: _Size | None = None
    DeviceRequests: list[_DeviceRequest] | None = None


class _ContainerConfig(Struct):
    Cmd: _Words = None
    Labels: _Labels = None


class InspectedContainer(Struct):
    """An inspected container."""

    Id: str
    State: _State
    HostConfig: _HostConfig
    Config: _ContainerConfig
    Name: str | None = None
    Created: str | None = None


class ListedContainer(Struct):
    """A container in the list."""

    Id: str
    State: str
    Status: str = ""
    Names: _Words = None
    Labels: _Labels = None
    Created: _Time | None = None


class _Actor(Struct):
    ID: str | None = None
    Attributes: _Labels = None


class ContainerEvent(Struct, rename={"nano": "timeNano"}):
    """An event of a container."""

    Action: str | None = None
    Actor: _Actor | None = None
    time: _Time | None = None
    nano: _Size | None = None


for _kind in (
    *(EngineInfo, InspectedNetwork, InspectedImage, PullStep, CreatedContainer),
    *(InspectedContainer, ListedContainer, ContainerEvent),
):
    # msgspec prepares a type at its first use. Two threads that do so at once crash the process.
    msgspec.json.Decoder(_kind)


def checked(answer: Any, kind: Any) -> Any:
    """The answer itself, if it has the fields of `kind`. Raises `EngineUnavailable` if not.

    Example:
        >>> checked({"Id": "0c1d", "Warnings": []}, CreatedContainer)
        {'Id': '0c1d', 'Warnings': []}
    """
    try:
        # Python reads half a character, `\ud800`, from JSON; a journal cannot hold it.
        msgspec.json.encode(msgspec.convert(answer, kind))
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise unreadable(str(error)) from None
    return answer


def is_answer(answer: Any, kind: Any) -> bool:
    """Whether the answer has the fields of `kind`."""
    try:
        checked(answer, kind)
    except EngineUnavailable:
        return False
    return True


def event_time(event: Any) -> float | None:
    """When an event happened, in Unix seconds; None if it does not say.

    Example:
        >>> event_time({"time": 1764432000, "timeNano": 1764432000500000000})
        1764432000.5
    """
    if not is_answer(event, ContainerEvent):
        return None
    nano, whole = event.get("timeNano"), event.get("time")
    return nano / 1e9 if nano else float(whole) if whole else None


def unreadable(why: str) -> EngineUnavailable:
    """The error for something that is no answer of an engine."""
    return EngineUnavailable(f"it sent something else than docker's API: {printable(why[:200])}")


def attempt_number(labels: Mapping[str, str], name: str) -> int:
    """The number of the attempt in the label `name`; 0 if there is none.

    Example:
        >>> attempt_number({"pbt.attempt": "3"}, "pbt.attempt")
        3
        >>> attempt_number({"pbt.attempt": "third"}, "pbt.attempt")
        0
    """
    text = labels.get(name) or ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else 0
