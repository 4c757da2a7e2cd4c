"""``python -m reply_async.cli`` is ``reply-async``."""

import sys

from reply_async.cli import main

if __name__ == "__main__":
    sys.exit(main())
