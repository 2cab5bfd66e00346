"""The names of the files for NGC, relative to the folder of the run."""

from __future__ import annotations

FOLDER = "ngc"
REQUESTS = f"{FOLDER}/*.json"
SUBMIT = f"{FOLDER}/submit.sh"
RECORD = f"{FOLDER}/submitted.json"
"""Record of the submitted jobs. `pbt-run` writes it, not the compiler."""
OWNED = (REQUESTS, SUBMIT)
