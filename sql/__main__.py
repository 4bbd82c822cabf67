"""`python -m sql`: parse every query and its header, and put them in order; what `make check` runs."""

from __future__ import annotations

import sql

if __name__ == "__main__":
    queries = sql.in_order(sql.read_all())
    indicators = sum(query.is_indicator for query in queries)
    print(f"{len(queries)} queries parse, {indicators} of them indicators")
