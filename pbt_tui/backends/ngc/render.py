"""Renders a Base Command job request for each job, and the script that submits them.

Must not call the client: this module only builds the arguments of its commands. `ngc.request`
defines the fields of a request, `ngc.rules` checks their values.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Mapping
from typing import Any

from pbt_tui.backends.ngc.files import FOLDER, SUBMIT
from pbt_tui.backends.ngc.request import (
    LONGEST_NAME,
    NOT_SAID,
    Class,
    Env,
    JobRequest,
    RunPolicy,
    encode,
    identified,
    key,
)
from pbt_tui.backends.ngc.settings_struct import Ngc, decode_settings, encode_settings
from pbt_tui.errors import BadSpec, Where
from pbt_tui.spec import Job, Processes

REGISTRY = "nvcr.io/"
NO_TEAM = "no-team"
"""The client's value for no team. It overrides a team in the client's configuration."""
PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_SETTINGS_LINE = "# settings "
_MIG = re.compile(r"(^|[._-])(mig|\d+g[._]\d+gb)([._-]|$)", re.IGNORECASE)
_SINCE = "3650D"
"""How far back the client lists jobs: by default it lists only the last seven days."""


def render(spec: Processes, settings: Ngc) -> dict[str, bytes]:
    """A request file for each job, and the script. The container of `spec` must name an image."""
    requests = {path_of(job): request(spec, job, settings) for job in spec.jobs}
    files = {path: encode(made) for path, made in requests.items()}
    return {**files, SUBMIT: _script(spec, settings, requests)}


def known(files: Mapping[str, bytes]) -> dict[str, Any]:
    """The settings of an earlier compilation, from a comment in the script.

    Raises `BadSpec` if the script does not contain them.
    """
    if SUBMIT not in files:
        return {}
    for line in files[SUBMIT].decode(errors="replace").split("\n"):
        if line.startswith(_SETTINGS_LINE):
            found = decode_settings(line.removeprefix(_SETTINGS_LINE))
            if found is None:
                break
            return found
    message = f"its line `{_SETTINGS_LINE}…` cannot be read"
    raise BadSpec(message, where=Where(file=SUBMIT), code="PBT820")


def path_of(job: Job) -> str:
    return f"{FOLDER}/{job.id}.json"


def request(spec: Processes, job: Job, settings: Ngc) -> JobRequest:
    """The request of one job; its last label identifies the job."""
    several = settings.replicas is not None and settings.replicas > 1
    bare = JobRequest(
        aceInstance=settings.instance,
        aceName=settings.ace,
        arrayType=_said(settings.array_type),
        command=command(settings.commandline, job),
        datasetMounts=settings.datasetid,
        description=_said(settings.description),
        dockerImageName=_image(spec),
        entryPoint=_entry_point(spec, settings),
        envs=(*settings.env_var, *(Env(name=k, value=v) for k, v in job.env.items())),
        isLabelLocked=settings.lock_label or NOT_SAID,
        jobOrder=_said(settings.order),
        jobPriority=_said(settings.priority),
        minAvailability=_said(settings.replicas) if several else NOT_SAID,
        name=_name(spec, job, settings),
        networkType=_said(settings.network),
        portMappings=settings.port,
        replicaCount=_said(settings.replicas) if several else NOT_SAID,
        reservedLabels=tuple(x for x in settings.label if x[0] == "_" and not x.startswith("__")),
        resultContainerMountPoint=settings.result,
        runPolicy=RunPolicy(
            minTimesliceSeconds=_said(settings.min_timeslice),
            preemptClass=_class(job, settings),
            totalRuntimeSeconds=_said(settings.total_runtime),
        ),
        systemLabels=tuple(label for label in settings.label if label.startswith("__")),
        topologyConstraint=_said(settings.topology_constraint),
        useImageEntryPoint=settings.use_image_entrypoint or NOT_SAID,
        userLabels=(*(x for x in settings.label if x[0] != "_"), *_labels(spec, job)),
        userSecretsSpec=settings.secret,
        workspaceMounts=settings.workspace,
    )
    return identified(bare, _folder(spec), job.id, settings.org, settings.team)


def command(text: str, job: Job) -> str:
    """`text` with its placeholders filled. The command is quoted as its position requires (D44)."""
    quoted = shlex.join(job.argv)

    def put(found: re.Match[str]) -> str:
        match found[1], _open_quote(text[: found.start()]):
            case "name", _:
                return job.id
            case "experiment_cmd", "'":
                return quoted.replace("'", "'\\''")
            case "experiment_cmd", '"':
                return re.sub(r'([\\"$`])', r"\\\1", quoted)
            case "experiment_cmd", _:
                return quoted
        return found[0]

    return PLACEHOLDER.sub(put, text)


def is_mig(instance: str) -> bool:
    """Whether the name of an instance says that it is a part of a GPU (MIG)."""
    return _MIG.search(instance) is not None


# -- the arguments of the client -------------------------------------------------------------------


def list_words(settings: Ngc, label: str) -> list[str]:
    """Arguments with which the client lists all of the user's jobs with this label, as JSON."""
    words = ["base-command", "job", "list", *_where(settings)]
    return [*words, "--label", label, "--duration", _SINCE, "--format_type", "json"]


def run_words(settings: Ngc, file: str) -> list[str]:
    """Arguments with which the client submits a file.

    Its `--ace` overrides the ACE in the file and in the client's configuration.
    """
    words = ["base-command", "job", "run", "--file", file]
    return [*words, *_where(settings), "--format_type", "json"]


def _where(settings: Ngc) -> list[str]:
    return ["--org", settings.org, "--team", settings.team or NO_TEAM, "--ace", settings.ace]


# -- parts of a request ----------------------------------------------------------------------------


def _said(value: Any) -> Any:
    return NOT_SAID if value is None else value


def _image(spec: Processes) -> str:
    return spec.container.image.removeprefix(REGISTRY) if spec.container else ""


def _entry_point(spec: Processes, settings: Ngc) -> Any:
    if settings.entrypoint is None and spec.container and spec.container.entrypoint:
        return shlex.join(spec.container.entrypoint)
    return _said(settings.entrypoint)


def _class(job: Job, settings: Ngc) -> Class:
    """The preempt class: members write checkpoints, so NGC may preempt and resume them.

    A part of a GPU accepts `RUNONCE` only.
    """
    if settings.preempt is not None:
        return settings.preempt
    return "RESUMABLE" if job.population and not is_mig(settings.instance) else "RUNONCE"


def _folder(spec: Processes) -> str:
    return f"{spec.run}_{spec.suffix}" if spec.suffix else spec.run


def _name(spec: Processes, job: Job, settings: Ngc) -> str:
    """The name of a job at NGC. A name that is too long, or was changed, ends in a digest."""
    text = settings.name
    if not re.search(r"\{\{\s*name\s*\}\}", text):
        text += ".{{ name }}"
    words = {"run": _folder(spec), "name": job.id}
    wanted = PLACEHOLDER.sub(lambda found: words.get(found[1], found[0]), text)
    safe = re.sub(r"[^A-Za-z0-9.,_ -]", "-", wanted).lstrip(".,_ -")
    if safe == wanted and len(safe) <= LONGEST_NAME:
        return safe
    digest = hashlib.sha256(wanted.encode()).hexdigest()[:8]
    return f"{safe[: LONGEST_NAME - 9]}-{digest}"


def _labels(spec: Processes, job: Job) -> list[str]:
    found = [("run", _folder(spec)), ("job", job.id)]
    if job.population is not None:
        found.append(("population", job.population))
    if job.member is not None:
        found.append(("member", str(job.member)))
    return [f"pbt_{kind}_{re.sub(r'[^A-Za-z0-9_]', '_', text)[:200]}" for kind, text in found]


def _open_quote(text: str) -> str:
    """The quote that is still open after a shell read `text`; empty for none."""
    quote, skip = "", False
    for c in text:
        if skip:
            skip = False
        elif c == "\\" and quote != "'":
            skip = True
        elif quote:
            quote = "" if c == quote else quote
        elif c in "'\"":
            quote = c
    return quote


_SCRIPT = """\
#!/usr/bin/env bash
# Submits each job once, with NVIDIA's own client (`ngc`, or what NGC_CLIENT names): a job with the
# same label is not submitted again. `pbt-run` with `--backend ngc` does this, and keeps the ids.
%s
# digest %s
set -u
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." || exit 5
ngc=${NGC_CLIENT:-ngc}
failed=0
once() { # FILE LABEL
  local there
  if ! there=$("$ngc" %s); then
    echo "$1: the jobs cannot be listed, so it is not submitted" >&2
    failed=4
    return
  fi
  case "${there//[[:space:]]/}" in
    '[]') "$ngc" %s || failed=4 ;;
    '[{'*) echo "$1: is there already" ;;
    *)
      echo "$1: the list of jobs cannot be read, so it is not submitted" >&2
      failed=4
      ;;
  esac
}
%s
exit "$failed"
"""


def _script(spec: Processes, settings: Ngc, requests: Mapping[str, JobRequest]) -> bytes:
    line = _SETTINGS_LINE + encode_settings(settings)
    # If a person edits the settings by hand, the digest is wrong and `--check` reports it.
    digest = hashlib.sha256(line.encode()).hexdigest()[:16]
    variables = {"$1": '"$1"', "$2": '"$2"'}
    ask, run = (
        " ".join(variables.get(word) or shlex.quote(word) for word in words)
        for words in (list_words(settings, "$2"), run_words(settings, "$1"))
    )
    calls = [shlex.join(["once", path, key(made)]) for path, made in requests.items()]
    return (_SCRIPT % (line, digest, ask, run, "\n".join(calls))).encode()
