"""Backend `processes`: the process list. Must not know where it is written."""
