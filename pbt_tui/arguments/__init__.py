"""HOW A TRAINER TAKES ITS ARGUMENTS: styles, placeholders, and the commands that follow from them.

Loaded only for a run module that uses one of these; every other command is upstream's. Must not
import anything that costs.
"""
