"""Which tools models may use on this site."""

from collections.abc import Collection

from django.conf import settings

from billing.prices.book import calling_models, price_book
from jobs.core.code_checks import runs_programs


def has_tools() -> bool:
    """Tell whether models may use any tool here, whatever files a job has."""
    tools = settings.PONDER_TOOLS
    return runs_programs() or tools.search is not None or tools.reads_pages


def paid_use_nano() -> int | None:
    """Return what one use of the dearest tool costs before the markup, in nano-USD; None where there is no tool."""
    search = settings.PONDER_TOOLS.search
    return (search.price_nano if search else 0) if has_tools() else None


def why_no_agents(model_names: Collection[str], *, has_files: bool) -> str:
    """Return in a sentence why attempts with tools are not offered here; empty where they are.

    The files of a job can be searched everywhere.
    """
    if not has_tools() and not has_files:
        return "Agents are not offered: no program is run here, and the web is neither searched nor read."
    if not calling_models(price_book()).intersection(model_names):
        return "Agents are not offered: none of the models here calls tools."
    return ""
