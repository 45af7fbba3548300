"""Which families are sums over groups of decisions, and what their answers are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from archcast.core.arrays import Codes, Doubles
from archcast.featurize.encoders.encoding import encode
from archcast.featurize.spaces import Space
from archcast.predictors.adapt.posterior import Adapted
from archcast.predictors.contract import Predictor
from archcast.predictors.families.additive import INVERTED, Additive
from archcast.predictors.families.linear import BayesianLinear
from archcast.predictors.families.lookup import LookupTable
from archcast.predictors.families.mlp import MLP
from archcast.predictors.lowered.link import Head, Network
from archcast.predictors.lowered.tables import Group

Columns = Callable[[Codes], Doubles]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Functions of codes that are sums over `groups`, and the head that makes values of them.

    Attributes:
        cost: codes -> q (n, c), see `archcast.predictors.lowered.link`.
        hidden: codes -> s (n, M h), or None.
    """

    groups: tuple[Group, ...]
    cost: Columns
    head: Head
    hidden: Columns | None = None


@singledispatch
def recipe(model: Predictor) -> Recipe | None:
    """The recipe of a fitted predictor; None for a family, or an encoding, that is no such sum."""
    del model
    return None


@recipe.register
def _(model: Additive) -> Recipe | None:
    groups = _groups(model.space_, model.config.pieces)
    if groups is None:
        return None
    inverted = model.metric_ in INVERTED
    head = Head(model.scale_.logarithmic, model.floor_, model.exact_, inverted=inverted)
    return Recipe(groups, lambda codes: model._encode(codes) @ model.weights_, head)


@recipe.register
def _(model: LookupTable) -> Recipe:
    logarithmic = model.scale_.logarithmic
    floor = model.floor_ if logarithmic else np.full(len(model.floor_), -np.inf)
    head = Head(logarithmic, floor, np.zeros(len(floor), dtype=bool))
    return Recipe(_single(model.space_), model._total, head)


@recipe.register
def _(model: BayesianLinear) -> Recipe | None:
    groups = _groups(model.space_, model.config.pieces)
    if groups is None:
        return None

    def cost(codes: Codes) -> Doubles:
        return model._predict(codes) * model.scale_.deviation + model.scale_.mean

    return Recipe(groups, cost, _bare(model, exponent=model.scale_.logarithmic))


@recipe.register
def _(model: MLP) -> Recipe | None:
    groups = _groups(model.space_, model.config.pieces)
    if groups is None or not model.members_:
        return None
    weights = [np.stack([member[i] for member in model.members_]) for i in range(6)]
    w1, b1, w2, b2, w3, b3 = (w.astype(np.float64) for w in weights)
    folded = model.gate_ * model.scale_.deviation / len(model.members_)
    first, shift = np.concatenate(list(w1), axis=1), b1.reshape(-1)

    def hidden(codes: Codes) -> Doubles:
        encoded = encode(model.space_, codes, model.config.pieces, model.dataset_)
        s: Doubles = (encoded - model.centre_) * model.scaling_ @ first + shift
        return s

    network = Network(
        *(x.astype(np.float32) for x in (w2, b2[:, None, :], w3 * folded, b3.sum(axis=0) * folded))
    )
    if model.sum_ is None:
        bare, mean = _bare(model, exponent=model.scale_.logarithmic), model.scale_.mean
        return Recipe(groups, lambda codes: np.tile(mean, (len(codes), 1)), _with(bare, network), hidden)
    base = recipe(model.sum_)
    return None if base is None else Recipe(groups, base.cost, _with(base.head, network), hidden)


@recipe.register
def _(model: Adapted) -> Recipe | None:
    space, logarithmic = model.space_, model.scale_.logarithmic
    groups = space.cost_groups if space.has_graph else space.term_groups
    if groups is None:
        return None
    floor = model.noise_[:1] if logarithmic else np.array([-np.inf])
    inverted = logarithmic and model.metric_ in INVERTED
    head = Head(logarithmic, floor, np.zeros(1, dtype=bool), tail=logarithmic, inverted=inverted)
    return Recipe(groups, lambda codes: (model._columns(codes) @ model.weights_)[:, None], head)


def _groups(space: Space, pieces: tuple[str, ...]) -> tuple[Group, ...] | None:
    """Groups over which an encoding's columns are sums; `features` are logarithms of sums, which are none."""
    if "features" in pieces:
        return None
    return space.term_groups if "terms" in pieces else _single(space)


def _single(space: Space) -> tuple[Group, ...]:
    return tuple((c,) for c in range(len(space.columns)))


def _bare(model: Predictor, *, exponent: bool) -> Head:
    m = len(model.targets_)
    return Head(model.scale_.logarithmic, np.full(m, -np.inf), np.zeros(m, dtype=bool), exponent=exponent)


def _with(head: Head, network: Network) -> Head:
    return Head(head.logarithmic, head.floor, head.exact, head.exponent, head.tail, head.inverted, network)
