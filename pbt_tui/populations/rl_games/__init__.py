"""rl_games with a training script of the user: members, settings and workspace are Isaac Lab's."""
