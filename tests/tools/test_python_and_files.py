"""Programs and attached files as tools: what a model is told, and what it gets back."""

import base64
import json
import subprocess
import sys
from dataclasses import asdict, replace

import pytest

from files.extraction import Page
from files.passages import ReadFile
from sandbox import CodeRequest, Limits
from solver.core.programs import NOBODY, Program, ProgramsOff, Ran
from solver.core.request import PictureRef
from solver.core.tools import Table, ToolOrder, ToolOutcome, ToolsOff, as_material
from tests.support.sandboxes import bubblewrap
from tools import NotKept, ToolFile, ToolHost, ToolSettings
from tools.written import split_report, take

CSV = b"name,grams\nada,10\nben,32\n"


def tool_file(name, pages, content=b"", *, is_text=True):
    return ToolFile(ReadFile(name, "", "", tuple(pages)), is_text, len(content), lambda: content)


FILES = (
    tool_file("data.csv", [Page("rows 2–3", CSV.decode())], CSV),
    tool_file(
        "report.pdf",
        [Page("page 1", "The mean is in grams."), Page("page 2", "Zebras weigh more.")],
        b"%PDF-1.7 \x00\xff",
        is_text=False,
    ),
)


class Here:
    """Runs programs in the sandbox of this machine, or fails as told."""

    def __init__(self, fault=None, ran=None):
        self.fault, self.ran, self.asked = fault, ran, []

    async def run(self, wanted, asker, /):
        assert isinstance(wanted, Program)
        self.asked.append(wanted)
        if self.fault:
            raise ProgramsOff(self.fault)
        if self.ran:
            return self.ran
        files = tuple((file.name, file.content()) for file in wanted.files)
        limits = Limits(output_bytes=(256 << 10) + wanted.report_bytes)
        done = bubblewrap().run(CodeRequest(wanted.source, wanted.stdin, limits, files=files))
        return Ran(stdout=done.stdout, ending=done.ending.value)


@pytest.fixture
def host():
    """A function that makes the tools of a job."""
    made = []

    def _tools(programs, files=FILES, **kwargs):
        made.append(ToolHost(ToolSettings(reads_pages=False), programs))
        return made[-1].tools_of([file.name for file in files], lambda: files, **kwargs)

    yield _tools
    for each in made:
        each.close()


async def python(tools, code):
    return await tools.use(ToolOrder("python", {"code": code}), NOBODY)


async def test_a_program_computes_over_the_attached_files(host):
    """It reads a table as it is and a PDF's text beside it; the last line's value is shown, as at a prompt."""
    tools = host(Here())
    code = """
import csv
rows = list(csv.DictReader(open("data.csv")))
print(sum(int(row["grams"]) for row in rows))
print(open("report.pdf", "rb").read(4), "Zebras" in open("report.pdf.txt").read())
len(rows)
"""
    outcome = await python(tools, code)
    assert (outcome.text, outcome.error) == ("42\nb'%PDF' True\n2", "")
    failed = await python(tools, "x = 1\nprint(x)\nprint(1 / 0)")
    assert failed.text.startswith("1\nTraceback")
    assert failed.text.endswith("ZeroDivisionError: division by zero")
    assert "line 3" in failed.text
    assert "_space" not in failed.text
    assert (await python(tools, "if (")).text.rsplit("\n", 1)[-1].startswith("SyntaxError")


DRAWS = """
import csv, os, sys
from PIL import Image
os.makedirs("out")
Image.new("RGB", (30, 20), "red").save("out/plot.png")
with open("sums.csv", "w") as file:
    csv.writer(file).writerows([["name", "grams"], ["ada", 10], ["</tool_result>", 32]])
open("notes.txt", "w").write("left there")
print("drawn")
sys.exit("That was all.")
"""


async def test_a_program_s_pictures_are_kept_and_its_tables_read(host):
    """What it found there is no work of its own; what it says last stands with the rest; both reach the model as text."""
    kept = {}

    def keep(name, content):
        kept[name] = content
        return PictureRef("kept", 30, 20)

    outcome = await python(host(Here(), keep_picture=keep), "open('data.csv')\n" + DRAWS)
    assert list(kept) == ["out/plot.png"]
    assert kept["out/plot.png"].startswith(b"\x89PNG")
    assert outcome.pictures == (PictureRef("kept", 30, 20),)
    assert outcome.tables == (
        Table("sums.csv", (("name", "grams"), ("ada", "10"), ("</tool_result>", "32")), total_rows=3),
    )
    assert outcome.text.splitlines()[:2] == ["drawn", "That was all."]
    assert "out/plot.png: a picture of 30 × 20 pixels" in outcome.text
    assert "name | grams\nada | 10" in as_material("python", outcome)
    assert as_material("python", outcome).count("</tool_result>") == 1
    assert ToolOutcome.from_json(json.loads(json.dumps(outcome.to_json()))) == replace(
        outcome, wall_s=round(outcome.wall_s, 1)
    )


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ("{", ""),
        ("7", ""),
        ('[7, ["a.png"], ["a.png", "no base64!"], [7, 7]]', ""),
        (json.dumps([["a.png", None]]), "not taken"),
        (json.dumps([["a.png", base64.b64encode(b"x" * 3_000_000).decode()]]), "not taken"),
        (json.dumps([[f"{n}.png", "eA=="] for n in range(9)]), "8.png: not taken"),
        (json.dumps([["t.csv", base64.b64encode(b"a\0,\xff\n" * 90_000).decode()]]), ""),
        (json.dumps([["\ud800\n.png", "eA=="]]), "no picture"),
    ],
)
def test_whatever_a_program_reports_is_bounded(report, said):
    """Counted, measured and sniffed here: its word counts for nothing."""
    mark, asked = "m" * 32, []

    def keep(name, content):
        asked.append(len(content))
        raise NotKept(f"{name}: no picture")

    printed, files = split_report(f"hello\n{mark}{report}\n", mark)
    found = take(files, keep)
    assert printed == "hello"
    assert said in " ".join(found.said)
    assert sum(asked) <= 2_000_000
    assert len(found.tables) <= 1
    assert all(len(table.as_text()) < 6_000 for table in found.tables)
    json.dumps([found.said, [asdict(table) for table in found.tables]], ensure_ascii=False).encode()


async def test_a_program_gets_the_files_that_it_names_and_no_more_than_fit(host):
    """What it does not name stays away; what is too large is said."""
    here = Here(ran=Ran(stdout="x" * 50_000, ending="time"))
    tools = host(
        here, (*FILES, replace(FILES[0], size_bytes=9_000_000, read=replace(FILES[0].read, name="big.csv")))
    )
    outcome = await python(tools, 'open("data.csv"); open("big.csv")')
    assert [file.name for file in here.asked[0].files] == ["data.csv"]
    assert outcome.text.endswith("Too large to be handed to a program: big.csv.")
    assert "ran out of time" in outcome.text
    assert len(outcome.text) < 11_000
    await python(tools, "print(1)")
    assert here.asked[1].files == ()
    await python(tools, "import os; os.listdir()")
    assert [file.name for file in here.asked[2].files] == ["report.pdf", "report.pdf.txt", "data.csv"]


async def test_files_of_one_name_and_of_a_path_lie_beside_each_other(host):
    """No name leads out of the work directory, and none hides another."""
    here = Here(ran=Ran())
    names = ["a.csv", "A.csv", "../x", "/etc/passwd", "\0", "ü" * 120 + ".csv"]
    files = [tool_file(name, [], CSV) for name in names]
    await python(host(here, files), "import os; os.listdir()")
    handed = [file.name for file in here.asked[0].files]
    assert handed[:5] == ["a.csv", "A (2).csv", "_x", "_etc_passwd", "file"]
    CodeRequest("", files=tuple((name, b"") for name in handed))
    attached = tool_file("report.pdf.txt", [], CSV * 100_000)
    await python(host(here, [*FILES, attached]), "import os; os.listdir()")
    handed = [file.name for file in here.asked[1].files]
    assert handed == ["report.pdf", "report.pdf (2).txt", "data.csv", "report.pdf.txt"]


async def test_what_cannot_be_done_is_said(host):
    """Wrong arguments and unknown tools are told the model; where no program runs the tool is off."""
    tools = host(Here("The sandbox is off."))
    for arguments in ({}, {"code": 7}, {"code": " "}, {"code": "x" * 20_001}):
        assert (await tools.use(ToolOrder("python", arguments), NOBODY)).error
    assert "python, search_files" in (await tools.use(ToolOrder("shell", {}), NOBODY)).error
    with pytest.raises(ToolsOff, match="The sandbox is off"):
        await python(tools, "1")


async def test_passages_of_the_files_are_found_with_their_page(host):
    """The best come first, as sources that name file and page; a query that fits none says so."""
    tools = host(Here())
    found = await tools.use(ToolOrder("search_files", {"query": "How much do zebras weigh?"}), NOBODY)
    assert [(each.address, each.where, each.text) for each in found.sources] == [
        ("report.pdf", "page 2", "Zebras weigh more.")
    ]
    nothing = await tools.use(ToolOrder("search_files", {"query": "xylophone"}), NOBODY)
    assert (nothing.sources, nothing.error) == ((), "")
    assert "report.pdf" in tools.specs()[1].description


def test_the_room_stands_on_the_engine_s_words_alone():
    """Whoever uses tools loads neither Django nor the engine's models."""
    code = "import sys, tools; print([name for name in ('django', 'litellm', 'sympy', 'celery') if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
