"""Runs the commands as `python -m pbt_tui`."""

from pbt_tui.cli.any_command import entry

if __name__ == "__main__":
    entry()
