"""Ratios against a hand-written client, measured in the same run.

``python -m benchmarks`` prints a table. Nothing here is asserted in tests: absolute
times belong to one machine, ratios carry over.
"""
