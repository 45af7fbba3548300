"""What is likely wrong with measured costs."""

import numpy as np
import pytest

from archcast.predictors.doubts.costs import Costs, doubts_of_costs

N = 12
RNG = np.random.default_rng(3)
BASE = np.exp(RNG.uniform(np.log(2.0), np.log(60.0), N))
SOURCES = np.stack([k * BASE * np.exp(0.15 * RNG.normal(size=N)) for k in (0.4, 1.0, 1.5, 3.0)], axis=1)
VALUES = 0.8 * BASE * np.exp(0.05 * RNG.normal(size=N))


def given(values=VALUES, *, metric="latency", known=SOURCES, groups=None, expected=None, same=True):
    groups = np.arange(len(values)) if groups is None else np.array(groups)
    n = groups.max() + 1
    expected = np.full(n, np.nan) if expected is None else expected
    return Costs(metric, np.array(values), groups, known[:n], np.full(known.shape[1], same), expected)


def told(values=VALUES, **settings):
    return [(doubt.kind, doubt.items) for doubt in doubts_of_costs(given(values, **settings))]


def changed(factors):
    values = VALUES.copy()
    for item, factor in factors.items():
        values[item] *= factor
    return values


def test_what_is_right_draws_no_doubt():
    assert told() == []
    assert told(1 / VALUES, metric="throughput") == []
    assert told(expected=VALUES) == []
    assert told(VALUES[:3]) == []


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (1000.0, "times what the others and the sources say: is it in us?"),
        (1e-3, "times less than what the others and the sources say: is it in s?"),
        (10.0, "is the decimal point right?"),
        (0.1, "times less than what the others and the sources say: is the decimal point right?"),
        (5.0, "was it measured as the others?"),
    ],
)
def test_one_row_far_off_is_named_with_its_factor(factor, words):
    found = doubts_of_costs(given(changed({4: factor})))
    assert [(d.kind, d.items) for d in found] == [("rows", (4,))]
    assert words in found[0].text
    assert f"{VALUES[4] * factor:.6g} ms" in found[0].text


def test_a_part_in_another_unit_is_told_from_the_rest():
    odd = {1: 1e-3, 4: 1e-3, 5: 1e-3, 9: 1e-3}
    found = doubts_of_costs(given(changed(odd)))
    assert [(d.kind, d.items) for d in found] == [("mixed", (1, 4, 5, 9))]
    assert "latency of 4 of 12" in found[0].text
    assert "is it in s?" in found[0].text
    half = dict.fromkeys(range(6), 1e-3)
    assert told(changed(half)) == [("mixed", tuple(range(6)))], "the half that is far from sources is odd"


def test_all_in_another_unit():
    found = doubts_of_costs(given(1000 * VALUES))
    assert [d.kind for d in found] == ["unit"]
    assert "is it in ms, or in us?" in found[0].text
    assert told(10 * VALUES) == []


def test_a_rate_in_the_place_of_a_time():
    found = doubts_of_costs(given(100 / VALUES))
    assert [d.kind for d in found] == ["inverse"]
    assert found[0].text.endswith("is it throughput?")
    turned = doubts_of_costs(given(VALUES, metric="throughput"))
    assert turned[-1].text.endswith("is it latency?")


def test_two_rows_exchanged():
    low, high = int(VALUES.argmin()), int(VALUES.argmax())
    values = VALUES.copy()
    values[[low, high]] = values[[high, low]]
    assert told(values) == [("swapped", (min(low, high), max(low, high)))]


def test_values_of_other_rows():
    shuffled = np.random.default_rng(0).permutation(VALUES)
    assert [kind for kind, _ in told(shuffled)] == ["order"]


def test_repeats_far_apart():
    values, groups = [*VALUES, 4 * VALUES[2]], [*range(N), 2]
    found = doubts_of_costs(given(values, groups=groups))
    assert [(d.kind, d.items) for d in found] == [("repeats", (2, 12))]
    assert f"as {VALUES[2]:.4g} and as {4 * VALUES[2]:.4g} ms" in found[0].text
    assert told([*VALUES, 2 * VALUES[2]], groups=groups) == []


def test_what_the_others_say_clears_a_row():
    values = changed({4: 5.0})
    assert told(values, expected=values) == []
    assert told(values, expected=VALUES) == [("rows", (4,))]


def test_without_sources_only_units_are_told():
    none = np.zeros((N, 0))
    assert told(changed({4: 1000.0}), known=none, expected=VALUES) == [("rows", (4,))]
    assert told(changed({4: 10.0}), known=none, expected=VALUES) == []
    assert told(1000 * VALUES, known=none) == []


def test_sources_of_another_metric_tell_rows_alone():
    assert told(1000 * VALUES, same=False) == []
    assert "inverse" not in dict(told(1 / VALUES, same=False))
    assert told(changed({4: 10.0}), same=False) == [("rows", (4,))]


def test_of_many_sources_the_nearest_count():
    others = BASE[:, None] * np.exp(0.3 * np.random.default_rng(5).normal(size=(N, 60)))
    known = np.concatenate([others, SOURCES], axis=1)
    assert told(changed({4: 10.0}), known=known) == [("rows", (4,))]
