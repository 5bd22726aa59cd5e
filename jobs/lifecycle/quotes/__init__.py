"""Quotes: offering one, and keeping what was offered beside what came of it."""
