"""What other rooms import from `solver` is there, and costs nothing before it is asked for."""

import subprocess
import sys

import solver


def test_every_public_name_is_found_where_it_lives():
    """The list, the table of homes and what the modules hold agree."""
    assert sorted(solver._HOMES) == sorted(solver.__all__)
    assert all(getattr(solver, name).__module__ == f"solver.{solver._HOMES[name]}" for name in solver.__all__)
    assert not hasattr(solver, "Unheard")


def test_importing_the_engine_loads_no_part_of_it():
    """Children that judge answers or render pages import the package too."""
    program = "import sys, solver; print([name for name in sys.modules if name.startswith('solver.')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
