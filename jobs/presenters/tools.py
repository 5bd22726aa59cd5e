"""Which tools models may use on this site, in words."""

from django.conf import settings

from jobs.core.code_checks import runs_programs
from solver.core.money import format_usd_exact


def tools_in_words() -> list[str]:
    """Return what models that use tools may do here."""
    tools = settings.PONDER_TOOLS
    found = ["run programs"] if runs_programs() else []
    found.append("search attached files")
    if tools.search is not None:
        found.append(
            f"search the web with {tools.search.provider.capitalize()} "
            f"({format_usd_exact(tools.search.price_nano)} per search)"
        )
    if tools.reads_pages:
        found.append("read pages of the web")
    return found
