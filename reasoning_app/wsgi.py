"""The web process (WSGI): `gunicorn reasoning_app.wsgi`."""

import logging
import os

from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.urls import get_resolver

from reasoning_app import __version__

_STATEMENT_LIMIT = "30s"

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reasoning_app.settings")
# Whoever waits for a page has gone by then, and a thread that waits for the database serves nobody else.
_options = connections.settings["default"]["OPTIONS"]
_options["options"] = f"{_options.get('options', '')} -c statement_timeout={_STATEMENT_LIMIT}"
application = get_wsgi_application()
# All views are imported now, not while the first visitor waits.
_ = get_resolver().url_patterns
logging.getLogger(__name__).info("Ponder %s: starting the web server", __version__)
