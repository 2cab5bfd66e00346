"""The `slurm` runtime: submits attempts as tasks of arrays, and follows files and queue.

Other packages must not import it, but for `kind`. `runtime` has the methods of a runtime;
`submissions` and `submitter` submit arrays, `array_lookup` finds them again; `poller`, `squeue` and
`task_files` read what SLURM and the tasks report; `tracker` and `exit_status` turn that into facts.
"""
