"""Texts of models and strangers as HTML: safe to show, and never a danger to the process that shows them."""

from jobs.presenters.markdown.cleaning import clean_text
from jobs.presenters.markdown.render import has_math, render_markdown
from jobs.presenters.markdown.short import maths_in_line_html, short_answer_html, short_answer_text
from jobs.presenters.markdown.signs import in_signs

__all__ = [
    "clean_text",
    "has_math",
    "in_signs",
    "maths_in_line_html",
    "render_markdown",
    "short_answer_html",
    "short_answer_text",
]
