"""The theme of the pages: chosen on each device, kept in a cookie there."""

from django.http import HttpRequest

THEME_COOKIE = "theme"
THEMES = {"auto": "Match device", "light": "Light", "dark": "Dark"}


def theme_of(request: HttpRequest) -> str:
    """Return the theme chosen on this device: auto, light or dark."""
    chosen = request.COOKIES.get(THEME_COOKIE, "auto")
    return chosen if chosen in THEMES else "auto"
