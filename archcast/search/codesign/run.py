"""Co-optimisation of a network and its accelerator, after FLASH (Li et al., ACM TECS 2021).

Accuracy is predicted from a few trained networks of a space; latency, energy and area by feature models
fitted to a target's estimates. `prepare` fits both, `find.find` searches their joint space under limits, and
`confirm_pairs` estimates what was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Codes, Doubles
from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES, Space
from archcast.predictors.contract import Predictor
from archcast.predictors.lowered import served_form
from archcast.search.codesign.confirm import Confirmed, confirmed
from archcast.search.codesign.costs import CostModels, Report, estimate_grid, estimate_pairs
from archcast.search.codesign.find import CodesignResult
from archcast.search.codesign.hardware import HardwareGrid
from archcast.search.codesign.problem import Accuracy, PairProblem, PairValues
from archcast.search.codesign.space import JointSpace
from archcast.search.loop.goals import Limit
from archcast.training.labels import load_labels
from archcast.training.train import make_predictor

TRAINED = 25
"""Trained networks that the accuracy is learned from."""
ESTIMATED = 6
"""Networks that are estimated at every point of the target's grid."""


@dataclass(frozen=True, slots=True)
class CodesignModels:
    """What a search asks.

    Attributes:
        accuracy: fitted predictor.
        trained: positions of its networks among the trained ones.
        values: quantities of pairs, by quicker forms of the models.
    """

    accuracy: Predictor
    trained: tuple[int, ...]
    values: PairValues

    def problem(self, limits: Sequence[Limit] = (), objectives: Sequence[str] = ("accuracy",)) -> PairProblem:
        """The problem of one search."""
        return PairProblem.of(self.values, limits, objectives)


def fit_accuracy(
    space: Space, family: str = "gp", *, n: int = TRAINED, seed: int = 0, dataset: str | None = None
) -> tuple[Predictor, tuple[int, ...]]:
    """A predictor of accuracy from `n` of the trained networks, drawn with `seed`, and which they were.

    Raises:
        UnknownNameError: no such family, or no accuracies of that data set.
        InputError: fewer than `n` networks are trained.
    """
    predictor = make_predictor(family, {})
    labels = load_labels(space.name, "accuracy", datasets=[space.check_dataset(dataset)])
    if not 2 <= n <= len(labels):
        raise InputError(f"trained networks must be 2 to {len(labels)}, got {n}")
    chosen = np.sort(np.random.default_rng(seed).permutation(len(labels))[:n])
    return predictor.fit(labels.rows(chosen), seed=seed), tuple(chosen.tolist())


def quick_accuracy(predictor: Predictor) -> Accuracy:
    """What answers as a predictor does: what is served."""
    form = served_form(predictor, (0,))
    return lambda codes: form.values(codes)[:, 0].astype(np.float64)


def prepare(
    target: str,
    *,
    grid: HardwareGrid,
    space: str = "skipnet",
    family: str = "gp",
    trained: int = TRAINED,
    estimated: int = ESTIMATED,
    dataset: str | None = None,
    seed: int = 0,
    accuracy_seed: int | None = None,
    report: Report | None = None,
) -> CodesignModels:
    """Fit the accuracy to trained networks and the costs to a target's estimates.

    Args:
        target: a target of `archcast estimate`, by name or file; what was estimated before is not again.
        grid: accelerators that a search may choose; costs are fitted on the target's own grid.
        space: of the networks, with trained ones among its labels.
        estimated: networks estimated at every point of the target's grid, drawn with `seed`.
        dataset: None takes the space's first.
        accuracy_seed: of the draw of trained networks; None takes `seed`.
    """
    if estimated < 2:
        raise InputError(f"estimated networks must be at least 2, got {estimated}")
    networks = SPACES[space]
    data = networks.check_dataset(dataset)
    drawn = seed if accuracy_seed is None else accuracy_seed
    accuracy, chosen = fit_accuracy(networks, family, n=trained, seed=drawn, dataset=data)
    codes = drawn_networks(networks, estimated, seed=seed)
    costs = CostModels.fit(estimate_grid(target, networks, codes, dataset=data, report=report))
    values = PairValues(JointSpace(networks, grid), quick_accuracy(accuracy), costs)
    return CodesignModels(accuracy, chosen, values)


def drawn_networks(space: Space, n: int, *, seed: int) -> Codes:
    """Networks drawn at random, (n, k)."""
    return space.canonical(space.sample(n, seed=seed))


def confirm_pairs(found: CodesignResult, target: str, *, top: int, report: Report | None = None) -> Confirmed:
    """Estimate what was found on the target that its models were fitted to, see `confirm.confirmed`."""
    pairs = found.problem.pairs

    def estimates(codes: Codes) -> tuple[Doubles, Doubles, Doubles]:
        return estimate_pairs(target, pairs.space, codes, dataset=pairs.costs.dataset, report=report)

    return confirmed(found, estimates, top=top)
