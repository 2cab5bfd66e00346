"""A fault at every call that an executor makes to the system for its files.

Runs of plain processes are executed in the process of the test. Runs in containers and on SLURM
are executed by real executors, and one call of each kind fails: a kind is a function of the file
layer and a kind of file.
"""
