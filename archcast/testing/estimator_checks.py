"""The contract of an estimator in code: what any entry of `ESTIMATORS` must pass.

An estimator's author runs `check_estimator(lambda: MyEstimator(target), space)` with a target that it takes
and a space whose networks it can estimate.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from archcast.collect.estimate import Estimator, estimate_networks, estimate_rows
from archcast.collect.estimate.catalog import ESTIMATORS
from archcast.core.measurements import check
from archcast.featurize.spaces import Space

_CLOSE = 1e-9


def check_estimator(make: Callable[[], Estimator], space: Space) -> None:
    """Run every check; raise AssertionError, which names the check, at the first that fails."""
    for own in CHECKS:
        try:
            own(make, space)
        except AssertionError as error:
            raise AssertionError(f"{own.__name__}: {error}") from error


def check_target(make: Callable[[], Estimator], space: Space) -> None:
    """It is registered, takes its own target's keys, and a version stands for equal estimates."""
    made = make()
    _require(
        ESTIMATORS[made.target.estimator] is type(made), "must be registered under its targets' estimator"
    )
    made.check(made.target)
    _require(
        set(made.target.hardware) <= set(made.hardware_keys), "hardware_keys must hold the target's keys"
    )
    _require(set(made.settable) <= set(made.hardware_keys), "settable must be among hardware_keys")
    _require(bool(made.program) and made.version == make().version, "version must be the same each time")
    _require(bool(made.gives(made.target)), "gives must say what it gives")


def check_network(make: Callable[[], Estimator], space: Space) -> None:
    """A network costs the same each time, more than nothing, and layers are positions of its nodes."""
    network = space.network(space.sample(1, seed=0))
    made, again = make().estimate(network), make().estimate(network)
    _require(made == again, "the same network must cost the same")
    _require(np.isfinite(made.latency_ms) and made.latency_ms > 0, "latency must be above 0 and finite")
    _require(made.energy_mj is None or made.energy_mj > 0, "energy must be above 0, or None")
    for layer in made.layers:
        _require(layer.position < len(network), "a layer must be a position in the network")
    parts = made.total.energy_parts.values()
    _require(
        not parts or np.isclose(sum(parts), made.energy_mj or 0.0), "energy_parts must sum to the energy"
    )


def check_batch(make: Callable[[], Estimator], space: Space) -> None:
    """A batch costs what its networks cost alone, in the order given, and can be kept as measurements."""
    codes = space.sample(4, seed=1)
    estimator = make()
    made = estimate_networks(estimator, space, codes)
    for i, code in enumerate(codes):
        if i in made.failures:
            _require(bool(np.isnan(made.latency_ms[i])), "a failure must have no value")
            continue
        network = space.network(space.live(code[None]) if estimator.drops_dead_layers else code)
        alone = estimator.total(network).latency_ms
        _require(
            abs(made.latency_ms[i] - alone) <= _CLOSE * alone, "a batch must cost what each network does"
        )
    backwards = estimate_networks(make(), space, codes[::-1]).latency_ms[::-1]
    _require(np.allclose(made.latency_ms, backwards, rtol=_CLOSE, equal_nan=True), "order must not matter")
    check(estimate_rows(estimator, made))


CHECKS: tuple[Callable[[Callable[[], Estimator], Space], None], ...] = (
    check_target,
    check_network,
    check_batch,
)


def _require(holds: object, message: str) -> None:
    if not holds:
        raise AssertionError(message)
