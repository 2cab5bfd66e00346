"""The JSON Schemas of all files and documents that others may read, made from the types."""

from __future__ import annotations

import inspect
from itertools import product
from types import ModuleType
from typing import Any

import msgspec

from docs import release, settings_schema
from pbt_tui.backends.ngc import request, settings_struct
from pbt_tui.backends.osmo import osmo_index, workflow
from pbt_tui.backends.slurm import index
from pbt_tui.journal import events
from pbt_tui.observe import fleet_types, lineage_document, schedule, snapshot_types
from pbt_tui.observe.progress import progress_types
from pbt_tui.settings.descriptions import field_notes
from pbt_tui.spec import types
from pbt_tui.spec.schema import schema

MODULES: tuple[ModuleType, ...] = (
    types,
    index,
    request,
    settings_struct,
    workflow,
    osmo_index,
    events,
    snapshot_types,
    fleet_types,
    progress_types,
    lineage_document,
    schedule,
)
"""Where the types of published formats are."""
DOCUMENTS: dict[str, tuple[tuple[Any, ...], str]] = {
    "pbt-processes/1": ((types.Processes,), "A process list, as `pbt-compile` writes it"),
    "pbt-slurm-index/1": ((index.Index,), "What is in the folder `slurm/` of a run"),
    "pbt-ngc-job/1": ((request.JobRequest,), "A job request for Base Command on NGC"),
    "pbt-osmo-workflow/1": ((workflow.WorkflowFile,), "A workflow file of OSMO"),
    "pbt-osmo-index/1": ((osmo_index.OsmoIndex,), "What is in the folder `osmo/` of a run"),
    "pbt-journal/1": ((events.AnyEvent,), "One line of a run's journal"),
    "pbt-request/1": ((events.Request,), "A request to the executor of a run"),
    "pbt-snapshot/1": ((snapshot_types.Snapshot,), "A run at one moment: `pbt-tui --once --json`"),
    "pbt-fleet/1": (
        (fleet_types.Fleet,),
        "The runs below a directory at one moment: `pbt-tui DIR --once --json`",
    ),
    "pbt-lineage/1": (
        (lineage_document.LineageDocument,),
        "What each generation of a run's populations comes from: `pbt-tui --export FILE.json`",
    ),
    "pbt-schedule/1": (
        (lineage_document.ScheduleDocument,),
        "The values that parameters had up to the best generation: `schedule.json`",
    ),
}
CONTENTS: dict[str, dict[tuple[str, str], Any]] = {
    "pbt-journal/1": {("ExecutorStarted", "slurm"): index.Slurm},
}
"""What stands in fields that the code leaves open."""


def schemas() -> dict[str, bytes]:
    """File name → schema."""
    described, address = notes(), release.repository()
    of_documents = {
        (name := f"{ident.removeprefix('pbt-').replace('/', '-')}.json"): schema(
            kinds,
            release.file_address(f"schemas/{name}", address),
            title,
            described,
            CONTENTS.get(ident),
        )
        for ident, (kinds, title) in DOCUMENTS.items()
    }
    return {**of_documents, **settings_schema.documents(described)}


def notes() -> dict[tuple[str, str], str]:
    """(type, field) → its description, for all published formats; inherited fields included."""
    found = {key: text for module in MODULES for key, text in field_notes(module)}
    kinds = (kind for module in MODULES for _, kind in inspect.getmembers(module, _is_struct))
    for kind in kinds:
        if kind.__struct_config__.tag_field:
            found[kind.__name__, kind.__struct_config__.tag_field] = "Which kind of event it is."
        for field, key in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True):
            if (kind.__name__, field) in found:
                found.setdefault((kind.__name__, key), found[kind.__name__, field])
        for field, base in product(kind.__struct_fields__, kind.__mro__[1:]):
            if (base.__name__, field) in found:
                found.setdefault((kind.__name__, field), found[base.__name__, field])
    return found


def _is_struct(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, msgspec.Struct)
