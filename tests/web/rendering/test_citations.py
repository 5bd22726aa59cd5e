"""Citations in an answer: links to passages that are there, and nothing where none is."""

from jobs.presenters.markdown.convert import numbers_cited, to_html
from jobs.presenters.sources import NumberedSource, cited_in


def test_a_citation_leads_to_its_passage_and_one_of_none_is_left_out():
    """In running text alone: code, formulas, indices and links stay as they were."""
    html = to_html("So [1][2], **not [3]**; `a[1]`, b[1], $c[1]$, [2](http://x).", citations=2)
    assert html.count('href="#passage-1"') == html.count('href="#passage-2"') == 1
    assert "[3]" not in html
    assert "<code>a[1]</code>, b[1]" in html
    assert "c[1]" in html
    assert '<a href="http://x"' in html


def test_what_is_linked_is_what_is_listed():
    """At the start of a text, in a list, after a dash and after Japanese too; not in code, nor what is a link already."""
    text = "[2] says so.\n\n- [3] first\n\na — [6]; `[4]`, [5](http://x).\n\n東京です[7]。"
    known = [NumberedSource(number, "A page", "", "", "", "") for number in range(1, 8)]
    assert numbers_cited(text, 7) == {each.number for each in cited_in(text, known)} == {2, 3, 6, 7}
    html = to_html(text, citations=7)
    assert all(f'href="#passage-{number}"' in html for number in (2, 3, 6, 7))


def test_without_passages_nothing_is_a_citation():
    """A text of a job without files keeps its brackets."""
    assert to_html("See [1] and [2].") == "<p>See [1] and [2].</p>\n"


def test_groups_lead_to_each_of_their_passages():
    """As they are written; a range leads to its ends and stands for what lies between."""
    text = "So [1, 2]. And [3–5]; or [^6], or【7†x】, **not** [1, 9]."
    html = to_html(text, citations=7)
    assert '[<a href="#passage-1"' in html
    assert numbers_cited(text, 7) == {1, 2, 3, 4, 5, 6, 7}
    assert "9" not in html
    assert ">[7]</a>" in html


def test_a_list_that_is_an_answer_stays():
    """Nothing that is no citation is lost, whatever numbers were read."""
    for text in ("Answer: [7]", "Answer: [1, 2, 9]", "The array **a** = [1, 2]", "`x` is [1, 9]"):
        assert "href" not in (html := to_html(text, citations=3))
        assert text.rsplit("[", 1)[1] in html
