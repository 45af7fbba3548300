"""Columns of work: sums over kernels, what tiles do in vain, what is read once a pass."""

from __future__ import annotations

import numpy as np
import pytest

from archcast.core.device import DeviceName
from archcast.featurize.encoders.kernel_records import FIELDS, KernelTable, Row
from archcast.featurize.encoders.kernel_work import WORK, kernel_work, work_set
from archcast.featurize.encoders.winograd import Transformed


def _row(kind: str, **fields: float) -> Row:
    return Row(kind, [fields.get(name, 0.0) for name in FIELDS], "", ("Conv",))


SAME = {"read": 280, "written": 280, "elements": 70, "places": 7, "stride": 1}
TABLE = KernelTable.of(
    [
        _row("conv_1x1", macs=10 * 10 * 7, weights=400, groups=1, inputs=10, outputs=10, window=1, **SAME),
        _row(
            "conv_depthwise",
            macs=10 * 49 * 7,
            weights=1960,
            groups=10,
            inputs=1,
            outputs=1,
            window=49,
            **SAME,
        ),
        _row(
            "conv_grouped",
            macs=2 * 5 * 5 * 9 * 7,
            weights=900,
            groups=2,
            inputs=5,
            outputs=5,
            window=9,
            **SAME,
        ),
        _row("add", read=560, written=280, elements=70),
    ]
)


def _total(key: str, name: str, *, batch: int = 1) -> float:
    names = [column.name for column in WORK[key].columns]
    return float(kernel_work(TABLE, key, batch=batch)[:, names.index(name)].sum())


@pytest.mark.parametrize("key", WORK)
def test_work_is_never_negative_and_starts_once(key: str) -> None:
    work = kernel_work(TABLE, key)
    assert work.shape == (5, len(WORK[key].columns))
    assert (work >= 0).all()
    assert work[-1].tolist() == [0.0] * (work.shape[1] - 1) + [1.0]
    assert (work[:-1, -1] == 0).all()


@pytest.mark.parametrize("key", WORK)
def test_columns_stand_under_pooled_ones(key: str) -> None:
    columns = WORK[key].columns
    by_name = {column.name: column for column in columns}
    assert len(by_name) == len(columns)
    assert all(by_name[column.under].under == "" for column in columns if column.under)


def test_products_are_rounded_up_to_tiles() -> None:
    assert _total("plain_groups", "products.tiles") == 8 * 16
    assert _total("plain_groups", "products.padded") == 8 * 16 * 12


def test_groups_that_are_not_tiled_are_told_by_their_multiply_adds() -> None:
    assert _total("plain_groups", "grouped.macs") == 2 * 5 * 5 * 9 * 7
    assert _total("plain_groups", "grouped.padded") == 0
    assert _total("tiles", "grouped.padded") == 2 * 8 * 8 * 9 * 8


def test_wide_windows_run_as_groups_where_there_is_no_loop_for_them() -> None:
    assert _total("tiles", "depthwise.macs") == 10 * 49 * 7
    assert _total("narrow_depthwise", "depthwise.macs") == 0
    assert _total("narrow_depthwise", "grouped.macs") == 10 * 49 * 7 + 2 * 5 * 5 * 9 * 7


def test_weights_and_kernels_do_not_grow_with_the_batch() -> None:
    for name in ("weights", "kernels", "start"):
        assert _total("matrices", name, batch=8) == _total("matrices", name)
    assert _total("matrices", "bytes", batch=8) == 8 * _total("matrices", "bytes")
    assert _total("matrices", "products.tiles", batch=16) == 16 * 7 * 64 * 3


def test_work_by_device() -> None:
    named = {
        "pixel4-tflite2.10-1large": "plain_groups",
        "pixel4-tflite2.10-1large-int8": "plain_groups",
        "pixel4-tflite2.10-gpu-fp16": "maps",
        "pixel4-torch2.0_mobile-1large": "narrow_depthwise",
        "pixel4-torch2.0_mobile-gpu-fp16": "maps",
        "raspi4-ncnn-4t": "transformed_tiles",
        "raspi4-ncnn-4t-int8": "tiles",
        "raspi4-ncnn-vulkan": "transformed_maps",
        "t4-paddle_tensorrt-b4-fp16": "transformed_matrices",
        "snapdragon855-paddlelite-1t": "transformed_tiles",
        "gold-6148-openvino": "tiles",
        "rtx3090-torch2.4-b256-amp": "matrices",
    }
    assert {device: work_set(DeviceName.parse(device)) for device in named} == named


def test_a_kernel_of_no_items_work_is_done_once() -> None:
    table = KernelTable.of([_row("add", read=8, written=4, once=1)])
    names = [column.name for column in WORK["tiles"].columns]
    assert kernel_work(table, "tiles", batch=4)[0, names.index("bytes")] == 12
    assert np.isfinite(kernel_work(table, "tiles", batch=4)).all()


def test_windows_of_three_by_three_are_fewer_products_of_more_weights() -> None:
    shape = {"groups": 1, "inputs": 8, "outputs": 16, "window": 9, "places": 49, "written": 3136}
    plain = {"macs": 9 * 49 * 8 * 16, "weights": 4608}
    table = KernelTable.of([_row("conv_kxk", **shape, **plain, stride=s) for s in (1, 2)])
    for key, products in (("tiles", 9 * 52), ("transformed_tiles", 36 * 4)):
        work = kernel_work(table, key)
        names = [column.name for column in WORK[key].columns]
        assert work[0, names.index("products.padded")] == products * 8 * 16
        assert work[0, names.index("weights")] == (4608 if key == "tiles" else 4 * 4608)
        assert work[1, names.index("products.padded")] == 9 * 52 * 8 * 16
    assert work[0, names.index("kxk.laid_out")] == 36 * 4 * (8 + 16) * 4


@pytest.mark.parametrize(("side", "size"), [(2, 2), (4, 4), (7, 4), (12, 6), (56, 6)])
def test_tiles_are_those_of_the_fewest_products(side: int, size: int) -> None:
    one = np.ones(1)
    asked = {"window": 9 * one, "inputs": 8 * one, "outputs": 8 * one, "places": side**2 * one}
    made = Transformed.of(single=one > 0, **asked)
    assert made.points[0] == (size + 2) ** 2
    assert made.tiles[0] == np.ceil(side / size) ** 2
    few = Transformed.of(single=one > 0, **asked | {"inputs": 4 * one})
    assert not few.fits.any()
    assert few.points[0] == few.tiles[0] == 0
