"""What billing loads, and when: the web process stays light."""

import subprocess
import sys

LIGHT = """
import os, sys
import django
django.setup()
import billing.views.urls, billing.tasks, billing.admin
print(sorted({"stripe", "litellm", "sympy"} & set(sys.modules)))
"""


def test_pages_do_not_load_stripe():
    """Loading Stripe's package takes most of a second; only a conversation with Stripe does it."""
    done = subprocess.run(
        [sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
