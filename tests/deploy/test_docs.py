"""What the documents name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "bench" / "README.md"]
_ROOMS = "accounts|bench|billing|demo_model|docs|jobs|reasoning_app|solver|templates|tests"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_and_link_of_a_document_exists(document):
    """A reader who follows a path or a link finds something."""
    text = document.read_text(encoding="utf-8")
    named = {ROOT / path for path in re.findall(rf"`((?:{_ROOMS})/[\w./-]+)`", text)}
    linked = {
        document.parent / link for link in re.findall(r"\]\((?!https?:|mailto:)([^)#\s]+)[^)]*\)", text)
    }
    places = {path for path in named | linked if not {"NAME", "KIND"} & set(re.split(r"[._]", path.name))}
    assert sorted(str(path) for path in places if not path.exists()) == []


def test_the_guide_to_the_code_answers_twelve_questions():
    """The index of the documents holds a newcomer's questions, each with a link as its answer."""
    _, _, table = (ROOT / "docs" / "README.md").read_text(encoding="utf-8").partition("Twelve questions")
    rows = [row for row in table.splitlines() if row.startswith("| ") and "?" in row]
    assert len(rows) == 12
    assert all("](" in row for row in rows)
