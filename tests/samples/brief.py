"""The head of a brief, for tests that write their own body."""

from __future__ import annotations

HEADER = """---
title: A topic
audience: city_council
plan: A plan
objectives: ["3.1"]
asks: [one-ask]
approver: the Committee
languages: [en, fr]
due: quarterly
review_by: 2027-06-01
---
"""
