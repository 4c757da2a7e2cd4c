"""The operations that are served, one module per group of the API.

Importing this package registers all of them in `HANDLERS`.
"""

from reply_async.emulator.operations import (
    account,
    contact_import,
    contacts,
    reports,
    senders,
    sequence_actions,
    sequence_contacts,
    sequences,
    steps,
)
from reply_async.emulator.operations.registry import HANDLERS, Answer, Call

__all__ = [
    "HANDLERS",
    "Answer",
    "Call",
    "account",
    "contact_import",
    "contacts",
    "reports",
    "senders",
    "sequence_actions",
    "sequence_contacts",
    "sequences",
    "steps",
]
