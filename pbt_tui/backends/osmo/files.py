"""The names of the files for OSMO, relative to the folder of the run."""

from __future__ import annotations

FOLDER = "osmo"
INDEX = f"{FOLDER}/index.json"
WORKFLOWS = f"{FOLDER}/*.yaml"
OWNED = (INDEX, WORKFLOWS)
DOCUMENTS = ("*.yaml", "*.yml")
"""A workflow may be anywhere: `pbt-compile --validate` reads those of other people, too."""
