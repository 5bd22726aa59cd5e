"""Reads what providers reply, by the shape of the body: each module knows one family of shapes."""
