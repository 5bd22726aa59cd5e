"""The checkers; others import them from here."""

from solver.checkers.base import BaseChecker, CheckerError, Field
from solver.checkers.registry import (
    REGISTRY,
    checker_from_json,
    option_examples,
    parse_checker,
    parse_checker_option,
    pose,
    problem_kind,
    recognise_checker,
)

__all__ = [
    "REGISTRY",
    "BaseChecker",
    "CheckerError",
    "Field",
    "checker_from_json",
    "option_examples",
    "parse_checker",
    "parse_checker_option",
    "pose",
    "problem_kind",
    "recognise_checker",
]
