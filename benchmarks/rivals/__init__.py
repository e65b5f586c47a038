"""The whole job against two tools that do it, each in a virtual environment of its own: ``python -m benchmarks.rivals``."""
