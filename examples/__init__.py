"""Run modules and trainers that really train; they must not know how pbt_tui works inside."""
