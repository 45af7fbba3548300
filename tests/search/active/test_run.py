"""Finding the best by training few."""

import numpy as np
import pytest

import archcast
from archcast.core.doubts import DoubtError, DoubtWarning
from archcast.core.errors import InputError
from archcast.search.active.process import STRATEGIES
from archcast.search.active.run import FIRST, Trainer, find_best

SPACE = archcast.spaces("nasbench201")
CANDIDATES = SPACE.sample(600, seed=2)


def label(archs):
    """Grows with 3x3 convolutions, most with the last."""
    codes = SPACE.parse(archs)
    return 60.0 + (codes == 3) @ np.array([1.0, 2.0, 1.0, 3.0, 2.0, 4.0]) - 2.0 * (codes == 0).sum(axis=1)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("batch", [1, 4])
def test_far_fewer_than_random_draws_are_trained(strategy, batch):
    top = label(SPACE.format(CANDIDATES)).max()
    given = []

    def counted(archs):
        given.append(len(archs))
        return label(archs)

    found = find_best(
        "nasbench201",
        counted,
        budget=60,
        batch=batch,
        seed=0,
        candidates=CANDIDATES,
        strategy=strategy,
        enough=top,
    )
    assert found.accuracies.max() == top
    assert label([found.best])[0] == top
    assert len(set(found.archs)) == len(found.archs) == sum(given) < 60
    assert max(given[1:]) <= batch


def test_the_same_seed_trains_the_same():
    ways = [
        find_best("nasbench201", label, budget=12, seed=s, candidates=CANDIDATES).archs for s in (1, 1, 2)
    ]
    assert ways[0] == ways[1] != ways[2]


def test_asked_anew_from_what_was_told_it_goes_on_as_one_loop():
    whole = find_best("nasbench201", label, budget=14, seed=3, candidates=CANDIDATES)
    archs = []
    for _ in range(7):  # as a command that is called again and again
        trainer = Trainer("nasbench201", candidates=CANDIDATES, seed=3)
        trainer.tell(archs, label(archs).tolist() if archs else [])
        archs += trainer.ask(1 if archs else FIRST)
    assert archs == whole.archs


def test_what_is_in_training_or_failed_is_not_asked_for_again():
    trainer = Trainer("nasbench201", candidates=CANDIDATES)
    first = trainer.ask(20)
    assert trainer.ask(20) == first, "asking alone tells nothing"
    trainer.tell(first[:12], label(first[:12]).tolist())
    trainer.tell(first[12:], [None] * 7 + [float("nan")])
    more = trainer.ask(30)
    assert len(set(more)) == 30
    assert not set(more) & set(first)
    assert trainer.found.archs == first[:12]
    trainer.tell(first[12:13], [99.0])
    assert trainer.found.best == first[12]
    assert trainer.found.archs == first[:13]


def test_what_is_in_training_is_chosen_around():
    def told(busy):
        trainer = Trainer("nasbench201", candidates=CANDIDATES)
        begun = trainer.ask(15)
        trainer.tell(begun, label(begun).tolist())
        trainer.tell(busy, [None] * len(busy))
        return trainer

    together = told([]).ask(2)
    assert told(together[:1]).ask(1) == together[1:]


def test_others_than_candidates_teach_and_are_not_asked_for():
    trainer = Trainer("nasbench201", candidates=CANDIDATES[:30])
    others = SPACE.format(CANDIDATES[100:110])
    assert trainer.left == 30
    trainer.tell(others, label(others).tolist())
    asked = trainer.ask(4)
    trainer.tell(asked[:1], label(asked[:1]).tolist())
    new = SPACE.format(CANDIDATES[200:201])
    trainer.tell(new, [99.9])  # after the process was made
    assert trainer.found.best == new[0]
    rest = trainer.ask(100)
    assert len(rest) == trainer.left == 29
    assert set(rest) <= set(SPACE.format(CANDIDATES[:30]))
    trainer.tell(rest, [None] * 29)
    assert trainer.ask() == []


def test_nothing_of_a_wrong_batch_is_learned():
    trainer = Trainer("nasbench201", candidates=CANDIDATES)
    a, b = trainer.ask(2)
    for archs, values, message in (
        ([a, b], [1.0], "must be one an architecture, 2"),
        ([a, b], [1.0, "good"], r"must be a number, got 'good' \(item 1\)"),
        ([a, b], [1.0, float("inf")], "must be a number"),
        ([a, b], [1.0, 120.0], r"must be 0 to 100 %, got 120 \(item 1\)"),
        ([a, a], [1.0, 2.0], r"must be told once, .* \(item 1\)"),
    ):
        with pytest.raises(InputError, match=message):
            trainer.tell(archs, values)
    assert not trainer.found.archs
    with pytest.raises(InputError, match="none was"):
        trainer.found.best  # noqa: B018
    trainer.tell([a], [61.0])
    with pytest.raises(InputError, match="told once"):
        trainer.tell([a], [61.0])
    with pytest.raises(InputError, match="n must be a whole number"):
        trainer.ask(0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"budget": 0}, "budget must be a whole number"),
        ({"batch": 0}, "batch must be a whole number"),
        ({"strategy": "greedy"}, "strategy must be one of ucb"),
        ({"candidates": CANDIDATES[:20], "budget": 40}, "budget must be at most the 20 candidates"),
        ({"label": lambda archs: [1.0]}, "one number an architecture"),
    ],
)
def test_mistakes(words, message):
    with pytest.raises(InputError, match=message):
        find_best(**({"space": "nasbench201", "label": label} | words))


def test_nothing_is_trained_that_breaks_a_limit():
    def params(archs):
        table = archcast.features(archs, "nasbench201")
        return table.values[:, table.names.index("params")]

    most = float(np.median(params(SPACE.format(CANDIDATES))))
    limits = [f"params<={most}", "latency@raspi4<=40"]
    found = find_best("nasbench201", label, budget=20, batch=6, candidates=CANDIDATES, limits=limits)
    assert params(found.archs).max() <= most
    assert archcast.predict_interval(found.archs, "raspi4", coverage=0.8)[1].max() <= 40
    with pytest.raises(InputError, match="limits params<=1 are kept by none of 5"):
        find_best("nasbench201", label, candidates=CANDIDATES, limits="params<=1")


def test_fractions_are_asked_about_or_refused():
    trainer = Trainer("nasbench201", candidates=CANDIDATES)
    a, b, c = trainer.ask(3)
    with pytest.warns(DoubtWarning, match="is it in per cent, or a fraction"):
        trainer.tell([a], [0.93])
    other = Trainer("nasbench201", candidates=CANDIDATES, strict=True)
    other.tell([a, b], [88.0, 94.0])
    with pytest.raises(DoubtError, match=r"are they fractions\? \(item 0\)"):
        other.tell([c], [0.9])
    assert len(other.found.archs) == 2
