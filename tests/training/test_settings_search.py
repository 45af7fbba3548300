import logging

import numpy as np
import pytest
from made_up import additive_labels
from tracked_cases import noisy_labels

from archcast.core.errors import ArtifactError, InputError, UnknownNameError
from archcast.predictors import PREDICTORS
from archcast.training import settings_search
from archcast.training.fit import fit
from archcast.training.settings_search import Trial, search_settings, searched_ranges
from archcast.training.splits import group_split, prove_disjoint
from archcast.training.sweep_ranges import RANGES, SEARCHED_ROWS, Among, Real
from archcast.training.train import make_predictor

LABELS = noisy_labels(("board",), share=0.1)
SPLIT = group_split(LABELS)


@pytest.mark.parametrize("family", [name for name in RANGES if name in PREDICTORS])
def test_ranges_are_of_settings_and_hold_the_defaults(family):
    """Both ends of every range make a predictor, and the defaults lie between them."""
    config = PREDICTORS[family].Config()
    assert RANGES[family]
    for name, searched in RANGES[family].items():
        default = getattr(config, name)
        if isinstance(searched, Among):
            text = ",".join(default) if isinstance(default, tuple) else str(default).lower()
            assert text in searched.choices
            ends = searched.choices
        else:
            assert searched.low <= default <= searched.high
            ends = (searched.low, searched.high)
        for end in ends:
            made = getattr(make_predictor(family, {name: end}).config, name)
            if isinstance(default, bool):
                assert made is (end == "true")
            else:
                assert made == (tuple(end.split(",")) if isinstance(end, str) else end)


def test_the_held_out_side_is_never_seen(monkeypatch):
    seen = []

    def watched(predictor, labels, split, *, seed):
        seen.append((labels, split))
        return fit(predictor, labels, split, seed=seed)

    monkeypatch.setattr(settings_search, "fit", watched)
    search_settings("lookup", LABELS, SPLIT, trials=3)
    taught = LABELS.rows(SPLIT.train)
    for labels, split in seen:
        np.testing.assert_array_equal(labels.codes, taught.codes)
        np.testing.assert_array_equal(labels.values, taught.values)
        prove_disjoint(labels, split)
        assert len(split.train) + len(split.test) == len(SPLIT.train)
    assert len(seen) == 3


def test_defaults_first_then_the_best_of_all():
    told = []
    found = search_settings("lookup", LABELS, SPLIT, trials=6, seed=1, on_trial=told.append)
    assert told == list(found.trials)
    assert [trial.number for trial in told] == list(range(6))
    assert told[0].settings == {"ridge": 1e-3}
    assert found.best.score == max(trial.score for trial in told)
    assert found.best.quality["kendall"] == found.best.score
    assert found.settings == found.best.settings
    assert len({trial.settings["ridge"] for trial in told}) == 6


SHUT = {"members": 1, "epochs": 3, "hidden": 8, "batch": 64}
"""The network is small; on labels that are a sum its gate is shut whatever it learns."""


def test_a_sweep_of_mlp_compares_two_answers_where_the_gate_is_shut():
    sums = additive_labels(("board",))
    found = search_settings("mlp", sums, group_split(sums), trials=6, fixed=SHUT)
    by_answer = {(t.settings["corrects"], t.score) for t in found.trials if t.settings["corrects"] == "true"}
    assert len(by_answer) == 1
    assert found.decided
    assert min(found.trials, key=lambda t: t.score).settings["corrects"] == "false"
    assert found.best.settings["corrects"] == "true"


def test_trials_that_answer_alike_are_told_apart_from_a_choice():
    sums = additive_labels(("board",))
    found = search_settings("mlp", sums, group_split(sums), trials=3, fixed=SHUT | {"corrects": True})
    assert len({trial.settings["rate"] for trial in found.trials}) == 3
    assert not found.decided
    assert search_settings("lookup", LABELS, SPLIT, trials=3).decided


def test_trials_of_a_slow_family_are_fitted_to_part_of_the_rows(monkeypatch):
    seen = []

    def watched(predictor, labels, split, *, seed):
        seen.append(split)
        return fit(predictor, labels, split, seed=seed)

    monkeypatch.setattr(settings_search, "fit", watched)
    monkeypatch.setattr(settings_search, "SEARCHED_ROWS", {"lookup": 50})
    search_settings("lookup", LABELS, SPLIT, trials=2)
    assert [len(split.train) for split in seen] == [50, 50]
    assert len(seen[0].test) == pytest.approx(len(SPLIT.train) / 5, rel=0.2)
    assert SEARCHED_ROWS.keys() <= RANGES.keys()


def test_families_fit_on_one_thread_by_default():
    """More threads than idle cores make small matrix products wait for each other."""
    counted = {name: PREDICTORS[name].Config() for name in PREDICTORS}
    threads = {name: config.threads for name, config in counted.items() if hasattr(config, "threads")}
    assert {"gnn", "lightgbm", "mlp"} <= threads.keys()
    assert set(threads.values()) == {1}


def test_the_seed_decides():
    one, same, other = (search_settings("lookup", LABELS, SPLIT, trials=3, seed=s) for s in (0, 0, 1))
    assert [t.settings for t in one.trials] == [t.settings for t in same.trials]
    assert [t.quality for t in one.trials] == [t.quality for t in same.trials]
    assert [t.settings for t in one.trials] != [t.settings for t in other.trials]


def test_fixed_settings_stay():
    fixed = {"rounds": "7", "threads": 1, "num_leaves": 5}
    found = search_settings("lightgbm", LABELS, SPLIT, trials=2, fixed=fixed)
    assert "num_leaves" not in found.best.settings
    assert found.settings == {**found.best.settings, **fixed}
    assert make_predictor("lightgbm", found.settings).config.rounds == 7


def test_a_trial_that_fails_is_kept_and_the_rest_goes_on(monkeypatch):
    calls = []

    def brittle(*given, **options):
        calls.append(given)
        if len(calls) == 2:
            raise InputError("ridge must be otherwise")
        return fit(*given, **options)

    monkeypatch.setattr(settings_search, "fit", brittle)
    found = search_settings("lookup", LABELS, SPLIT, trials=3)
    assert [trial.failure for trial in found.trials] == ["", "ridge must be otherwise", ""]
    assert found.trials[1].quality == {}
    assert found.best.number != 1


def test_when_every_trial_fails(monkeypatch):
    def broken(*given, **options):
        raise ArtifactError("nothing works")

    monkeypatch.setattr(settings_search, "fit", broken)
    with pytest.raises(InputError, match=r"every trial of lookup failed, the first because nothing works"):
        search_settings("lookup", LABELS, SPLIT, trials=2)


def test_mistakes_are_named():
    with pytest.raises(InputError, match="trials must be at least 1, got 0"):
        search_settings("lookup", LABELS, SPLIT, trials=0)
    with pytest.raises(
        UnknownNameError, match=r"predictor to search the settings of must be one of .*lookup"
    ):
        searched_ranges("flops", {})
    with pytest.raises(UnknownNameError, match="predictor to train must be one of"):
        searched_ranges("oracle", {})
    with pytest.raises(UnknownNameError, match="setting of lookup must be one of ridge"):
        searched_ranges("lookup", {"rigde": 1})
    with pytest.raises(InputError, match="a sweep of lookup must leave one of ridge open"):
        searched_ranges("lookup", {"ridge": 1})


def test_optuna_keeps_its_voice(capfd):
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(logging.INFO)
    try:
        search_settings("lookup", LABELS, SPLIT, trials=1)
        assert optuna.logging.get_verbosity() == logging.INFO
    finally:
        optuna.logging.set_verbosity(before)
    assert capfd.readouterr() == ("", "")


def test_a_failed_trial_scores_below_every_other():
    assert Trial(0, {}, {}, 0.0, "no").score < Trial(1, {}, {"kendall": -1.0}, 0.0).score
    assert Real(1.0, 2.0).log is False
