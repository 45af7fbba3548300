"""The families of predictors of networks by name; importing this module makes them known."""

from __future__ import annotations

from archcast.core.registry import Registry
from archcast.predictors.networks.adapt.predictor import AdaptedNetworks
from archcast.predictors.networks.blend import Blend
from archcast.predictors.networks.contract import NETWORK_PREDICTORS, NetworkPredictor
from archcast.predictors.networks.roofline.predictor import Roofline
from archcast.predictors.networks.sums import Sums

for _family in (Sums, Roofline, Blend, AdaptedNetworks):
    NETWORK_PREDICTORS.register(_family.family, _family)


def families() -> Registry[type[NetworkPredictor]]:
    """The families by name."""
    return NETWORK_PREDICTORS
