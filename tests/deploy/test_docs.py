"""What the documents name is there."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from bench.__main__ import MEASUREMENTS

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    *(*ROOT.glob("*.md"), *(ROOT / ".github").rglob("*.md"), *(ROOT / "docs").rglob("*.md")),
    *(*(ROOT / "bench").rglob("*.md"), *(ROOT / "demo_model").rglob("*.md")),
]
_ROOMS = (
    "accounts",
    "bench",
    "billing",
    "demo_model",
    "files",
    "jobs",
    "reasoning_app",
    "sandbox",
    "solver",
    "tests",
    "tools",
)
_FOLDERS = "|".join([*_ROOMS, "docs", "static", "templates", r"\.ci", r"\.github"])
_FILES = [
    str(path.relative_to(ROOT))
    for place in (*(ROOT / room for room in _ROOMS), *(ROOT / "docs", ROOT / "templates"))
    for path in place.rglob("*.*")
] + [path.name for path in ROOT.iterdir()]
every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


@every_document
def test_every_path_and_link_of_a_document_exists(document):
    """A reader who follows a path or a link finds something, and at that place the heading that the link names."""
    text = document.read_text(encoding="utf-8")
    named = {ROOT / path for path in re.findall(rf"`((?:{_FOLDERS})/[\w./-]+)`", text)}
    links = re.findall(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?[^)]*\)", text)
    linked = {document.parent / link for link, _ in links}
    places = {path for path in named | linked if not {"NAME", "KIND"} & set(re.split(r"[._]", path.name))}
    assert sorted(str(path) for path in places if not path.exists()) == []
    files = re.findall(r"`([\w/]+\.(?:py|sql|sh|jsonl?|toml|yml))`", text)
    assert sorted(name for name in files if not _is_file(name)) == []
    anchored = [(document.parent / link if link else document, anchor) for link, anchor in links if anchor]
    assert [anchor for page, anchor in anchored if anchor not in _anchors(page)] == []


@every_document
def test_every_command_of_a_document_exists(document):
    """What a reader types is known: modules, measurements, targets of make, Django's commands."""
    text = document.read_text(encoding="utf-8")
    modules = {name for name in re.findall(r"python -m ([a-z][\w.]+)", text) if name.split(".")[0] in _ROOMS}
    assert sorted(name for name in modules if not _is_module(name)) == []
    assert set(re.findall(r"python -m bench ([a-z]\w*)", text)) <= set(MEASUREMENTS)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z][a-z-]*)", text)) <= targets
    assert set(re.findall(r"manage\.py ([a-z]\w*)", text)) <= set(get_commands())


@pytest.fixture(scope="module")
def words_of_code():
    """Every word of the product's files and of what tests and configures it."""
    kinds = {".py", ".sql", ".html", ".txt", ".js", ".css", ".json", ".toml", ".yml", ".sh", ""}
    places = [ROOT / name for name in (*_ROOMS, "templates", "static", "deploy", ".ci", ".github")]
    files = [path for place in places for path in place.rglob("*") if path.suffix in kinds and path.is_file()]
    files += [path for path in ROOT.iterdir() if path.suffix in kinds - {".txt"} and path.is_file()]
    texts = (
        path.read_text(encoding="utf-8", errors="replace") for path in files if "vendor" not in path.parts
    )
    return {word for text in texts for word in re.findall(r"\w+", text)}


@every_document
def test_every_name_of_a_document_is_in_the_code(document, words_of_code):
    """A class, function, column, setting or key that a page names can be searched for; decisions tell of the past."""
    if document.stem == "decisions":
        return
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    names = re.findall(r"`(?:[\w/]+\.py: )?([A-Za-z_]\w*(?:\.\w+)*)(?:\(\))?`", text)
    assert sorted({name for name in names if name.split(".")[-1] not in words_of_code}) == []


def test_the_architecture_names_every_package_of_the_engine_and_of_a_jobs_life():
    """What lives in a folder is said; `management`, `migrations` and `templatetags` are Django's names."""
    table = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    packages = {
        f"{room}/{path.parent.name}"
        for room in ("jobs", "solver")
        for path in (ROOT / room).glob("*/__init__.py")
    }
    of_django = {"jobs/management", "jobs/migrations", "jobs/templatetags"}
    assert sorted(name for name in packages - of_django if f"| `{name}` |" not in table) == []


def test_every_measurement_is_told():
    """The table of measurements has each of them."""
    text = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")
    assert set(MEASUREMENTS) - set(re.findall(r"`(\w+)`", text)) == set()


def test_the_guide_to_the_code_answers_twelve_questions():
    """The index of the documents holds a newcomer's questions, each with a link as its answer."""
    _, _, table = (ROOT / "docs" / "README.md").read_text(encoding="utf-8").partition("Twelve questions")
    rows = [row for row in table.splitlines() if row.startswith("| ") and "?" in row]
    assert len(rows) == 12
    assert all("](" in row for row in rows)


def test_every_document_is_in_the_index():
    """Whoever reads the index knows of every page."""
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert sorted(page for page in pages if f"({page})" not in index) == []


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _is_file(name: str) -> bool:
    """Tell whether a file's name, or the end of its path, is one of the repository's."""
    is_pattern = bool({"NAME", "KIND"} & set(re.split(r"[/._]", name)))
    return is_pattern or any(f"/{path}".endswith(f"/{name}") for path in _FILES)


def _is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()
