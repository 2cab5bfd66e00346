"""One small run module for each of several trainers: how each takes name, folder and parameters.

`tests/arguments/test_trainers.py` compiles each, and reads each job's command as its trainer would.
"""
