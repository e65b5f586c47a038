"""The command line: turns arguments into calls, and results into exit codes. Holds no logic of its own."""
