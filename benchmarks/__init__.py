"""Ratios against a hand-written client, measured in the same run.

``python -m benchmarks`` prints a table. Nothing here is asserted in tests: absolute
times belong to one machine, ratios carry over.
"""

import sys
from pathlib import Path

# The load that is simulated for the limiter stands beside the tests, which use it too.
sys.path.append(str(Path(__file__).parent.parent / "tests"))
