"""Backend `ngc`: its settings, job requests, rules and codes. Must not call NVIDIA's client."""
