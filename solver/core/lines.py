"""Lines, the attempts with tools, as the journal knows them: which steps are of one."""

import re

_LINE = re.compile(r"(?:.*/)?agent/\d+/")


def line_of(key: str) -> str:
    """Return the start of the keys of the attempt with tools to which a step belongs; empty: to none."""
    found = _LINE.match(key)
    return found[0] if found else ""
