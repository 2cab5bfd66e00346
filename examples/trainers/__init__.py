"""One small run module for each of several trainers: how each takes name, folder and parameters.

`tests/arguments/test_trainers.py` compiles each, and reads each job's command as its trainer would.
`make test-trainers` trains with four: Sample-Factory, rl_zoo3, Lightning CLI and rl_games.
"""
