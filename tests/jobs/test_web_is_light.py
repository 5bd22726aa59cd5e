"""The web process stays small: litellm (seconds of import, 160 MB) and the judge's sympy belong to workers.

Loading Stripe's package takes most of a second; only a conversation with Stripe does it. HTTP clients, a third of a
second and 20 MB, come with the tasks alone.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_PROGRAM = """
import sys
import reasoning_app.wsgi
from django.urls import get_resolver
get_resolver().url_patterns
from django.test import Client
Client().get("/jobs/new/")
clients = [name for name in ("aiohttp", "httpx") if name in sys.modules]
import jobs.lifecycle, jobs.core.wake, jobs.tasks, billing.tasks, billing.admin
heavy = ("litellm", "sympy", "math_verify", "openai", "torch", "stripe", "genai_prices", "httpx2")
print(",".join(name for name in heavy if name in sys.modules) + ",".join(clients))
"""


def test_the_web_process_imports_no_heavy_library():
    """What a web process loads has no HTTP client; the tasks included, it leaves litellm, sympy and Stripe out."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.stdout.strip() == "", (done.stdout, done.stderr[-2000:])
    assert done.returncode == 0, done.stderr[-2000:]
