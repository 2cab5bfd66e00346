"""A process that starts containers through the runtime, prints their names, and waits to be killed.

python -m tests.docker.executor_that_dies FOLDER RUN_ID IMAGE SCRIPT JOB…
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from pbt_tui.spec import Container
from tests.docker.containers_driver import ContainerDriver

folder, run_id, image, script, *jobs = sys.argv[1:]
driver = ContainerDriver(
    Path(folder), run_id, container=Container(image=image, network="none")
).prepare()
command = ("/bin/busybox", "sh", "-c", script)
driver.runtime.launch([driver.of(*command, job, job=job) for job in jobs])
for job in jobs:
    print(job, driver.begin(job), flush=True)
print("up", flush=True)
time.sleep(1000)
