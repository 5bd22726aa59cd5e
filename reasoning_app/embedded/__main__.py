"""`python -m reasoning_app.embedded` is `manage.py up` without the second that loading Django takes."""

import sys

from reasoning_app.embedded.up import main

sys.exit(main(sys.argv[1:]))
