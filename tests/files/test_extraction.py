"""What is read of files, and that none of them, however hostile, does more than end in a clear sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

from files.extraction import ExtractionError, FileKind, extract
from tests.files import documents

HTML = (
    b"<!DOCTYPE html><html><head><script>steal()</script></head><body><h1>Hello</h1><p>you</p></body></html>"
)

ROOT = Path(__file__).resolve().parent.parent.parent
READ_AND_MEASURE = """
import resource, sys
from pathlib import Path
from files.extraction import ExtractionError, extract
try:
    extract(Path(sys.argv[1]), "a.pdf", Path(sys.argv[2]))
except ExtractionError as error:
    print(error)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""


@pytest.fixture
def read(tmp_path):
    """Read bytes as a file of a name, in the process that is made for it."""

    def _read(data, name):
        path = tmp_path / "file"
        path.write_bytes(data)
        return extract(path, name, tmp_path)

    return _read


@pytest.mark.parametrize(
    ("name", "data", "kind", "said"),
    [
        ("a.txt", "Grüße an alle, die hier sind.\n".encode("latin-1") * 9, FileKind.TEXT, "Grüße"),
        ("a.md", b"# Title\n", FileKind.MARKDOWN, "# Title"),
        ("a.py", b"print(1)\n", FileKind.CODE, "print(1)"),
        ("a.txt", HTML, FileKind.HTML, "Hello"),
        ("a.csv", b"n;amount\n1;2\n3;4\n", FileKind.TABLE, "n,amount\n1,2"),
        ("a.docx", documents.word(), FileKind.WORD, "The gap is 0.2."),
        ("a.pptx", documents.slides(), FileKind.SLIDES, "The plan"),
        ("a.xlsx", documents.sheet(2), FileKind.SHEETS, "n,name,amount\n0,row 0,0"),
        (
            "named.txt",
            documents.pdf(["A line on the first page."]),
            FileKind.PDF,
            "A line on the first page.",
        ),
    ],
)
def test_a_file_is_what_its_bytes_say(read, name, data, kind, said):
    """Text, documents, tables and pages are read; an HTML page named .txt is one, without its scripts."""
    found = read(data, name)
    assert found.kind is kind
    text = "\n".join(page.text for page in found.pages)
    assert said in text
    assert "steal" not in text


def test_places_are_told_by_page_and_by_rows(read):
    """A PDF of 200 pages is read page by page, a table by rows with its header above each piece."""
    found = read(documents.pdf([f"This is the text of page {n}." for n in range(1, 201)]), "a.pdf")
    assert found.page_count == len(found.pages) == 200
    assert found.pages[199].where == "page 200"
    assert "text of page 200" in found.pages[199].text
    table = read(b"n,square\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(120)), "a.csv")
    assert [page.where for page in table.pages] == ["rows 2–51", "rows 52–101", "rows 102–121"]
    assert all(page.text.startswith("n,square\n") for page in table.pages)


def test_a_million_rows_are_read_as_far_as_they_fit(read):
    """A spreadsheet is read row by row within bounded memory, and says where it stopped."""
    found = read(documents.many_rows(1_000_000), "a.xlsx")
    assert 900_000 < found.characters <= 1_000_000
    assert "only the first" in found.notes[0]


def test_macros_are_neither_read_nor_run(read):
    """A workbook with macros gives its cells, and says so."""
    found = read(documents.changed(documents.sheet(1), "xl/vbaProject.bin", b"Sub AutoOpen()"), "a.xlsm")
    assert found.notes == ("Its macros are neither read nor run.",)
    assert "AutoOpen" not in str(found.pages)
    main, types = b"openxmlformats-officedocument.wordprocessingml.document.main", "[Content_Types].xml"
    for kind in (b"ms-word.document.macroEnabled.main", main.replace(b"document.main", b"template.main")):
        part = documents.part(documents.word(), types).replace(main, kind)
        document = read(documents.changed(documents.word(), types, part), "a.docm")
        assert "The gap is 0.2." in document.pages[0].text


def test_what_is_left_out_of_a_table_is_said(read):
    """Columns and cells beyond what is read are told; empty rows count, as a spreadsheet shows them."""
    found = read(b",".join(b"%d" % n for n in range(10_000)) + b"\n\n\n1,2\n", "a.csv")
    assert found.notes == ("Only the first 500 of 10,000 columns are read.",)
    assert found.pages[0].where == "rows 4–4"
    assert read(b"a,b\n1," + b"x" * 2_001 + b"\n", "a.csv").notes == (
        "Only the first 2,000 characters of a cell are read.",
    )


def test_memory_is_bounded(tmp_path):
    """A page of a PDF that unpacks to half a gigabyte ends its reader below 300 MB."""
    (tmp_path / "file").write_bytes(documents.pdf_bomb())
    command = [sys.executable, "-c", READ_AND_MEASURE, str(tmp_path / "file"), str(tmp_path)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert "too long to read, or is damaged" in said[0]
    assert 0 < int(said[1]) < 300_000_000


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b" \n\t ", "empty"),
        ("a.csv", bytes(range(256)) * 9, "not a kind of file that can be read"),
        ("evil.exe", b"MZ\n", "not a kind of file that can be read"),
        ("Evil.EXE", b"hi!", "not a kind of file that can be read"),
        ("song.mp3", b"ID3", "not a kind of file that can be read"),
        ("a.txt", b"\x7fEL", "not a kind of file that can be read"),
        ("a.txt", b"a" * 70_000 + b"\x00", "holds binary data"),
        ("a.pdf", b"<!-- moved -->\n", r"ends in \.pdf, but its contents are not"),
        ("a.png", b"not found", r"ends in \.png, but its contents are not"),
        ("a.docx", documents.zip_bomb(), "zip bomb"),
        ("a.docx", documents.entity_bomb(), "XML entities"),
        ("a.docx", documents.word()[:900], "damaged"),
        ("a.zip", b"PK\x03\x04rubbish", "damaged"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 99, "old Office"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        ("a.pdf", documents.pdf(["Secret"], encrypted=True), "password"),
        ("a.pdf", b"%PDF-1.7\nrubbish", "damaged"),
        ("a.png", documents.png(60_000, 60_000, real=False), "60,000 × 60,000 are 3,600 million pixels"),
        ("a.png", documents.png(9, 9, real=False), "damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(read, name, data, why):
    """Each says what is wrong and what to do, and nothing of it is kept."""
    with pytest.raises(ExtractionError, match=why):
        read(data, name)


def test_a_picture_is_made_small(read, tmp_path):
    """It is scaled to what models look at, without its metadata."""
    [picture] = read(documents.png(3_000, 1_500), "a.png").pictures
    assert (picture.width, picture.height) == (1_568, 784)
    assert (tmp_path / picture.name).read_bytes().startswith(b"\xff\xd8\xff")


def test_a_tiff_is_shown_page_by_page_and_an_animation_once(read):
    """What is left out is said."""
    found = read(documents.frames("TIFF", 3), "a.tiff")
    assert [(each.where, each.name) for each in found.pictures] == [
        ("page 1", "1.jpg"),
        ("page 2", "2.jpg"),
        ("page 3", "3.jpg"),
    ]
    assert not found.notes
    long = read(documents.frames("TIFF", 20), "a.tif")
    assert (len(long.pictures), long.notes) == (8, ("Only the first 8 of 20 pages are shown.",))
    moving = read(documents.frames("GIF", 3), "a.gif")
    assert (len(moving.pictures), moving.notes) == (1, ("Of the animation only the first picture is shown.",))
    assert read(documents.frames("GIF", 1), "a.gif").notes == ()


def test_a_book_of_twenty_thousand_paragraphs_is_read(read):
    """With its headings: no paragraph costs a walk through the document's styles."""
    found = read(documents.book(20_000), "a.docx")
    assert [page.where for page in found.pages] == ["section “The end”"]
    assert found.pages[0].text.endswith("Paragraph 19999")
