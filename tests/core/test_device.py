"""The grammar of device names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcast.core.device import PRECISIONS, PROCESSORS, RUNTIMES, DeviceName, file_name
from archcast.core.errors import InputError

_words = st.from_regex(r"[A-Za-z0-9_.]{1,8}", fullmatch=True)
_cores = st.lists(
    st.tuples(st.integers(1, 16), st.sampled_from(["small", "medium", "large"])), min_size=1, max_size=3
)
_runtimes = st.tuples(
    st.sampled_from(sorted(RUNTIMES)),
    st.sampled_from(["", "2", "2.10"]),
    st.sampled_from(["", "_compiled", "_a_b"]),
)
_parts = st.fixed_dictionaries(
    {"hardware": st.lists(_words, min_size=1, max_size=4).map("-".join)},
    optional={
        "runtime": _runtimes.map("".join),
        "processor": st.one_of(
            st.sampled_from(PROCESSORS),
            st.integers(1, 128).map("{}t".format),
            _cores.map(lambda kinds: "_".join(f"{n}{kind}" for n, kind in kinds)),
        ),
        "batch": st.integers(1, 4096),
        "precision": st.sampled_from([*PRECISIONS, "w8a8", "w4a16"]),
        "settings": st.dictionaries(
            st.from_regex(r"[a-z][a-z_]{0,6}", fullmatch=True),
            st.from_regex(r"[A-Za-z0-9_.+-]{1,6}", fullmatch=True),
            max_size=3,
        ).map(lambda found: tuple(sorted(found.items()))),
    },
)


@given(_parts)
def test_what_can_be_made_is_read_back(parts: dict) -> None:
    try:
        made = DeviceName(**parts)
    except InputError:
        return
    assert DeviceName.parse(str(made)) == made


@given(st.text(alphabet="ab1t-_.:=,int8fporch", max_size=24))
def test_what_can_be_read_is_written_back(text: str) -> None:
    try:
        read = DeviceName.parse(text)
    except InputError:
        return
    assert str(read) == text


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("raspi4", DeviceName("raspi4")),
        ("titan_rtx_256", DeviceName("titan_rtx_256")),
        ("ethos-u55-256", DeviceName("ethos-u55-256")),
        ("epyc-zen4-ort-1t", DeviceName("epyc-zen4", "ort", "1t")),
        ("this-host-ort-2t-b8-int8", DeviceName("this-host", "ort", "2t", 8, "int8")),
        ("this-host-torch-cuda-b32", DeviceName("this-host", "torch", "cuda", 32)),
        ("ort-torch-16t", DeviceName("ort", "torch", "16t")),
        ("pixel4-tflite2.10-4small-int8", DeviceName("pixel4", "tflite2.10", "4small", 1, "int8")),
        ("pixel6-tflite-1large_3medium", DeviceName("pixel6", "tflite", "1large_3medium")),
        ("rtx3090-torch2.4_compiled-b256-amp", DeviceName("rtx3090", "torch2.4_compiled", "", 256, "amp")),
        ("rtx3090-torch2.1_nhwc_train-b8", DeviceName("rtx3090", "torch2.1_nhwc_train", batch=8)),
        ("zcu102-vitis_ai2.5_multi-int8", DeviceName("zcu102", "vitis_ai2.5_multi", precision="int8")),
        ("qcs8550-qnn-w8a8", DeviceName("qcs8550", "qnn", "", 1, "w8a8")),
        ("tesla-npu-like", DeviceName("tesla-npu-like")),
        (
            "eyeriss-like:array=8x8,buffer_kib=54",
            DeviceName("eyeriss-like", settings=(("array", "8x8"), ("buffer_kib", "54"))),
        ),
    ],
)
def test_names(name: str, made: DeviceName) -> None:
    assert DeviceName.parse(name) == made
    assert str(made) == name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "must be a name of letters"),
        (None, "must be a name of letters"),
        ("-ort-1t", "must be a name of letters"),
        ("my board", "must be a name of letters"),
        ("\u0661", "must be a name of letters"),
        ("../up", "must be a name of letters"),
        ("raspi4\n", "must be a name of letters"),
        ("x" * 129, "at most 128 characters"),
        ("x-ort-1t-b1", "must leave out 'b1', which is the default"),
        ("x-ort-1t-fp32", "must leave out 'fp32', which is the default"),
        ("x-int8-b8", "in this order and in small letters: 'int8' stands elsewhere"),
        ("x-ort-1t-INT8", "in small letters: 'INT8' stands elsewhere"),
        ("x-torch-1t-cuda", "'1t' stands elsewhere"),
        ("x:array", "must be name=value, got 'array'"),
        ("x:array=8x8,", "must be name=value, got ''"),
        ("x:b=1,a=1", "in the order of their names"),
        ("x:a=1,a=1", "in the order of their names"),
    ],
)
def test_other_names_are_refused(name: object, why: str) -> None:
    with pytest.raises(InputError, match=why):
        DeviceName.parse(name)


def test_parts_that_would_be_read_otherwise_are_refused() -> None:
    with pytest.raises(InputError, match="parts of a device must be in the grammar"):
        DeviceName("x-ort", processor="1t")


def test_threads_and_program() -> None:
    assert DeviceName.parse("x-tflite-1large_3medium").threads == 4
    assert DeviceName.parse("x-torch-cuda").threads is None
    assert DeviceName.parse("x-torch2.4_compiled").program == "PyTorch 2.4, compiled"
    assert DeviceName.parse("x-vitis_ai2.5_multi").program == "Vitis AI 2.5, multi"
    assert DeviceName.parse("x-tflite2.10").program == "TensorFlow Lite 2.10"
    assert DeviceName.parse("x").program == ""


def test_names_of_files_are_safe_and_differ() -> None:
    assert file_name("fbnet", "latency", "raspi4", "imagenet") == "fbnet-latency-raspi4-imagenet"
    made = file_name("fbnet", "latency", "eyeriss-like:array=8x8,buffer_kib=54", "imagenet")
    assert made == "fbnet-latency-eyeriss-like%3Aarray%3D8x8%2Cbuffer_kib%3D54-imagenet"
