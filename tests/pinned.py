"""Marks for tests whose subject exists in one variant of a dialect alone.

They change one entry of the run's dialect and leave the others; each says why.
"""

import pytest

# The test counts requests of an import, and a background job costs more of them.
import_answers_at_once = pytest.mark.reply_emulator(dialect={"import_mode": "sync_200"})
# The test counts reads, and without a route that counts the members are read instead.
members_are_counted = pytest.mark.reply_emulator(dialect={"coming_soon_routes": "available"})
# The test counts requests beside those of an import: both of the above.
requests_are_few = pytest.mark.reply_emulator(
    dialect={"import_mode": "sync_200", "coming_soon_routes": "available"}
)
# The test expects the one word that most refusals have, and counts requests.
refusals_have_one_word = pytest.mark.reply_emulator(
    dialect={"bulk_add_refusals": "generic", "coming_soon_routes": "available"}
)
# The test is about a request that is refused for one address.
bad_addresses_refuse_all = pytest.mark.reply_emulator(dialect={"import_bad_email": "whole_400"})
# The test is about a list that does not tell that its sequence is missing.
missing_lists_are_empty = pytest.mark.reply_emulator(
    dialect={"missing_sequence_contacts_page": "empty_200"}
)
# The test sends part of the settings, which the caller completes where all are wanted.
settings_are_merged = pytest.mark.reply_emulator(dialect={"settings_partial_on_patch": "merge"})
# The test counts requests, and a create that does not tell the steps is read afterwards.
create_tells_the_steps = pytest.mark.reply_emulator(dialect={"create_answer": "detail"})
