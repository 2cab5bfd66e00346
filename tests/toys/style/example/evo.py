import json
import sys
import time
from pathlib import Path

given = dict(word.split("=", 1) for word in sys.argv[1:])
member, size = int(given["evo.member"]), int(given["evo.size"])
workspace = Path(given["dir"], "evolution")
rate = 1.0 + member


def file(who: int, generation: int) -> Path:
    return workspace / f"member-{who}/{generation}.json"


for generation in range(1, 5):
    while generation > 1 and not all(file(who, generation - 1).exists() for who in range(size)):
        time.sleep(0.01)
    if generation == 3 and member == 0:  # the worst goes on as the best
        rate = json.loads(file(size - 1, generation - 1).read_text())["params"]["rate"]
    objective = rate * generation + member / 10
    print(f"member {member}: generation {generation}, objective {objective}")
    path = file(member, generation)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".weights").write_bytes(b"")
    data = {"name": "evo", "frame": 100 * generation, "objective": objective}
    path.with_suffix(".new").write_text(json.dumps({**data, "params": {"rate": rate}}))
    path.with_suffix(".new").rename(path)
