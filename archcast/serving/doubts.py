"""What is likely wrong with measurements that a predictor was adapted to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archcast.core.arrays import Bools, Codes, Doubles
from archcast.core.device import DeviceName
from archcast.core.doubts import Doubt
from archcast.predictors.adapt.posterior import Adapted
from archcast.predictors.adapt.prior import costs
from archcast.predictors.adapt.sources import source_devices
from archcast.predictors.doubts.costs import Costs, doubts_of_costs
from archcast.predictors.networks.adapt.predictor import AdaptedNetworks

_TIMES = ("latency", "throughput")
_LIKE_TIMES = (*_TIMES, "energy")
_IMPLAUSIBLE, _IMPLAUSIBLE_OF_NETWORKS = 30.0, 6.0


def doubts_of_members(model: Adapted, codes: Codes, values: Doubles, sources: Sequence[str]) -> list[Doubt]:
    """Doubts about measurements of a space's architectures.

    Args:
        model: adapted to them.
        sources: source devices that taught.

    Shapes:
        codes: (r, k); values: (r,), in the metric's unit
    """
    distinct, groups = np.unique(codes, axis=0, return_inverse=True)
    groups = groups.reshape(-1)
    known, same = _known(model, distinct, sources)
    expected = np.full(len(distinct), np.nan)
    if len(distinct) == len(codes):  # of repeats each would be expected by the others
        expected[groups] = model.left_out_.predicted
    given = Costs(model.metric_, values, groups, known, same, expected, limit=_IMPLAUSIBLE)
    return doubts_of_costs(given)


def doubts_of_networks(model: AdaptedNetworks, values: Doubles) -> list[Doubt]:
    """Doubts about measurements of networks of any form.

    Args:
        model: adapted to them.

    Shapes:
        values: (r,), in the metric's unit
    """
    left_out = model.left_out_
    limit = _IMPLAUSIBLE_OF_NETWORKS
    known, expected = np.exp(left_out.sources), np.exp(left_out.predicted)
    same = np.repeat(
        [source.metric_ == model.metric_ for source in model.sources_.predictors],
        [len(source.devices_) for source in model.sources_.predictors],
    )
    if model.metric_ == "throughput":
        items = 1000.0 * DeviceName.parse(model.devices_[0]).batch
        known, expected = known / items, expected / items
    return doubts_of_costs(Costs(model.metric_, values, left_out.rows, known, same, expected, limit=limit))


def _known(model: Adapted, codes: Codes, sources: Sequence[str]) -> tuple[Doubles, Bools]:
    """Costs on source devices, and whether they are of the model's metric; none for one unlike a time."""
    columns, same = [np.zeros((len(codes), 0))], [np.zeros(0, dtype=bool)]
    for metric in _TIMES if model.metric_ in _LIKE_TIMES else ():
        values = source_devices(model.space_.name).costs(codes, sources, metric)
        columns.append(costs(values, metric))
        same.append(np.full(values.shape[1], metric == model.metric_))
    return np.concatenate(columns, axis=1), np.concatenate(same)
