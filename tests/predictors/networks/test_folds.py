"""Folds of families."""

from __future__ import annotations

from archcast.predictors.networks.folds import family_folds


def test_a_family_stands_in_one_fold() -> None:
    families = [f"family{i % 7}" for i in range(40)]
    folds = family_folds(families, 3)
    by_family = {
        name: {int(f) for f, g in zip(folds, families, strict=True) if g == name} for name in families
    }
    assert all(len(found) == 1 for found in by_family.values())
    assert sorted(set(folds.tolist())) == [0, 1, 2]


def test_folds_do_not_depend_on_the_order_of_networks() -> None:
    families = [f"family{i % 7}" for i in range(14)]
    assert family_folds(families[::-1], 3)[::-1].tolist() == family_folds(families, 3).tolist()


def test_fewer_families_than_folds() -> None:
    assert family_folds(["a", "a", "b"], 10).max() == 1
