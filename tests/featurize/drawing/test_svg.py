"""Drawings of networks."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from archcast.core.network import Network
from archcast.featurize.drawing.boxes import boxes
from archcast.featurize.drawing.fold import folded
from archcast.featurize.drawing.svg import drawing
from archcast.featurize.spaces.builder import NetworkBuilder
from archcast.featurize.spaces.catalog import SPACES

_NAME = "{http://www.w3.org/2000/svg}"


def residual(widths):
    """A convolution and a sum around two, once a width."""
    net = NetworkBuilder()
    x = net.input(8, 16)
    for width in widths:
        x = net.conv(x, width, kernel=1)
        inside = net.pointwise(net.conv(x, width, kernel=3), "relu")
        x = net.pointwise(net.add(net.conv(inside, width, kernel=3), x), "relu")
    return net.network(x)


def texts(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter(f"{_NAME}text")]


def test_equal_blocks_are_one_run_that_tells_how_often():
    every = boxes(residual([8] * 5))
    runs = folded(every)
    assert [(len(run.boxes), run.times, run.alike) for run in runs] == [(3, 5, True)]
    assert runs[0].last == every[-1].number


def test_blocks_that_differ_in_size_are_folded_only_where_the_drawing_would_be_long():
    every = boxes(residual([8, 16, 24]))
    assert sum(len(run.boxes) for run in folded(every)) == len(every)
    short = folded(every, most=4)
    assert [(run.times, run.alike) for run in short] == [(3, False)]


def test_every_box_stands_in_exactly_one_run():
    network = SPACES["ofa_mbv3"].network(SPACES["ofa_mbv3"].sample(1, seed=0)[0], "imagenet")
    every = boxes(network)
    runs = folded(every)
    assert sum(len(run.boxes) * run.times for run in runs) == len(every)


def test_the_drawing_is_xml_with_shapes_shares_and_repeats():
    svg = drawing(residual([8] * 5))
    found = texts(svg)
    assert "\u00d7 5" in found
    assert any(text.startswith("1x8x16x16") for text in found)
    assert svg.count("<title>") == 3


def test_names_with_any_characters_stay_text():
    old, new = residual([8]), '<b>&"'
    given = old.inputs[0]
    values = {
        new if n == given else n: replace(v, name=new) if n == given else v for n, v in old.values.items()
    }
    nodes = tuple(
        replace(node, inputs=tuple(new if name == given else name for name in node.inputs))
        for node in old.nodes
    )
    svg = drawing(Network(values, nodes, (new,), old.outputs))
    assert f"{new} 1x8x16x16" in texts(svg)


@pytest.mark.parametrize("runtime", ["eager", "compiled"])
def test_kernels_are_those_of_the_runtime(runtime):
    network = residual([8])
    assert drawing(network, runtime).count("<g>") == len(boxes(network, runtime))
