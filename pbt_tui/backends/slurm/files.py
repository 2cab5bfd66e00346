"""The names of the files for SLURM, relative to the folder of the run."""

from __future__ import annotations

FOLDER = "slurm"
FILE = f"{FOLDER}/index.json"
OWNED = (FILE, f"{FOLDER}/manifest-*.txt", f"{FOLDER}/*.sbatch")
