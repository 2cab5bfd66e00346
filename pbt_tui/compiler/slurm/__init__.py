"""What the compiler knows of SLURM: its rules, those of a template, and files that are validated.

Must not render anything (`backends.slurm` does) nor ask a cluster.
"""
