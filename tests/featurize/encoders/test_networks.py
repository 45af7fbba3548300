"""Columns of networks of any form."""

import numpy as np
import pytest
from torch import nn

import archcast
from archcast.core.errors import InputError
from archcast.featurize.encoders.networks import COLUMNS, network_columns


@pytest.fixture(scope="module")
def networks():
    """Two small networks."""
    block = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 1))
    return [archcast.network(module, example=(1, 3, 8, 8)) for module in (block, nn.Conv2d(3, 4, 3))]


def test_columns_are_the_summarys_and_kinds_add_up(networks):
    table = archcast.features(networks)
    column = {name: table.values[:, i] for i, name in enumerate(table.names)}
    for i, network in enumerate(networks):
        summary = network.summary()
        for name in ("params", "macs", "bytes", "peak_bytes", "nn_degree", "nn_mass", "depth"):
            assert column[name][i] == np.float32(getattr(summary, name))
        kinds = [name for name in table.names if name.startswith("macs_")]
        assert sum(column[name][i] for name in kinds) == summary.macs
    assert column["count_conv_kxk"].tolist() == [1, 1]
    assert column["count_conv_1x1"].tolist() == [1, 0]


def test_columns_stay_with_a_network(networks):
    first = network_columns(networks)
    assert np.array_equal(first, network_columns(networks))
    assert first.shape == (2, len(COLUMNS))


def test_files_are_read_and_mixtures_refused(networks, tmp_path):
    from archcast.featurize.onnx_model import to_onnx

    path = tmp_path / "net.onnx"
    path.write_bytes(to_onnx(networks[0]))
    assert np.array_equal(
        archcast.features([str(path)]).values[0, 1:4], archcast.features(networks).values[0, 1:4]
    )
    with pytest.raises(InputError, match=r"one space, got macro after network.*item 1"):
        archcast.features([networks[0], "02012100"])
