"""Backend `slurm`: its settings, files, rules and codes. Must not call any command of SLURM."""
