"""Speed and memory, measured: `python -m benchmarks` prints the table and writes docs/benchmarks.md."""
