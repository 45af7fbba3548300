"""Replicas in Ray Serve's words."""

import pytest

import archcast
from archcast.serving.scale.ray_serve import Replicas


def test_equal_numbers_switch_autoscaling_off():
    assert Replicas(least=2, most=2).options()["num_replicas"] == 2
    found = Replicas(least=1, most=4, ongoing=3).options()["autoscaling_config"]
    assert found == {"min_replicas": 1, "max_replicas": 4, "target_ongoing_requests": 3}


def test_ray_takes_them():
    config = pytest.importorskip("ray.serve.config")
    made = config.AutoscalingConfig(**Replicas(least=1, most=4, ongoing=3).options()["autoscaling_config"])
    assert made.max_replicas == 4


@pytest.mark.parametrize("given", [{"least": 0}, {"least": 3, "most": 2}, {"ongoing": 0}, {"processors": 0}])
def test_bad_numbers_are_told(given):
    with pytest.raises(archcast.InputError, match="must be"):
        Replicas(**given)
