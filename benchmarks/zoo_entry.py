"""One entry of the zoo: chosen, fitted and saved, or taken from the model registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from zoo_recipe import Candidate, Entry, Recipe

from archcast.core.errors import DataError, InputError
from archcast.core.labels import Labels
from archcast.predictors import load, read_manifest, save
from archcast.predictors.distill import DistillError
from archcast.training.fit import Fitted, evaluate, fit
from archcast.training.quick import as_tables
from archcast.training.splits import Split, group_split
from archcast.training.tracking.record import labels_digest
from archcast.training.tracking.registry import registered
from archcast.training.train import make_predictor

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ZooMade:
    """A shipped predictor as it was made.

    Attributes:
        family: of what was fitted, whatever form ships.
        folder: where it was saved.
        baselines: family -> the same measurement of a plain predictor on the same split.
    """

    entry: Entry
    fitted: Fitted
    family: str
    folder: Path
    baselines: Mapping[str, Fitted] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """One record for a table."""
        quality = self.fitted.mean_quality
        size = sum(f.stat().st_size for f in self.folder.iterdir())
        return {
            "entry": self.entry.name,
            "targets": len(self.fitted.card.quality),
            "predictor": self.family,
            "rows": self.fitted.card.rows,
            "held out": self.fitted.card.held_out_rows,
            **{name: round(quality[name], 4) for name in ("spearman", "mape", "within_10")},
            **{f"spearman {n}": round(b.mean_quality["spearman"], 4) for n, b in self.baselines.items()},
            "kB": round(size / 1000),
        }


def make_entry(recipe: Recipe, entry: Entry, root: Path, progress: Progress) -> ZooMade:
    """Choose, fit, measure and save one entry.

    Raises:
        DataError: its table is not on this machine, or may not be shipped.
    """
    labels = shippable(entry)
    split = recipe.split_of(labels)
    chosen = choose(recipe, entry, labels.rows(split.train), progress)
    progress(f"{entry.name}: fitting {chosen.family} to {len(split.train)} architectures")
    fitted = fit(make_predictor(chosen.family, chosen.settings), labels, split, seed=recipe.seed)
    return ship(recipe, entry, fitted, labels, split, root, progress)


def take_promoted(recipe: Recipe, address: str, root: Path, progress: Progress) -> ZooMade:
    """Ship what was promoted: the entry is the one whose labels the run was fitted to.

    Args:
        address: of a registered model, as `models:/NAME@champion`.

    Raises:
        UnknownNameError: no such model.
        InputError: no entry has the labels that the run was fitted to, or it held out other rows.
    """
    folder, tags = registered(address)
    manifest = read_manifest(folder)
    predictor = load(manifest)
    space, metric = predictor.space_.name, predictor.metric_
    for entry in recipe.entries:
        if (entry.space, entry.metric) == (space, metric):
            labels = shippable(entry)
            if labels_digest(labels) == tags["archcast.labels"]:
                break
    else:
        raise InputError(
            f"{address} must be fitted to the labels of an entry: name its tables, e.g. archcast train "
            f"--space {space} --metric {metric} --table help, and no device"
        )
    split = recipe.split_of(labels)
    if tags["archcast.split"] != split.rule:
        raise InputError(f"{address} must hold out what {entry.name} does: {split.rule}")
    progress(f"{entry.name}: {predictor.family} from {address}")
    fitted = evaluate(predictor, labels, split)
    fitted = replace(fitted, card=replace(fitted.card, rows=manifest.card.rows, ranges=manifest.card.ranges))
    return ship(recipe, entry, fitted, labels, split, root, progress)


def ship(
    recipe: Recipe,
    entry: Entry,
    fitted: Fitted,
    labels: Labels,
    split: Split,
    root: Path,
    progress: Progress,
) -> ZooMade:
    """Save the form that ships, and measure the baselines beside it."""
    made = as_shipped(recipe, entry, fitted, labels, split, progress)
    baselines = {}
    for family in recipe.baselines:
        progress(f"{entry.name}: fitting {family} beside it")
        baselines[family] = fit(make_predictor(family, {}), labels, split, seed=recipe.seed)
    folder = save(made.predictor, root / entry.name, card=made.card, intervals=made.intervals)
    return ZooMade(entry, made, fitted.predictor.family, folder, baselines)


def shippable(entry: Entry) -> Labels:
    """An entry's labels.

    Raises:
        DataError: a table is not on this machine, or may not be redistributed.
    """
    labels = entry.labels()
    if not labels.redistributable:
        raise DataError(f"{entry.name} must not be shipped: its table may not be redistributed")
    return labels


def choose(recipe: Recipe, entry: Entry, taught: Labels, progress: Progress) -> Candidate:
    """The candidate that the recipe's rule prefers on a part of the training rows."""
    rule, candidates = recipe.choice, recipe.candidates_of(entry)
    inner = group_split(taught, held_out=rule.held_out, seed=rule.seed)
    scores = []
    for candidate in candidates:
        predictor = make_predictor(candidate.family, candidate.settings)
        scores.append(fit(predictor, taught, inner, seed=recipe.seed).mean_quality[rule.figure])
        said = f"{candidate.family} {candidate.settings} has {rule.figure} {scores[-1]:.4f}"
        progress(f"{entry.name}: {said} within the training rows")
    return candidates[int(np.argmax(scores))]


def as_shipped(
    recipe: Recipe, entry: Entry, fitted: Fitted, labels: Labels, split: Split, progress: Progress
) -> Fitted:
    """The form that ships: tables, where they are as good as what was fitted."""
    try:
        return as_tables(fitted, labels, split, teaching=recipe.teaching_of(entry), seed=recipe.seed)
    except DistillError as error:
        progress(f"{entry.name}: {error}")
        return fitted
