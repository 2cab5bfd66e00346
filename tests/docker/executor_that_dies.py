"""A process that starts containers through the runtime, prints their names, and waits to be killed.

python -m tests.docker.executor_that_dies FOLDER RUN_ID IMAGE SCRIPT JOB…

With `PBT_TEST_HOLDS`, each container holds a slot of a GPU.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from pbt_tui import machine_slots
from pbt_tui.spec import Container
from tests.docker.containers_driver import ContainerDriver
from tests.docker.slots import slot

folder, run_id, image, script, *jobs = sys.argv[1:]
driver = ContainerDriver(
    Path(folder), run_id, container=Container(image=image, network="none")
).prepare()
command = ("/bin/busybox", "sh", "-c", script)
launches = [driver.of(*command, job, job=job) for job in jobs]
if "PBT_TEST_HOLDS" in os.environ:
    held = [machine_slots.take([[slot(i, run_id, job)]]) for i, job in enumerate(jobs)]
    some = [one[0] for one in held if isinstance(one, list)]
    launches = [replace(one, slots=slots) for one, slots in zip(launches, some, strict=True)]
driver.runtime.launch(launches)
for job in jobs:
    print(job, driver.begin(job), flush=True)
print("up", flush=True)
time.sleep(1000)
