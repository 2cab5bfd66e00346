"""Isaac Lab and rl_games: members are jobs that share a workspace below their log folder."""
