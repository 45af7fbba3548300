"""Many networks at once cost what each costs alone."""

import numpy as np
import pytest

from archcast.collect.estimate import estimate_networks, load_target, make_estimator
from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES

ROOFLINE = "roofline:peak_gmacs=50,bandwidth_gbs=5,pj_per_mac=1,pj_per_byte=20"


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("name", ["nasbench201", "fbnet", "ofa_mbv3", "mnasnet", "macro", "skipnet"])
def test_a_batch_costs_what_its_networks_cost(name: str, live: bool) -> None:
    space, estimator = SPACES[name], make_estimator(load_target(ROOFLINE))
    codes = space.sample(6, seed=1)
    assert space.datasets
    for dataset in space.datasets:
        made = estimate_networks(estimator, space, codes, dataset, live=live)
        alone = [estimator.estimate(space.network(code, dataset, live=live)) for code in codes]
        np.testing.assert_allclose(made.latency_ms, [a.latency_ms for a in alone], rtol=1e-12)
        np.testing.assert_allclose(made.energy_mj, [a.energy_mj for a in alone], rtol=1e-12)
        for part in ("compute", "memory"):
            expected = [a.total.latency_parts[part] for a in alone]
            np.testing.assert_allclose(made.latency_parts[part], expected, rtol=1e-12)
        assert not made.failures


def test_dead_layers_are_charged_unless_left_out() -> None:
    space, estimator = SPACES["nasbench201"], make_estimator(load_target(ROOFLINE))
    dead = "|none~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|none~2|"
    charged = estimate_networks(estimator, space, [dead])
    left_out = estimate_networks(estimator, space, [dead], live=True)
    assert left_out.latency_ms[0] < charged.latency_ms[0]


def test_progress_counts_what_is_priced() -> None:
    space, seen = SPACES["macro"], []
    estimator = make_estimator(load_target(ROOFLINE))
    made = estimate_networks(estimator, space, ["02012100"], report=lambda *at: seen.append(at))
    assert seen == [(i, made.priced) for i in range(made.priced)]


def test_a_space_without_layer_graph_is_refused() -> None:
    with pytest.raises(InputError, match="hat cannot be estimated"):
        estimate_networks(
            make_estimator(load_target(ROOFLINE)), SPACES["hat"], SPACES["hat"].sample(1, seed=0)
        )
