"""The ledger as one schema: what `sql.ledger` and `sql.submissions` declare, made and counted together.

A module registers its tables when it is imported, and `sql.submissions` builds on `sql.ledger`, so the metadata of the latter alone lacks
what partners sent unless somebody happened to import the former. Whoever makes the tables or lists them asks here.
"""

from __future__ import annotations

from sql import submissions

# The MetaData of `sql.ledger`, reached through a table of `sql.submissions`: who holds it has both sets.
metadata = submissions.submission.metadata
