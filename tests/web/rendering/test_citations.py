"""Citations in an answer: links to passages that are there, and nothing where none is."""

from jobs.presenters.markdown.convert import to_html


def test_a_citation_leads_to_its_passage_and_one_of_none_is_left_out():
    """In running text alone: code, formulas, indices and links stay as they were."""
    html = to_html("So [1][2], **not [3]**; `a[1]`, b[1], $c[1]$, [2](http://x).", citations=2)
    assert html.count('href="#passage-1"') == html.count('href="#passage-2"') == 1
    assert "[3]" not in html
    assert "<code>a[1]</code>, b[1]" in html
    assert "c[1]" in html
    assert '<a href="http://x"' in html


def test_without_passages_nothing_is_a_citation():
    """A text of a job without files keeps its brackets."""
    assert to_html("See [1] and [2].") == "<p>See [1] and [2].</p>\n"
