"""The names of the files for SLURM, relative to the folder of the run.

Must not know what is in them.
"""

from __future__ import annotations

FOLDER = "slurm"
FILE = f"{FOLDER}/index.json"
OWNED = (FILE, f"{FOLDER}/manifest-*.txt", f"{FOLDER}/*.sbatch")
