"""The handbook, the decisions, and the tables of the README."""
