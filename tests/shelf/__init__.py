"""Old run directories and specs, kept as they were made, shown and resumed by the real commands."""
