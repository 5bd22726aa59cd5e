"""Recorded tries of the demo models, how they are made, and how strategies are run on them."""
