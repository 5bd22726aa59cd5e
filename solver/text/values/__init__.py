"""Readers of values: numbers, amounts with units, dates, formulas, and what merely looks like them."""
