"""IsaacGymEnvs: members are jobs that share a workspace in their directory."""
