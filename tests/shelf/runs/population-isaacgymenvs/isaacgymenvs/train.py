"""Stands in for the trainer: says what was recorded of a member, ends when it may."""

import re
import sys
import time
from pathlib import Path

found = re.search(r"policy_idx=(\d+)", " ".join(sys.argv))
member = found[1] if found else "0"
with Path("ran").open("a") as ran:
    print(f"member{member}", file=ran)
words = Path("recorded", f"{member}.txt")
if words.exists():
    print(words.read_text(), end="", flush=True)
while not Path("go").exists():
    time.sleep(0.1)
