"""The `slurm` runtime: attempts as tasks of arrays, submitted once, followed by files and queue.

Must not be known but as a runtime. `runtime` has the verbs; what is submitted is `submissions` and
`submitting`, what is seen of it `looking`, `squeue`, `taskfiles`, and what that means `tasks` and
`verdicts`.
"""
