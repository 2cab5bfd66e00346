"""ARGV IN, WORDS AND EXIT CODES OUT: `compile`, `run`, `tui`.

Must not decide anything that a room can decide; rooms are loaded when a command needs them.
"""
