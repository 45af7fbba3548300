"""Expected costs of distributions over architectures, with gradients: FBNet's and DARTS's kind of search.

| symbol | meaning |
|---|---|
| k | decisions of the space |
| p_i(x) | probability of choice x of decision i; decisions are independent |
| g | group of decisions, whose joint effect one table T_g holds |

E[sum_g T_g(x_g)] = sum_g sum over x_g of T_g(x_g) prod over i in g of p_i(x_i), which is exact and has
gradients. So the expected cost is exact where a cost is such a sum (additive predictors and look-up tables)
and in small spaces, whose whole table is one group. Elsewhere it is the relaxation of the exported network:
its hidden units receive their expectations, which at one-hot probabilities is the network itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from archcast.core.errors import InputError, shorten
from archcast.core.optional import require
from archcast.featurize.spaces import SPACES, Space
from archcast.predictors.lowered import SumForm, tables_of
from archcast.predictors.lowered.link import Floor, keeps_sums
from archcast.predictors.lowered.tables import GroupedSum, rows_of
from archcast.serving.engine import load

if TYPE_CHECKING:
    from torch import Tensor


def expected_cost(
    probabilities: Sequence[Tensor] | Tensor,
    device: str | None,
    space: str,
    *,
    metric: str = "latency",
    dataset: str | None = None,
    predictor: str | None = None,
) -> Tensor:
    """Expected metric of architectures whose decisions are drawn independently, with gradients.

    Args:
        probabilities: one tensor a decision, of its choices' probabilities, in the order of the space's
            columns and codes; or one tensor padded to the most choices, whose padding is not read.
        device: name as `archcast.devices` lists it; for accuracy the data set.
        metric, dataset, predictor: as `archcast.load`.

    Shapes:
        probabilities: k of (c_i,) or (b, c_i); or (k, c) or (b, k, c), c the largest c_i
        output: () or (b,), in the metric's unit and the probabilities' type

    Probabilities need not sum to one: the expression above is multilinear in them, and is what is returned.
    A floor that a predictor keeps single answers above is left out of an exact sum, as it hardly ever acts.

    Raises:
        InputError: a shape does not fit, or the predictor is served itself and has no such expression.
        UnknownNameError: as `archcast.load`.
    """
    torch = require("torch", extra="train", purpose="expected costs with gradients")
    loaded = load(device, metric, space, dataset=dataset, predictor=predictor)
    form = tables_of(loaded.form)
    if not isinstance(form, SumForm):
        raise InputError(
            f"predictor must be a table or sums of tables, "
            f"the {loaded.model.family} of {device} is served itself"
        )
    given, single = _checked(torch, probabilities, SPACES[space])
    value: Tensor = _expected(torch, form, given, SPACES[space].cardinalities)[:, 0]
    return value[0] if single else value


def is_exact(form: SumForm) -> bool:
    """Whether `expected_cost` is the expectation itself for this form, instead of a relaxation."""
    return keeps_sums(form.link)


def _expected(torch: Any, form: SumForm, given: list[Any], tops: Sequence[int]) -> Any:
    """(b, 1) link on expectations; a hard floor is left out of what is a sum otherwise."""
    q = _sum(torch, form.cost, given, tops)
    s = None if form.hidden is None else _sum(torch, form.hidden, given, tops)
    for operation in form.link:
        if not (is_exact(form) and isinstance(operation, Floor)):
            q = operation.torch(torch, q, s)
    return q


def _sum(torch: Any, summed: GroupedSum, given: list[Any], tops: Sequence[int]) -> Any:
    """(b, d) expectation of a sum over groups."""
    total, start = 0.0, 0
    for group in summed.groups:
        end = start + rows_of(group, tops)
        total = total + _group(torch, summed.table[start:end], group, given, tops)
        start = end
    return total


def _group(
    torch: Any, table: NDArray[Any], group: Sequence[int], given: list[Any], tops: Sequence[int]
) -> Any:
    """(b, d) expectation of one table, decision after decision, so that only one grows with the batch."""
    like = given[0]
    left = torch.as_tensor(np.ascontiguousarray(table), dtype=like.dtype, device=like.device)
    first, *others = group
    left = given[first] @ left.reshape(tops[first], -1)
    for column in others:
        left = torch.einsum("bc,bcr->br", given[column], left.reshape(len(like), tops[column], -1))
    return left


def _checked(torch: Any, probabilities: Sequence[Tensor] | Tensor, space: Space) -> tuple[list[Any], bool]:
    """Probabilities as k tensors (b, c_i), and whether they were given without a batch."""
    tops, k = space.cardinalities, len(space.cardinalities)
    if isinstance(probabilities, torch.Tensor):
        whole: Any = probabilities
        if whole.ndim not in (2, 3) or whole.shape[-2] != k or whole.shape[-1] < max(tops):
            raise InputError(
                f"probabilities must have shape ({k}, {max(tops)}) or (b, {k}, {max(tops)}), "
                f"got {tuple(whole.shape)}"
            )
        given = [whole[..., i, :top] for i, top in enumerate(tops)]
    else:
        given = list(probabilities)
        if len(given) != k:
            raise InputError(f"probabilities must be {k} tensors, one a decision, got {len(given)}")
    for i, (own, top) in enumerate(zip(given, tops, strict=True)):
        if not isinstance(own, torch.Tensor) or not own.is_floating_point():
            raise InputError(f"probabilities must be tensors of floats, got {shorten(own)}", item=i)
        if own.ndim not in (1, 2) or own.ndim != given[0].ndim or own.shape[-1] != top:
            raise InputError(
                f"probabilities of {space.columns[i]} must have {top} entries a distribution, "
                f"got shape {tuple(own.shape)}",
                item=i,
            )
        if len(own) != len(given[0]) and own.ndim == 2:
            raise InputError("probabilities must have one batch size", item=i)
    single = given[0].ndim == 1
    return ([own[None] for own in given] if single else given), single
