"""ncnn's text as networks."""

import pytest

from archcast.core.errors import InputError, UnknownNameError
from archcast.featurize.networks import network
from archcast.featurize.readers.ncnn import parse

MOBILE = """7767517
9 10
Input data 0 1 data {shape} 0=16 1=16 2=3
Convolution stem 1 1 data stem 0=8 1=3 3=2 4=1 5=1 6=216 9=1
Split fork 1 2 stem a b
ConvolutionDepthWise dw 1 1 a dw 0=8 1=3 4=1 5=1 6=72 7=8
Convolution pw 1 1 dw pw 0=8 1=1 5=1 6=64
Eltwise sum 2 1 pw b sum 0=1
ShuffleChannel mix 1 1 sum mix 0=2
Pooling mean 1 1 mix mean 0=1 4=1
InnerProduct fc 1 1 mean fc 0=10 1=1 2=80
"""


def _write(tmp_path, text):
    path = tmp_path / "net.param"
    path.write_text(text)
    return path


def test_layers_become_operators_with_their_counts(tmp_path):
    net = network(_write(tmp_path, MOBILE.format(shape="-23330=4,3,16,16,3")))
    summary = net.summary()
    assert summary.params == 216 + 8 + 72 + 8 + 64 + 8 + 80 + 10
    assert summary.macs == 216 * 64 + 72 * 64 + 64 * 64 + 80
    assert not summary.unknown
    assert net.values["fc"].dims == (1, 10)
    assert net.values["mix"].dims == (1, 8, 8, 8)


def test_other_inputs_may_be_given(tmp_path):
    path = _write(tmp_path, MOBILE.format(shape=""))
    assert network(path, inputs={"data": (3, 32, 32)}).values["sum"].dims == (1, 8, 16, 16)
    with pytest.raises(UnknownNameError, match="input must be one of data"):
        network(path, inputs={"image": (3, 32, 32)})


def test_layers_without_a_form_are_told(tmp_path):
    text = MOBILE.format(shape="") + "Yolov3DetectionOutput out 1 1 mix out -23330=4,2,6,10,1 0=20\n"
    assert list(network(_write(tmp_path, text)).summary().unknown) == ["ncnn::Yolov3DetectionOutput"]


def test_a_decoder_with_its_past_is_read(tmp_path):
    """Two heads of four tokens after three; keys of one head, tiled, as language models have them."""
    text = """7767517
8 12
Input in0 0 1 in0 0=8 1=4
Input in1 0 3 mask cos sin
Input kv_cache 0 2 k v
Gemm qkv 1 1 in0 x 3=1 5=1 6=1 8=8 9=8
Reshape heads 1 1 x q 0=4 1=-1 2=2
RotaryEmbed turn 3 1 q cos sin t
Slice one 1 2 in0 a b -23300=2,4,4 1=1
RotaryEmbed turn1 3 1 a cos sin u
Tile both 1 1 u w -23302=3,2,1,1
SDPA look 6 3 t w q mask k v y ko vo 5=1 7=1
"""
    path = _write(tmp_path, text)
    shapes = {"mask": (4, 7), "cos": (4, 2), "sin": (4, 2), "k": (2, 3, 4), "v": (2, 3, 4)}
    with pytest.raises(
        InputError, match=r"input 'mask' is not told in the file: give it \(and those of cos, sin"
    ):
        network(path)
    net = network(path, inputs=shapes)
    assert net.values["y"].dims == (1, 2, 4, 4)
    assert net.values["ko"].dims == (1, 2, 7, 4)
    assert net.summary().macs == 4 * 8 * 8 + 2 * 4 * 7 * (4 + 4)
    assert not net.summary().unknown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "first line is 7767517"),
        ("7767517\n1 1\nInput data 0 x data\n", "line 3 must be a layer"),
        ("7767517\n1 1\nInput data 0 1 data 0=3 word\n", "line 3 must be a layer"),
        ("7767517\n1 1\nInput data 0 1 data\nReLU r 1 1 data r\n", "shape of the input 'data' is not told"),
        ("7767517\n1 1\nInput data 0 1 data 0=4 1=4 2=3\nReLU r 1 1 gone r\n", "gone"),
    ],
)
def test_what_is_no_network_is_told_with_file_and_line(tmp_path, text, said):
    path = _write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        network(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_numbers_and_lists_are_read():
    (layer,) = parse("7767517\n1 1\nSlice s 1 2 x a b -23300=2,4,-233 1=0 -23330=8,3,5,6,4,3,5,6,2\n")
    assert layer.lists[0] == (4.0, -233.0)
    assert layer.shapes == ((4, 6, 5), (2, 6, 5))
    assert layer.whole(1, 7) == 0
    assert layer.real(2, 0.5) == 0.5
