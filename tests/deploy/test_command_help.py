"""Each of our commands says what it takes."""

import pytest
from django.core.management import get_commands, load_command_class

OURS = ("jobs", "billing", "accounts", "files", "reasoning_app")


@pytest.mark.parametrize(
    "name", sorted(name for name, app in get_commands().items() if str(app).startswith(OURS))
)
def test_the_help_of_a_command_can_be_printed(name):
    """A percent sign in a help text, as in `number:42±2%`, is one of argparse's own unless it is doubled."""
    app = get_commands()[name]
    assert name in load_command_class(str(app), name).create_parser("manage.py", name).format_help()
