"""The commit-msg hook: a subject has at most 72 characters, a capital after its area, no period, and stands alone."""

import re
import sys
from pathlib import Path

MAX_CHARACTERS = 72
_FROM_GIT = re.compile(r"(Merge|Revert|fixup!|squash!|amend!) ")
_SUBJECT = re.compile(r"([\w./-]+(, [\w./-]+)*: )?[A-Z]")


def faults(message: str) -> list[str]:
    """Return what is wrong with a commit message, one sentence each."""
    lines = [line for line in message.splitlines() if not line.startswith("#")]
    subject = lines[0] if lines else ""
    if _FROM_GIT.match(subject):
        return []
    found = []
    if len(subject) > MAX_CHARACTERS:
        found.append(f"The subject has {len(subject)} characters; use at most {MAX_CHARACTERS}, one idea.")
    if not _SUBJECT.match(subject):
        found.append("Begin with “area: What is so now”, such as “billing: A second top-up is refused”.")
    if subject.endswith("."):
        found.append("Leave out the final period.")
    if len(lines) > 1 and lines[1].strip():
        found.append("Leave the second line empty; the body begins on the third.")
    return found


if __name__ == "__main__":
    said = faults(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.stderr.writelines(f"{sentence}\n" for sentence in said)
    sys.exit(bool(said))
