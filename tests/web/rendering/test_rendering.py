"""The web process survives every text: rendering happens in processes that can be killed."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from jobs.presenters.markdown import render_markdown
from jobs.presenters.markdown.render import MAX_CHARACTERS, TOO_SLOW, Renderer
from tests.support.children import is_alive, worker_of

SLOW = "|a" * 4_000 + "|\n" + "|-" * 4_000 + "|\n" + "|c|\n" * 30


@pytest.fixture
def renderer():
    """Make renderers of one process."""
    made = []

    def make(**limits):
        # A busy machine may need long to start a process.
        made.append(Renderer(**{"size": 1, "wait_s": 120.0, **limits}))
        return made[-1]

    yield make
    for one in made:
        one.close()


def render_something(renderer: Renderer) -> None:
    """Render texts until one is formatted: on a busy machine a process may not be up in time for the first."""
    deadline_s = time.monotonic() + 120
    number = 0
    while renderer.html_of(f"text {number}") is None:
        assert time.monotonic() < deadline_s
        number += 1


def process_of(renderer: Renderer) -> int:
    """Return the process in which the renderer's only child reads texts."""
    worker = worker_of(renderer._pool)
    assert worker is not None
    return worker


def test_a_text_that_takes_too_long_is_shown_as_it_was_written(renderer):
    """Escaped and said so; the next text is formatted as ever."""
    slow = renderer(cpu_limit_s=0.05)
    text = f"<b>\n\n{SLOW}"
    rendered = render_markdown(text, renderer=slow)
    assert TOO_SLOW in rendered
    assert "&lt;b&gt;\n\n|a|a" in rendered
    render_something(slow)


def test_a_process_that_never_answers_is_killed(renderer):
    """A stopped process is as stuck as an endless loop: it is killed at its limit, and another takes its place."""
    one = renderer(cpu_limit_s=0.5)
    render_something(one)
    stuck = process_of(one)
    os.kill(stuck, signal.SIGSTOP)
    assert one.html_of("b") is None
    assert one.html_of("c") == "<p>c</p>\n"
    assert process_of(one) != stuck
    deadline_s = time.monotonic() + 120
    while is_alive(stuck):
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_a_hostile_text_costs_its_time_once(renderer):
    """Each poll of a running job's page shows its best answer again: what failed lately is not tried again."""
    slow = renderer(cpu_limit_s=0.05)
    assert slow.html_of(SLOW) is None
    render_something(slow)
    process = process_of(slow)
    threads = [threading.Thread(target=slow.html_of, args=[SLOW]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert process_of(slow) == process


def test_what_was_rendered_is_remembered(renderer):
    """The same text needs no process again, until others have taken its place."""
    one = renderer(cpu_limit_s=0.5, remembered=2)
    first = one.html_of("a")
    os.kill(process_of(one), signal.SIGSTOP)
    assert one.html_of("a") is first
    assert one.html_of("b") is None
    assert one.html_of("c") == "<p>c</p>\n"
    assert one.html_of("a") == first


def test_who_waits_too_long_reads_the_text_as_it_was_written(renderer):
    """All processes busy: the page is shown without waiting for its turn."""
    one = renderer(cpu_limit_s=60, wait_s=0.5)
    render_something(one)
    os.kill(process_of(one), signal.SIGSTOP)
    other = threading.Thread(target=one.html_of, args=["b"])
    other.start()
    began = time.monotonic()
    assert one.html_of("c") is None
    assert time.monotonic() - began < 30
    other.join()


def test_a_process_knows_nothing_of_the_environment(renderer, monkeypatch):
    """It reads hostile texts, so no key is in its reach."""
    monkeypatch.setenv("OPENAI_API_KEY", "secret-of-the-site")
    one = renderer()
    one.html_of("a")
    assert "secret" not in Path(f"/proc/{process_of(one)}/environ").read_text()


def test_a_text_of_the_greatest_length_is_shown(renderer):
    """The longest answer that a page shows: formatted, or as it was written where that takes too long."""
    one = renderer(cpu_limit_s=1)
    for unit in ("a *b* $x$\n\n", "\\[", "[", "中", "```python\nx = 1\n```\n", "\u202e\x00\ud800"):
        assert render_markdown((unit * MAX_CHARACTERS)[:MAX_CHARACTERS], renderer=one)


def test_a_longer_text_is_cut_and_says_so(renderer):
    """No page grows without end."""
    shown = render_markdown("x" * (MAX_CHARACTERS + 10), renderer=renderer())
    assert "shortened here" in shown
    assert "x" * MAX_CHARACTERS in shown
    assert "x" * (MAX_CHARACTERS + 1) not in shown
