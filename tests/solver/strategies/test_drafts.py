"""`drafts`: texts that are written, compared, revised, and what is said of the best one."""

import re
from dataclasses import replace

import pytest

from solver.checkers.rubric import Rubric
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.core.steps import StepKind, StopReason
from solver.strategies import Setting, make_strategy
from solver.strategies.drafts import Drafts
from tests.solver.played import Play, kinds
from tests.solver.simulated import card

ESSAY = Problem("Explain why the sky is blue.", result=ResultKind.TEXT)
PANEL = [
    replace(one, context_window=50_000)
    for one in (card("demo/one", ability=0.6), card("other/two", ability=0.7, pico=10_000_000))
]
RUBRIC = replace(ESSAY, checker=Rubric(("10: Is fair", "6: Is good", "4: Is great")))
MUTE_PANEL = [replace(one, reads=False) for one in PANEL]
_QUALITY = re.compile(r"quality (-?\d+)")


def qualities(text: str) -> list[int]:
    return [int(found) for found in _QUALITY.findall(text)]


def writing(
    *, judging: float = 0.9, conclusions=("Scattering", "scattering.", "Dust"), failing: float = 0.03, gain=2
):
    """Drafts have a quality, judges prefer the better one, revisions are `gain` better than what they are made of."""

    def respond(step, rng):
        if rng.random() < failing:
            return None
        shown = qualities(step.messages[-1].content.partition("<candidate>")[2])
        if step.parents:
            shown = [*shown, 0, 0]
        match step.kind:
            case StepKind.COMPARE:
                better = (shown[0] > shown[1]) == (rng.random() < judging)
                return f"B repeats itself, and A is short.\nBetter: {'A' if better else 'B'}\nBy: {rng.randint(1, 3)}"
            case StepKind.RUBRIC:
                held = shown[0]
                return "\n".join(
                    f"Criterion {n}: {'met' if held >= 3 * n else 'not met'} — it says {held}"
                    for n in (1, 2, 3)
                )
            case StepKind.GROUP:
                listed = re.findall(r"(\d)\. (\w)", step.messages[-1].content)
                return "\n".join(
                    f"Group: {', '.join(number for number, first in listed if first in letters)}"
                    for letters in ("Ss", "D")
                )
        quality = max(shown) + gain if shown else rng.randrange(10)
        said = conclusions[rng.randrange(len(conclusions))] if conclusions else ""
        return f"# Sky\n\nquality {quality}" + (f"\n\nConclusion: {said}" if said else "")

    return respond


WORLDS = {
    "able": writing(),
    "blind": writing(judging=0.5, failing=0.2),
    "mute": lambda step, rng: "Both have their merits." if rng.random() < 0.8 else writing()(step, rng),
    "worse": writing(gain=-5),
}


def play(respond, budget_nano=100_000_000, panel=None, problem=ESSAY, **options) -> Play:
    made = Play("auto", respond, budget_nano, panel or list(PANEL), problem, **options)
    assert isinstance(made.strategy, Drafts)
    return made


@pytest.mark.parametrize("name", ["auto", "vote", "deep", "drafts"])
def test_a_text_is_always_written_in_drafts(name):
    """No vote counts texts, so whatever strategy was asked for; short answers are not written in drafts."""
    setting = play(writing()).setting
    assert isinstance(make_strategy(name, setting), Drafts)
    short = replace(setting, problem=Problem("What is 6 times 7?"))
    assert not isinstance(make_strategy(name, short), Drafts)


@pytest.mark.parametrize("kind", WORLDS)
@pytest.mark.parametrize("panel", [PANEL, MUTE_PANEL], ids=["readers", "writers"])
def test_any_execution_continues_where_another_ended(kind, panel):
    """Told the same results, a new execution has the same best draft and wants the same steps."""
    for seed in range(4):
        play(WORLDS[kind], 40_000_000, panel, seed=seed, slots=1 + 3 * seed).run(check_replays=0.3)


@pytest.mark.parametrize("kind", WORLDS)
def test_every_budget_ends_with_a_text_and_its_sentence(kind):
    """From one draft to many: the money is never exceeded, and no confidence is claimed."""
    drafts = []
    for budget_nano in (4_000_000, 9_000_000, 25_000_000, 120_000_000, 2_000_000_000):
        made = play(WORLDS[kind], budget_nano, seed=budget_nano)
        assert made.run() is not None
        best = made.strategy.best()
        assert made.spent_nano <= budget_nano
        assert best.text
        assert "Conclusion" not in best.text
        assert best.explanation.endswith(".")
        assert "%" not in best.explanation
        assert best.confidence is None
        drafts.append(sum(bool(each.text) for each in made.told if each.kind is StepKind.SAMPLE))
    assert drafts[0] == 1
    assert drafts[-1] >= 7


def test_a_small_budget_buys_one_draft_and_says_so():
    """It is delivered as it is, and more money would buy more."""
    made = play(writing(failing=0), 4_000_000)
    assert made.run() is StopReason.BUDGET_REACHED
    assert made.strategy.best().explanation == "One draft, compared with no other."


def test_more_money_continues_what_the_budget_ended():
    """A raised job is told its journal again, and goes on with further drafts and comparisons."""
    for budget_nano in (4_000_000, 8_000_000):
        poor = play(writing(failing=0), budget_nano)
        assert poor.run() is StopReason.BUDGET_REACHED
        rich = play(writing(failing=0))
        for result in poor.told:
            rich.tell(result)
        rich.run()
        assert len(rich.told) > len(poor.told) + 5


def test_judges_find_a_good_draft_and_its_revision():
    """Over many jobs the delivered text is better than the best first draft, for revisions improve."""
    won = 0
    for seed in range(10):
        made = play(writing(failing=0), seed=seed)
        assert made.run() in {StopReason.CONFIDENT, StopReason.NO_PROGRESS, StopReason.BUDGET_REACHED}
        firsts = [qualities(each.text)[0] for each in made.told if each.kind is StepKind.SAMPLE]
        won += qualities(made.strategy.best().text)[0] >= max(firsts)
    assert won >= 8


def test_a_worse_revision_is_not_delivered():
    """After two texts in a row that did not win nothing more is bought."""
    for seed in range(6):
        made = play(writing(failing=0, gain=-5, judging=1.0), 400_000_000, seed=seed)
        made.run()
        assert not made.strategy.best().step_key.startswith("improve/")
        assert sum(kind in {"revise", "aggregate"} for kind in kinds(made)) == 2


def test_a_revision_is_told_what_the_judges_found():
    """Their words are in its prompt, with the name that the text had before them."""
    made = play(writing(failing=0, judging=1.0), 400_000_000)
    made.run()
    revisions = [step for step in made.asked.values() if step.kind is StepKind.REVISE]
    assert revisions
    for step in revisions:
        assert re.search(r"There it was [AB]:\nB repeats itself", step.messages[-1].content)
        assert len(step.parents) == step.messages[-1].content.count("<candidate>") == 1


def test_two_drafts_are_compared_in_both_orders_by_a_judge_of_another_family():
    """A judge prefers a place, and its own family's texts."""
    made = play(writing(failing=0), 400_000_000)
    made.run()
    compared = {step.parents: step for step in made.asked.values() if step.kind is StepKind.COMPARE}
    told = {each.key: each.model for each in made.told}
    assert all(
        pair[::-1] in compared
        for pair in compared
        if pair[0].startswith("draft") and pair[1].startswith("draft")
    )
    one_family = [step for pair, step in compared.items() if len({told[key] for key in pair}) == 1]
    assert one_family
    assert all(step.model != told[step.parents[0]] for step in one_family)


def test_it_is_said_how_the_best_draft_was_found():
    """Drafts, comparisons and conclusions are counted; the others' conclusions are the dissent."""
    made = play(writing(failing=0, judging=1.0), 400_000_000, seed=3)
    made.run()
    best = made.strategy.best()
    chosen, agreement = best.explanation.split("; ")
    assert re.fullmatch(r"Best of \d+ drafts(?: and \d+ revisions?)?: won \d+ of \d+ comparisons", chosen)
    shares, drafts = map(
        int, re.fullmatch(r"(\d+) of (\d+) come to the same conclusion\.", agreement).groups()
    )
    assert best.answer.casefold().rstrip(".") in {"scattering", "dust"}
    assert len(best.dissent) == 1
    assert shares + best.dissent[0][1] == drafts == kinds(made).count("sample")
    assert kinds(made).count("group") == 1


def test_without_judges_agreement_chooses():
    """Models that cannot read write a few drafts; the conclusion that most come to is delivered, by the ablest."""
    said = {"draft/0": "Dust.", "draft/1": "Scattering.", "draft/2": "scattering"}
    panel = [
        replace(card("a/writer", ability=0.3), reads=False),
        replace(card("b/writer", ability=0.9), reads=False),
    ]
    made = play(lambda step, _: f"Text {step.key}\n\nConclusion: {said[step.key]}", panel=panel)
    assert made.run() is StopReason.NO_PROGRESS
    assert set(kinds(made)) == {"sample"}
    best = made.strategy.best()
    assert best.answer.startswith("cattering", 1)
    assert best.explanation == (
        "One of 3 drafts, which were not compared with each other; 2 of 3 come to the same conclusion."
    )
    assert best.dissent == (("Dust.", 1),)


def test_texts_without_a_conclusion_are_compared_all_the_same():
    """Each is its own; nothing is said of agreement."""
    made = play(writing(failing=0, conclusions=()))
    made.run()
    assert "group" not in kinds(made)
    assert "conclusion" not in made.strategy.best().explanation
    assert made.strategy.best().answer == ""


def test_judges_that_never_choose_are_not_asked_for_long():
    """What they say nothing of is decided by agreement; no text is revised that nobody could compare."""

    def respond(step, rng):
        return writing(failing=0)(step, rng) if step.kind.answers else "Both are fine."

    made = play(respond, 400_000_000)
    made.run()
    assert 4 <= kinds(made).count("compare") <= 12
    assert not {"revise", "aggregate"} & set(kinds(made))
    assert "not compared" in made.strategy.best().explanation


def test_a_text_that_was_cut_short_is_the_last_choice():
    """It is delivered only where there is no whole one, and said to be cut."""
    made = play(writing(failing=0, conclusions=()), 4_000_000)
    made.run()
    table = made.another_life()
    assert table.best().explanation == "One draft, compared with no other."
    cut = make_strategy("drafts", made.setting)
    for result in made.told:
        cut.tell(replace(result, finish_reason="length") if result.key == "draft/0" else result)
    assert cut.best().explanation.endswith("It was cut short at its length limit.")


def test_a_refusal_is_no_draft():
    """What declines to write is not compared, and is not delivered."""
    sorry = "I'm sorry, but I can't help with that."
    made = play(lambda step, rng: sorry if step.key in {"draft/1", "draft/3"} else writing()(step, rng))
    made.run()
    assert all("sorry" not in step.messages[-1].content for step in made.asked.values() if step.parents)
    assert "Sky" in made.strategy.best().text
    refused = play(lambda *_: sorry)
    assert refused.run() in {StopReason.NO_PROGRESS, None}
    assert refused.strategy.best() is None


def test_a_panel_that_does_not_answer_ends_the_job():
    """Without a single draft there is nothing to deliver."""
    made = play(lambda *_: None)
    assert made.run() in {StopReason.NO_PROGRESS, None}
    assert made.strategy.best() is None


def test_phases_say_what_is_going_on():
    """In the words of one who writes."""
    made, phases = play(writing(failing=0), 400_000_000), set()
    while made.strategy.done() is None and len(made.told) < 400:
        made.max_steps = len(made.told) + 1
        made.run()
        phases.add(re.sub(r"\d+", "N", made.strategy.phase()))
    assert {"Draft — N drafts", "Compare — N of at most N, N drafts", "Revise — N drafts"} <= phases


def test_setting_of_a_raised_budget_keeps_the_numbers_of_drafts():
    """A step's key means the same under every budget."""
    made = play(writing(failing=0))
    made.run()
    setting = Setting(ESSAY, PANEL, 10 * made.budget_nano, 0, {}, made.seed)
    raised = make_strategy("auto", setting)
    for result in made.told:
        raised.tell(result)
    assert raised.best() == made.strategy.best()


# By a rubric ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("panel", [PANEL, MUTE_PANEL], ids=["readers", "writers"])
def test_any_execution_of_a_rubric_continues_where_another_ended(panel):
    """What judges said of criteria derives from tells, as all else does; the money is never exceeded."""
    for seed, budget_nano in enumerate((4_000_000, 12_000_000, 60_000_000)):
        made = play(writing(failing=0.1), budget_nano, panel, RUBRIC, seed=seed, slots=1 + 3 * seed)
        made.run(check_replays=0.3)
        assert made.spent_nano <= budget_nano


def test_each_draft_is_judged_by_the_rubric_before_it_is_compared():
    """By another family than its writer's, all criteria in one call; what is said of the best are its points."""
    made = play(writing(failing=0, judging=1.0), 400_000_000, problem=RUBRIC, slots=3)
    made.run()
    writer = {each.key: each.model for each in made.told if each.kind.answers}
    grades = {each.parents[0]: each for each in made.told if each.kind is StepKind.RUBRIC}
    assert grades.keys() == writer.keys()
    assert all(each.model != writer[key] for key, each in grades.items())
    order = [each.kind for each in made.told]
    assert order.index(StepKind.COMPARE) > max(
        order.index(StepKind.RUBRIC), len(order) - order[::-1].index(StepKind.SAMPLE) - 1
    )
    best = made.strategy.best()
    quality = qualities(best.text)[0]
    assert quality == max(qualities(each.text)[0] for each in made.told if each.kind.answers)
    earned = sum(each.earned for each in best.rubric)
    assert earned == 20
    assert best.explanation.endswith("; rubric 20 of 20.")
    assert best.rubric[0].reason == f"it says {quality}"
    prompt = next(step for step in made.asked.values() if step.kind is StepKind.RUBRIC).messages[-1].content
    assert "2. Is good\n" in prompt
    assert "points" not in prompt.partition("The criteria:")[2]


def test_a_revision_is_told_which_criteria_are_not_met():
    """With the judge's reason; judges who compare know the rubric too."""
    made = play(writing(failing=0, judging=1.0, gain=0), 400_000_000, problem=RUBRIC, seed=1)
    made.run()
    texts = {each.key: each for each in made.told if each.kind.answers}
    improved = [step for step in made.asked.values() if step.kind in {StepKind.REVISE, StepKind.AGGREGATE}]
    assert improved
    for step in improved:
        prompt = step.messages[-1].content
        lacks = qualities(texts[step.parents[0]].text)[0] < 9
        assert ("- Is great – it says" in prompt) is lacks
    compared = next(step for step in made.asked.values() if step.kind is StepKind.COMPARE)
    assert "3. Is great (4 points)" in compared.messages[-1].content


def test_points_choose_where_nobody_can_say_which_is_better():
    """Judges that are mute in comparisons still tell which criteria are met."""

    def respond(step, rng):
        return "Both are fine." if step.kind is StepKind.COMPARE else writing(failing=0)(step, rng)

    made = play(respond, 400_000_000, problem=RUBRIC)
    made.run()
    drafts = [qualities(each.text)[0] for each in made.told if each.kind is StepKind.SAMPLE]
    assert min(qualities(made.strategy.best().text)[0] // 3, 3) == min(max(drafts) // 3, 3)
    assert re.search(r"by the rubric; .*rubric \d+ of 20\.$", made.strategy.best().explanation)


def test_it_is_said_where_nobody_judged_by_the_rubric():
    """Models that cannot read are not asked, and mute ones not for long."""
    made = play(writing(failing=0), panel=MUTE_PANEL, problem=RUBRIC)
    made.run()
    assert "rubric" not in kinds(made)
    assert made.strategy.best().explanation.endswith("; not judged by the rubric.")
    assert made.strategy.best().rubric == ()

    def respond(step, rng):
        return writing(failing=0)(step, rng) if step.kind is not StepKind.RUBRIC else "A fine text."

    mute = play(respond, 400_000_000, problem=RUBRIC, slots=1)
    mute.run()
    assert kinds(mute).count("rubric") == 4
