"""Time travel: a run as it was at an earlier time, as far as the run directory tells.

The screens draw it as any other run: `past_run` has the face of the follower of a run.
"""
