"""Backend `slurm`: its settings, files, rules and codes. Must not ask a cluster."""
