"""Sentences made of verbs and nouns: what staff start, in the Prefect UI or a terminal."""
