"""A fitted predictor without the targets that nobody asked for."""

from __future__ import annotations

import copy
from functools import singledispatch
from typing import Any

from archcast.predictors.contract import Predictor
from archcast.predictors.families.additive import Additive
from archcast.predictors.families.boosting import Boosting
from archcast.predictors.families.flops import FlopsBaseline
from archcast.predictors.families.gp import GP
from archcast.predictors.families.linear import BayesianLinear
from archcast.predictors.families.lookup import LookupTable
from archcast.predictors.families.mlp import MLP
from archcast.predictors.families.tabulated import Tabulated
from archcast.predictors.scale import TargetScale


def prune(model: Predictor, columns: tuple[int, ...]) -> Predictor | None:
    """A predictor of some of the targets, which shares arrays with `model`; None where its family cannot."""
    if columns == tuple(range(len(model.targets_))):
        return model
    made = copy.copy(model)
    if not _keep(made, columns):
        return None
    scale, chosen = model.scale_, list(columns)
    made.targets_ = tuple(model.targets_[c] for c in columns)
    made.scale_ = TargetScale(scale.logarithmic, scale.mean[chosen], scale.deviation[chosen])
    return made


@singledispatch
def _keep(made: Predictor, columns: tuple[int, ...]) -> bool:
    """Keep only what belongs to `columns`, in place; whether the family knows how."""
    del made, columns
    return False


@_keep.register
def _(made: Additive, columns: tuple[int, ...]) -> bool:
    return _take(made, columns, last=("weights_",), first=("floor_", "exact_"))


@_keep.register
def _(made: BayesianLinear, columns: tuple[int, ...]) -> bool:
    return _take(made, columns, last=("weights_",), first=("intercept_",))


@_keep.register
def _(made: LookupTable, columns: tuple[int, ...]) -> bool:
    return _take(made, columns, last=("table_",), first=("base_", "floor_"))


@_keep.register
def _(made: FlopsBaseline, columns: tuple[int, ...]) -> bool:
    return _take(made, columns, last=("lines_",))


@_keep.register
def _(made: Tabulated, columns: tuple[int, ...]) -> bool:
    return _take(made, columns, last=("table_",))


@_keep.register
def _(made: MLP, columns: tuple[int, ...]) -> bool:
    _take(made, columns, first=("gate_",))
    chosen = list(columns)
    made.members_ = [(*inner, w3[:, chosen], b3[chosen]) for *inner, w3, b3 in made.members_]
    if made.sum_ is not None:
        pruned: Any = prune(made.sum_, columns)
        made.sum_ = pruned
    return True


@_keep.register
def _(made: Boosting, columns: tuple[int, ...]) -> bool:
    made.boosters_ = [made.boosters_[c] for c in columns]
    return True


@_keep.register
def _(made: GP, columns: tuple[int, ...]) -> bool:
    made.processes_ = [made.processes_[c] for c in columns]
    return True


def _take(
    made: Predictor, columns: tuple[int, ...], *, last: tuple[str, ...] = (), first: tuple[str, ...] = ()
) -> bool:
    chosen = list(columns)
    for name in last:
        setattr(made, name, getattr(made, name)[:, chosen])
    for name in first:
        setattr(made, name, getattr(made, name)[chosen])
    return True
