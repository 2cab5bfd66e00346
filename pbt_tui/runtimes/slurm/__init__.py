"""The `slurm` runtime: attempts as tasks of arrays, submitted once, followed by files and queue.

Must not be known but as a runtime. `runtime` has the verbs; what is submitted is `submissions` and
`submitter`, what is seen of it `poller`, `squeue`, `task_files`, and what that means `tracker` and
`exit_status`.
"""
