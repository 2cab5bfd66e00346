"""Fuzzing: every reader of foreign files, with inputs made from a small corpus."""
