"""A fitted predictor in the form that answers from tables, judged on the rows that were held out."""

from __future__ import annotations

from dataclasses import replace

from archcast.core.labels import Labels
from archcast.predictors.distill import Teaching
from archcast.predictors.export import Quick, quickly
from archcast.training.fit import Fitted, evaluate
from archcast.training.splits import Split


def as_tables(
    fitted: Fitted, labels: Labels, split: Split, *, teaching: Teaching | None = None, seed: int = 0
) -> Fitted:
    """The same targets from tables, with a card and intervals of their own.

    A predictor that lowers itself is returned as it is; a small space is written out; another predictor is
    distilled.

    Raises:
        DistillError: the student is not good enough; the fitted predictor is to be served.
        MissingPackageError: a student needs torch, which is not installed.
    """
    quick: Quick = quickly(fitted.predictor, held_out=labels.rows(split.test), teaching=teaching, seed=seed)
    if quick.predictor is fitted.predictor:
        return fitted
    export = evaluate(quick.predictor, labels, split, teacher=fitted.predictor.family)
    return replace(export, card=replace(export.card, agreement=quick.agreement.to_json()))
