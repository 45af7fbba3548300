from dataclasses import replace

import numpy as np
import pytest

from archcast.core.errors import InputError, UnknownNameError
from archcast.core.labels import Labels, Target, target_key

TARGETS = (Target("one", "cifar10"), Target("two", "cifar10"), Target("one", "cifar100"))
CODES = np.arange(24, dtype=np.int8).reshape(4, 6) % 5
VALUES = np.array([[1.0, 2, 3], [4, np.nan, 6], [7, 8, 9], [10, 11, np.nan]])


def labels(**changes):
    made = {"space": "nasbench201", "metric": "latency", "dataset": "cifar10", "targets": TARGETS}
    return Labels(**{**made, "codes": CODES, "values": VALUES, **changes})


def test_what_it_holds():
    made = labels()
    assert len(made) == 4
    assert made.devices == ("one", "two", "one")
    assert made.redistributable
    assert made.sources == made.licences == ()


@pytest.mark.parametrize("chosen", [np.array([2, 0]), np.array([True, False, True, False])])
def test_rows_keep_codes_and_values_together(chosen):
    few = labels().rows(chosen)
    np.testing.assert_array_equal(few.codes, CODES[chosen])
    np.testing.assert_array_equal(few.values, VALUES[chosen])
    assert (few.targets, few.metric) == (TARGETS, "latency")


def test_only_some_devices_of_all_data_sets():
    one = labels().only(("one",))
    assert one.targets == (TARGETS[0], TARGETS[2])
    np.testing.assert_array_equal(one.values, VALUES[:, [0, 2]])
    np.testing.assert_array_equal(one.codes, CODES)
    assert labels().only(("two", "one")).targets == TARGETS, "columns keep their order"
    with pytest.raises(UnknownNameError, match="device must be one of one, two; got 'three'"):
        labels().only(("one", "three"))


@pytest.mark.parametrize("values", [VALUES[:3], VALUES[:, :2], VALUES.T, VALUES[:, 0]])
def test_values_of_another_shape(values):
    with pytest.raises(InputError, match=r"values must have shape \(4, 3\), got"):
        labels(values=values)


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.inf, -np.inf])
def test_impossible_values_name_their_row(wrong):
    values = VALUES.copy()
    values[2, 1] = wrong
    with pytest.raises(InputError, match=r"\(item 2\)$") as caught:
        labels(values=values)
    assert caught.value.item == 2


def test_unknown_metric():
    with pytest.raises(UnknownNameError, match="metric must be one of"):
        labels(metric="speed")


def test_cannot_be_changed():
    with pytest.raises(AttributeError):
        labels().metric = "energy"
    assert replace(labels(), metric="energy").metric == "energy"


def test_keys_are_short_where_the_device_is_the_data_set():
    assert target_key(Target("raspi4", "cifar10")) == "raspi4/cifar10"
    assert target_key(Target("cifar10", "cifar10")) == "cifar10"
    assert sorted(TARGETS) == [TARGETS[0], TARGETS[2], TARGETS[1]]
