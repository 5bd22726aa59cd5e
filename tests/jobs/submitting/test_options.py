"""A job's options: one type for form, terminal and rows, checked once."""

import pytest

from jobs.core.errors import SubmitError
from jobs.core.options import JobOptions
from jobs.models import Job
from jobs.views.job_form.form_fields import fields_of_options
from solver.strategies import DEFAULT


@pytest.mark.parametrize(
    ("row", "options"),
    [
        ({}, JobOptions()),
        ({"confidence_target": "0.9"}, JobOptions(confidence_target=0.9)),
        ({"confidence_target": 0.9, "models": []}, JobOptions(confidence_target=0.9)),
        ({"models": ["a/b"], "value_nano": 7, "max_tries": 2}, JobOptions(models=("a/b",), value_nano=7, max_tries=2)),
        ({"passes": 3, "depth": 0, "of_another_release": [1]}, JobOptions(passes=3, depth=0)),
    ],
)  # fmt: skip
def test_rows_of_any_release_are_read(row, options):
    """Keys that are unknown here are left out; a target that was kept as text is a number."""
    assert JobOptions.from_json(row) == options
    assert JobOptions.from_json(options.to_json()) == options


def test_a_job_without_a_choice_has_the_default_strategy():
    """The row's default is that of the form and the terminal."""
    assert Job().strategy == DEFAULT


def test_a_row_holds_only_what_was_chosen():
    """Nothing chosen is an empty mapping, and the strategy never sees which models were named."""
    assert JobOptions().to_json() == {}
    chosen = JobOptions(models=("a/b",), confidence_target=0.8, depth=0)
    assert chosen.to_json() == {"models": ["a/b"], "confidence_target": 0.8, "depth": 0}
    assert chosen.for_strategy() == {"confidence_target": 0.8, "depth": 0}


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (JobOptions(confidence_target=0.4), "confidence_target"),
        (JobOptions(confidence_target=1.0), "confidence_target"),
        (JobOptions(confidence_target=2.0), "confidence_target"),
        (JobOptions(confidence_target=float("nan")), "confidence_target"),
        (JobOptions(value_nano=0), "value"),
    ],
)
def test_a_choice_that_no_job_can_have_is_refused(options, field):
    """The refusal says what is expected, and at which field."""
    with pytest.raises(SubmitError) as refusal:
        options.check()
    assert (refusal.value.field, refusal.value.code) == (field, "out_of_range")


def test_a_job_that_is_never_sure_has_a_target_that_no_answer_reaches():
    """A row keeps the choice; the strategy sees a target above certainty."""
    endless = JobOptions(is_never_sure=True, max_tries=9)
    endless.check()
    assert JobOptions.from_json(endless.to_json()) == endless
    assert endless.for_strategy() == {"confidence_target": 2.0, "max_tries": 9}


@pytest.mark.parametrize("target", ["0.9", 0.9])
def test_the_form_of_the_next_run_shows_the_target(target):
    """However the row keeps it."""
    assert fields_of_options(Job(options={"confidence_target": target}))["confidence_target"] == "0.9"
