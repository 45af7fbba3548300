"""Values on devices of several predictors, kept side by side."""

import numpy as np
import pytest
from made_up_networks import DEVICES, plain_network, tiny

from archcast.core.errors import InputError
from archcast.predictors.networks import joined
from archcast.predictors.networks.form import NetworkForm
from archcast.predictors.networks.joined import JoinedForm

OTHERS = ("board1-ncnn-1t", "board2-ncnn-1t")


def made(rate: bool = False) -> tuple[JoinedForm, NetworkForm, NetworkForm]:
    first = NetworkForm(tiny(), (2, 0), version="a", per_second=rate)
    second = NetworkForm(tiny(OTHERS), (1,), version="b", per_second=rate)
    return JoinedForm([(first, (2, 0)), (second, (1,))]), first, second


@pytest.mark.parametrize("rate", [False, True])
def test_values_stand_in_their_places_and_stay(monkeypatch, rate) -> None:
    form, first, second = made(rate)
    nets = [plain_network(8), plain_network(16, 8), plain_network(8)]
    wanted = np.stack([first.values(nets)[:, 1], second.values(nets)[:, 0], first.values(nets)[:, 0]], axis=1)
    np.testing.assert_array_equal(form.values(nets), wanted)
    monkeypatch.setattr(NetworkForm, "values", None)
    again = form.values(nets)
    np.testing.assert_array_equal(again, wanted)
    again[:] = 0
    np.testing.assert_array_equal(form.values(nets[1:]), wanted[1:])


def test_what_is_asked_otherwise_is_another_list() -> None:
    net = plain_network(8)
    form, first, second = made()
    rate, _, _ = made(rate=True)
    swapped = JoinedForm([(first, (0, 1)), (second, (2,))])
    newer = JoinedForm([(NetworkForm(tiny(), (2, 0), version="c"), (2, 0)), (second, (1,))])
    values = {f.values([net]).tobytes() for f in (form, rate, swapped)}
    assert len(values) == 3
    newer.values([net])
    assert len(net.__dict__["_joined_costs"]) == 4


def test_no_more_lists_are_kept_than_may(monkeypatch) -> None:
    monkeypatch.setattr(joined, "MOST_JOINED", 2)
    net = plain_network(8)
    first, second = NetworkForm(tiny(), (0,), version="a"), NetworkForm(tiny(OTHERS), (0,), version="b")
    for version in range(5):
        first.version = version
        JoinedForm([(first, (0,)), (second, (1,))]).values([net])
        assert 1 <= len(net.__dict__["_joined_costs"]) <= 2


def test_what_cannot_be_told_is_an_error_and_is_not_kept() -> None:
    form, *_ = made()
    nets = [plain_network(8), plain_network(8, batch=4)]
    for _ in range(2):
        with pytest.raises(InputError, match=r"must be one item on gpu9.* \(item 1\)"):
            form.values(nets)
    assert form.values(nets[:1]).shape == (1, 3)
    assert DEVICES[2].startswith("gpu9")
