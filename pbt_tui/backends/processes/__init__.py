"""Backend `processes`: the process list, which `pbt-run` executes on one machine."""
