"""Amounts of a table stand with their points one below the other."""

from django.template import Context, Template

from billing.templatetags.columns import points_aligned


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f'<td class="right">{cell}</td>' for cell in cells) + "</tr>"


def _columns(html: str) -> list[list[str]]:
    rows = [row.split("<td")[1:] for row in html.split("<tr>")[1:]]
    cells = [[cell.partition(">")[2].partition("<")[0] for cell in row] for row in rows]
    return [list(column) for column in zip(*cells, strict=True)]


def test_each_column_has_as_many_places_as_its_longest_amount():
    """Each column by itself; signs, groups of thousands and dashes are left as they are."""
    table = (
        _row("$0.25", "−$1,000.5", "7") + _row("$0.060898", "+$0.123", "—") + _row("$12.00", "$1.00", "$3.00")
    )
    first, second, third = _columns(points_aligned(table))
    assert [cell.replace("\u2007", "_") for cell in first] == ["$0.25____", "$0.060898", "$12.00____"]
    assert [cell.replace("\u2007", "_") for cell in second] == ["−$1,000.5__", "+$0.123", "$1.00_"]
    assert third == ["7", "—", "$3.00"]


def test_what_follows_an_amount_stays_behind_it():
    """A cell that spans columns counts as so many; cells that are not figures, and words, are no amounts."""
    table = (
        '<tr><td colspan="2">$5.0</td><td class="num right">$1.5<br>of $20.25</td></tr>'
        '<tr><th>a</th><td class="bright">$1.25</td><td class="right">$1.125</td></tr>'
        '<tr><th>b</th><td>$1.1</td><td class="right">costs $1.1</td></tr>'
    )
    assert points_aligned(table) == table.replace("$1.5<br>", "$1.5\u2007\u2007<br>")


def test_a_template_aligns_what_stands_in_its_block():
    """With `{% aligned %}`; what a cell holds stays escaped."""
    row = '<tr><th>{{ each.0 }}</th><td class="right">{{ each.1|usd_exact }}</td></tr>'
    rows = f"{{% for each in rows %}}{row}{{% endfor %}}"
    text = f"{{% load money %}}{{% aligned %}}<table>{rows}</table>{{% endaligned %}}"
    html = Template(text).render(Context({"rows": [("<b>", 1_500_000_000), ("c", 123_456)]}))
    assert "&lt;b&gt;" in html
    assert f">$1.50{'\u2007' * 7}<" in html
    assert ">$0.000123456<" in html
