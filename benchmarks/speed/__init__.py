"""pytest-benchmark suites: ``pytest benchmarks/speed``."""
