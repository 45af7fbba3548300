"""What an adapted predictor was learned from."""

import json

import pytest
from made_up_networks import plain_network

from archcast.collect.networks import as_stored
from archcast.core.errors import ArtifactError
from archcast.predictors.artifact.measured import FILE, Measured


def again(files):
    return Measured.from_files(files, files.__getitem__)


def test_architectures_and_networks_come_back():
    network = as_stored(plain_network(8, 16))
    kept = Measured(("[1, 2]", network), (1.5, 2.5), (1.4, 2.6), ["pixel2"], None, 3)
    found = again(kept.to_files())
    assert found.archs[0] == "[1, 2]"
    assert found.archs[1].key == network.key
    assert (found.values, found.predicted, found.sources, found.seed) == (
        (1.5, 2.5),
        (1.4, 2.6),
        ["pixel2"],
        3,
    )


def test_a_predictor_that_keeps_none_has_none():
    assert again({}) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said.pop("values"),
        lambda said: said.update(values=["fast", 2]),
        lambda said: said.update(values=[1.0]),
        lambda said: said.update(archs=None),
    ],
)
def test_what_is_damaged_is_refused(change):
    files = Measured(("a", "b"), (1.0, 2.0)).to_files()
    said = json.loads(files[FILE])
    change(said)
    with pytest.raises(ArtifactError, match=r"measured\.json"):
        again({FILE: json.dumps(said).encode()})


def test_a_network_that_cannot_be_read_is_refused():
    files = Measured((plain_network(8),), (1.0,)).to_files()
    with pytest.raises(ArtifactError, match="network cannot be read"):
        again(files | {"measured0.onnx": b"\xff\xff"})
