"""The web process (WSGI): `gunicorn reasoning_app.wsgi`."""

import logging
import os

from django.core.wsgi import get_wsgi_application

from reasoning_app import __version__

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reasoning_app.settings")
application = get_wsgi_application()
logging.getLogger(__name__).info("Ponder %s: starting the web server", __version__)
