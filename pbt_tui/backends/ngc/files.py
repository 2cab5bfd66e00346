"""The names of the files for NGC, relative to the folder of the run.

Must not know what is in them.
"""

from __future__ import annotations

FOLDER = "ngc"
REQUESTS = f"{FOLDER}/*.json"
SUBMIT = f"{FOLDER}/submit.sh"
RECORD = f"{FOLDER}/submitted.json"
"""What was submitted: written by `pbt-run`, and no file of a compilation."""
OWNED = (REQUESTS, SUBMIT)
