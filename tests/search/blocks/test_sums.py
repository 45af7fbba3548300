import numpy as np
import pytest

import archcast
from archcast.featurize.spaces import SPACES
from archcast.predictors.lowered import SumForm
from archcast.search.blocks.statistics import FEWEST, sampled_responses
from archcast.search.blocks.sums import ForcedSums

SERVED = [("ofa_mbv3", "2080ti_64"), ("ofa_mbv3", "2080ti_1"), ("fbnet", "raspi4"), ("mnasnet", "zcu102")]


@pytest.mark.parametrize("threads", ["1", "3"])
@pytest.mark.parametrize(("space", "device"), SERVED)
def test_values_are_those_of_the_networks_written_out(monkeypatch, space, device, threads):
    monkeypatch.setenv("ARCHCAST_THREADS", threads)
    loaded, known = archcast.load(device, "latency", space), SPACES[space]
    places = known.places()
    assert isinstance(loaded.form, SumForm)
    complete = known.complete(known.sample(2_500, seed=1), seed=1)
    for place in (places.places[0], places.places[-1]):
        members = known.raised(complete, place)
        made = ForcedSums(loaded.form)(members, place)
        assert made.shape == (len(place.forced), len(members))
        for forced, values in zip(place.forced, made, strict=True):
            written = members.copy()
            forced.force(written)
            np.testing.assert_allclose(values, loaded.predict_codes(written), rtol=2e-6)


def test_a_profile_is_the_same_by_sums_and_one_by_one():
    loaded, space = archcast.load("2080ti_64", "latency", "ofa_mbv3"), SPACES["ofa_mbv3"]
    networks = space.sample(FEWEST, seed=0)
    plain = sampled_responses(loaded.predict_codes, space, networks, seed=0)
    assert isinstance(loaded.form, SumForm)
    quick = sampled_responses(loaded.predict_codes, space, networks, seed=0, by_place=ForcedSums(loaded.form))
    np.testing.assert_allclose(quick.response, plain.response, atol=1e-4)
    np.testing.assert_allclose(quick.error, plain.error, atol=1e-4)
    np.testing.assert_allclose(quick.block, plain.block, atol=1e-4)
