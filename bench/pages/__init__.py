"""How quick the pages are, and how heavy."""
