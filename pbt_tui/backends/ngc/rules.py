"""The rules of one job request, whether `pbt-compile` or a person wrote it: PBT701 to PBT711.

NVIDIA's client checks some of these rules on its flags only, some by its data model, and some not
at all. Here all of them apply to a file.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

import msgspec
from msgspec import UNSET

from pbt_tui.backends.ngc.render import is_mig
from pbt_tui.backends.ngc.request import JobRequest, encode
from pbt_tui.diagnostics import finding
from pbt_tui.diagnostics.credentials import Credential, inside
from pbt_tui.errors import Diagnostic, Where, printable
from pbt_tui.settings import argv as words

_decoder = msgspec.json.Decoder(JobRequest)
_CODES = {
    **dict.fromkeys(("userLabels", "reservedLabels", "systemLabels"), "PBT702"),
    **dict.fromkeys(("portMappings", "publishedContainerPorts"), "PBT703"),
    "envs": "PBT704",
    "userSecretsSpec": "PBT706",
    **dict.fromkeys(("datasetMounts", "workspaceMounts", "resultsetMounts"), "PBT707"),
    **dict.fromkeys(("resultContainerMountPoint", "jobVolumeMounts"), "PBT707"),
    "runPolicy": "PBT708",
    **dict.fromkeys(("replicaCount", "minAvailability", "arrayType", "networkType"), "PBT709"),
    "dockerImageName": "PBT710",
}
"""Key → the code of a finding about it; any other key has PBT701."""
_RESERVED_PORT = 1729


def validate(data: bytes) -> tuple[JobRequest | None, list[Diagnostic]]:
    """The request in these bytes, and all findings; None: the bytes are not a request."""
    try:
        made = _decoder.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None, _why_not(data)
    found = check(made)
    if data != encode(made):
        from pbt_tui.diagnostics.json_document import read

        document, twice = read(data)
        found = [*twice, *found, *_empty(document)]
    return made, found


def check(made: JobRequest) -> list[Diagnostic]:
    """The findings that a JSON Schema cannot express."""
    parts: list[Any] = [*made.initContainers, *made.sidecarContainers]
    bases = [f"/initContainers/{i}" for i in range(len(made.initContainers))]
    bases += [f"/sidecarContainers/{i}" for i in range(len(made.sidecarContainers))]
    found = [*_labels(made), *_secrets(made), *_class(made), *_nodes(made), *_otherwise(made)]
    if made.useImageEntryPoint is True and made.entryPoint is not UNSET:
        message = "`useImageEntryPoint` and `entryPoint` exclude each other"
        found.append(finding("PBT701", message, where=Where(pointer="/entryPoint")))
    for part, base in zip([made, *parts], ["", *bases], strict=True):
        found += chain(
            _ports(part, base),
            _envs(part, base),
            _mounts(part, base),
            _image(part.dockerImageName, base),
            secrets_of(part.command, f"{base}/command"),
        )
    volumes = {volume.name for volume in made.jobVolumes}
    for part, base in zip([made, *parts], ["", *bases], strict=True):
        for i, mount in enumerate(part.jobVolumeMounts):
            if mount.name not in volumes:
                message = f"`jobVolumes` has no volume `{printable(mount.name)}`"
                at = Where(pointer=f"{base}/jobVolumeMounts/{i}/name")
                found.append(finding("PBT707", message, where=at))
    return found


# -- documents that do not match the schema --------------------------------------------------------


def _why_not(data: bytes) -> list[Diagnostic]:
    from pbt_tui.diagnostics.json_document import read
    from pbt_tui.diagnostics.schema_errors import schema_faults

    document, found = read(data)
    if document is None and found:
        return found
    if isinstance(document, dict) and "jobDefinition" in document:
        message = "the client would read this key only, and ignore every key beside it"
        at = Where(pointer="/jobDefinition")
        return [*found, finding("PBT701", message, where=at, hint="write its keys at the top")]
    faults = [_coded(d) for d in schema_faults(document, "ngc-job-1")]
    if not faults:  # msgspec is stricter than the schema: `1.0` for an integer and the like
        try:
            msgspec.convert(document, JobRequest)
        except msgspec.ValidationError as e:
            message, _, path = str(e).partition(" - at `")
            pointer = path.rstrip("`").replace("$", "").replace("[", "/").replace("]", "")
            at = Where(pointer=pointer.replace(".", "/") or None)
            faults = [_coded(finding("PBT701", message[:1].lower() + message[1:], where=at))]
        else:
            message = "contains a number or text that JSON readers do not agree on"
            faults = [finding("PBT701", message)]
    return found + faults


def _coded(d: Diagnostic) -> Diagnostic:
    """The finding with the code of its key, and with a hint for keys that no request has."""
    parts = (d.where.pointer or "").split("/")
    last, hint = parts[-1], d.hint
    if last == "labels":
        hint = "did you mean `userLabels`"
    elif last in ("team", "org"):
        hint = f"a file cannot set it: pass `--{last}` to the client"
    message = d.message
    if "envs" in parts and last == "value":
        message = message.partition(", got ")[0]  # the value may be a secret
    codes = [_CODES[part] for part in parts if part in _CODES]
    code = codes[-1] if codes and d.message != "there is no such key" else "PBT701"
    return replace(d, message=message, code=code, hint=hint)


def _empty(value: Any, pointer: str = "") -> Iterator[Diagnostic]:
    """Finds empty lists and objects: the client drops them, or sends them without effect."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        here = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
        if inner in ([], {}):
            message = f"`{printable(str(key))}` is empty"
            yield finding("PBT711", message, where=Where(pointer=here), hint="leave it out")
        elif isinstance(inner, dict | list):
            yield from _empty(inner, here)


# -- the rules -------------------------------------------------------------------------------------


def _labels(made: JobRequest) -> Iterator[Diagnostic]:
    for key in ("userLabels", "reservedLabels", "systemLabels"):
        labels = getattr(made, key)
        for i, label in enumerate(labels):
            if label in labels[:i]:
                at = Where(pointer=f"/{key}/{i}")
                yield finding("PBT702", f"label `{label}` is given twice", where=at)


def _ports(part: Any, base: str) -> Iterator[Diagnostic]:
    numbers: set[int] = set()
    names: set[str] = set()
    for i, mapping in enumerate(getattr(part, "portMappings", ())):
        here = f"{base}/portMappings/{i}"
        yield from _port(mapping.containerPort, numbers, f"{here}/containerPort")
        if mapping.name is UNSET:
            continue
        if mapping.protocol not in ("TCP", "UDP"):
            message = f"port `{mapping.name}` has a name, so its protocol has to be TCP or UDP"
            yield finding("PBT703", message, where=Where(pointer=f"{here}/protocol"))
        if mapping.name in names:
            message = f"port name `{mapping.name}` is given twice"
            yield finding("PBT703", message, where=Where(pointer=f"{here}/name"))
        names.add(mapping.name)
    for i, number in enumerate(getattr(part, "publishedContainerPorts", ())):
        yield from _port(number, numbers, f"{base}/publishedContainerPorts/{i}")


def _port(number: int, numbers: set[int], pointer: str) -> Iterator[Diagnostic]:
    at = Where(pointer=pointer)
    if number == _RESERVED_PORT:
        yield finding("PBT703", f"port {number} is reserved for NGC", where=at)
    if number in numbers:
        yield finding("PBT703", f"port {number} is given twice", where=at)
    numbers.add(number)


def _envs(part: Any, base: str) -> Iterator[Diagnostic]:
    names: set[str] = set()
    for i, env in enumerate(part.envs):
        here = f"{base}/envs/{i}"
        if env.name in names:
            message = f"variable `{env.name}` is set twice"
            yield finding("PBT704", message, where=Where(pointer=f"{here}/name"))
        names.add(env.name)
        for secret in inside((f"{env.name}={env.value}",)):
            yield _secret(f"variable `{env.name}`", secret, f"{here}/value")


def secrets_of(text: Any, pointer: str) -> Iterator[Diagnostic]:
    if text is UNSET:
        return
    try:
        argv = words.split(text)
    except ValueError:
        argv = text.split()
    for secret in inside(argv):
        yield _secret("the command", secret, pointer)


def _secret(what: str, secret: Credential, pointer: str) -> Diagnostic:
    message = f"{what} contains {secret.kind}, and everybody can read job files"
    hint = "store it at NGC, and pass `--ngc_secret NAME:KEY:VARIABLE`"
    return finding("PBT705", message, where=Where(pointer=pointer), hint=hint)


def _secrets(made: JobRequest) -> Iterator[Diagnostic]:
    variables = {env.name for env in made.envs}
    for i, secret in enumerate(made.userSecretsSpec):
        here = f"/userSecretsSpec/{i}"
        if secret.allKeys is True and secret.keysSpec:
            message = f"secret `{secret.name}` has both `allKeys` and `keysSpec`"
            yield finding("PBT706", message, where=Where(pointer=f"{here}/keysSpec"))
        elif secret.allKeys is not True and not secret.keysSpec:
            message = f"secret `{secret.name}` has neither `allKeys` nor `keysSpec`"
            yield finding("PBT706", message, where=Where(pointer=here))
        for k, key in enumerate(secret.keysSpec):
            name = key.keyName if key.envName is UNSET else key.envName
            if name in variables:
                message = f"variable `{name}` is set twice"
                at = Where(pointer=f"{here}/keysSpec/{k}")
                yield finding("PBT706", message, where=at)
            variables.add(name)


def _mounts(part: Any, base: str) -> Iterator[Diagnostic]:
    for i, dataset in enumerate(part.datasetMounts):
        at = Where(pointer=f"{base}/datasetMounts/{i}")
        if (dataset.id is UNSET) == (dataset.uuid is UNSET):
            yield finding("PBT707", "a dataset needs either `id` or `uuid`", where=at)
        elif dataset.uuid is UNSET and dataset.containerMountPoint == "no-mount":
            yield finding("PBT707", "`no-mount` needs a dataset with a `uuid`", where=at)
    points: dict[str, str] = {}
    for key in ("datasetMounts", "jobVolumeMounts", "workspaceMounts"):
        for i, mount in enumerate(getattr(part, key)):
            yield from _point(mount.containerMountPoint, points, f"{base}/{key}/{i}")
    if (extra := getattr(part, "resultsetMounts", UNSET)) is not UNSET:
        yield from _point(extra.containerMountPoint, points, f"{base}/resultsetMounts")
    yield from _point(part.resultContainerMountPoint, points, base, "resultContainerMountPoint")


def _point(
    path: str, points: dict[str, str], base: str, key: str = "containerMountPoint"
) -> Iterator[Diagnostic]:
    if path == "no-mount":
        return
    plain, at = posixpath.normpath(path).replace("//", "/"), Where(pointer=f"{base}/{key}")
    if plain == "/" or ".." in path.split("/"):
        message = f"`{printable(path)}` is not a path below `/`"
        yield finding("PBT707", message, where=at)
    elif plain in points:
        message = f"`{printable(path)}` is also the mount point of {points[plain]}"
        yield finding("PBT707", message, where=at)
    points.setdefault(plain, f"`{base or '/'}`")


def _class(made: JobRequest) -> Iterator[Diagnostic]:
    chosen = "RUNONCE" if made.runPolicy is UNSET else made.runPolicy.preemptClass
    at = Where(pointer="/runPolicy/preemptClass")
    if chosen is UNSET or chosen == "RUNONCE":
        return
    if is_mig(made.aceInstance):
        message = f"`{made.aceInstance}` is a part of a GPU: it accepts `RUNONCE`, not `{chosen}`"
        yield finding("PBT708", message, where=at)
    elif chosen == "RESTARTABLE" and _many(made):
        message = "a job on several nodes cannot be `RESTARTABLE`"
        hint = "use `RESUMABLE` if the job writes checkpoints"
        yield finding("PBT708", message, where=at, hint=hint)


def _many(made: JobRequest) -> bool:
    return made.replicaCount is not UNSET and made.replicaCount > 1


def _nodes(made: JobRequest) -> Iterator[Diagnostic]:
    nodes = 1 if made.replicaCount is UNSET else made.replicaCount
    if made.minAvailability is not UNSET and made.minAvailability > nodes:
        message = f"the job waits for {made.minAvailability} nodes, but has {nodes}"
        yield finding("PBT709", message, where=Where(pointer="/minAvailability"))
    if not _many(made):
        if made.topologyConstraint is not UNSET:
            message = "`topologyConstraint` needs several nodes"
            yield finding("PBT709", message, where=Where(pointer="/topologyConstraint"))
        return
    policy = made.runPolicy
    if made.arrayType is UNSET:
        message, hint = f"{nodes} nodes need an `arrayType`", "pass `--ngc_array_type PYTORCH`"
        yield finding("PBT709", message, where=Where(pointer="/arrayType"), hint=hint)
    if policy is UNSET or not policy.totalRuntimeSeconds:
        message = f"{nodes} nodes need a time limit: `totalRuntimeSeconds`"
        at = Where(pointer="/runPolicy/totalRuntimeSeconds")
        yield finding("PBT709", message, where=at, hint="pass `--ngc_total_runtime 1D`")
    if is_mig(made.aceInstance):
        message = f"`{made.aceInstance}` is a part of a GPU, so a job has one node"
        yield finding("PBT709", message, where=Where(pointer="/replicaCount"))


def _image(image: str, base: str) -> Iterator[Diagnostic]:
    parts, shown = image.split("/"), printable(image)
    message = hint = None
    if "@" in image:
        message = f"`{shown}` contains a digest, which the client would read as a tag"
    elif len(parts) > 1 and re.search(r"[.:]", parts[0]):
        message, hint = f"`{shown}` begins with the address of a registry", "leave it out"
    elif len(parts) > 3:
        message = f"`{shown}` has {len(parts)} parts: at most org, team and image are allowed"
    elif len(parts) < 2:
        message, hint = f"`{shown}` names no org", "write `org/[team/]image[:tag]`"
    elif image.count(":") > 1 or ":" in "".join(parts[:-1]):
        message = f"`{shown}` contains a `:` that is not before a tag"
    elif not all(parts) or parts[-1].startswith(":") or image.endswith(":"):
        message = f"`{shown}` has an empty part"
    if message:
        at = Where(pointer=f"{base}/dockerImageName")
        yield finding("PBT710", message, where=at, hint=hint)


def _otherwise(made: JobRequest) -> Iterator[Diagnostic]:
    """Oddities of published files that the client accepts (PBT711)."""
    if made.aceName is UNSET:
        message = "there is no `aceName`: the job runs on the ACE that the client's user configured"
        yield finding("PBT711", message, where=Where(pointer="/aceName"))
    if made.aceId is not UNSET:
        message = "NGC ignores `aceId`: use `aceName`"
        yield finding("PBT711", message, where=Where(pointer="/aceId"))
    if made.publishedContainerPorts:
        message = "`publishedContainerPorts` is an older form of `portMappings`"
        yield finding("PBT711", message, where=Where(pointer="/publishedContainerPorts"))
    if made.arrayType is not UNSET and not _many(made):
        message = "`arrayType` has no effect on a job with one node"
        yield finding("PBT711", message, where=Where(pointer="/arrayType"))
    if made.networkType is UNSET and _many(made):
        message = "`networkType` is not set: NGC chooses the network between the nodes"
        yield finding("PBT711", message, where=Where(pointer="/networkType"))
