"""Limits: what a person, a workspace or the whole installation may have going on, and spend."""
