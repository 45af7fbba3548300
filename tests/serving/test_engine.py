"""`predict`, `predict_interval`, `load` and `devices` as users call them."""

from pathlib import Path

import numpy as np
import pytest
from made_up import UNIT_MS, additive_labels, fitted_lookup

import archcast
from archcast.core.settings import predictors_dir
from archcast.predictors import save
from archcast.training.fit import Fitted

CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"
FBNET = [7, 8, 1, 8, 4, 8, 8, 8, 7, 4, 1, 4, 7, 3, 2, 7, 3, 2, 4, 2, 4, 5]


def test_predicts_in_the_unit_of_the_labels(own: Fitted) -> None:
    codes = archcast.spaces("nasbench201").sample(50, seed=9)
    expected = 2.0 + UNIT_MS[codes].sum(axis=1)
    for device, factor in (("board_a", 1), ("board_b", 2)):
        predicted = archcast.predict(codes, device=device)
        assert predicted.dtype == np.float32
        assert predicted.shape == (50,)
        np.testing.assert_allclose(predicted, factor * expected, rtol=2e-3)


def test_notation_and_codes_agree(own: Fitted) -> None:
    space = archcast.spaces("nasbench201")
    codes = space.sample(20, seed=3)
    np.testing.assert_array_equal(
        archcast.predict(space.format(codes), "board_a"), archcast.predict(codes, "board_a")
    )


def test_batch_is_one_by_one(own: Fitted) -> None:
    codes = archcast.spaces("nasbench201").sample(20, seed=4)
    each = [archcast.predict(codes[i : i + 1], "board_b")[0] for i in range(20)]
    np.testing.assert_allclose(archcast.predict(codes, "board_b"), each, rtol=1e-6)


def test_interval_holds_the_prediction_and_widens(own: Fitted) -> None:
    codes = archcast.spaces("nasbench201").sample(20, seed=5)
    value = archcast.predict(codes, "board_a")
    narrow = archcast.predict_interval(codes, "board_a", coverage=0.5)
    wide = archcast.predict_interval(codes, "board_a", coverage=0.9)
    assert (wide[0] <= narrow[0]).all()
    assert (narrow[0] <= value).all()
    assert (value <= narrow[1]).all()
    assert (narrow[1] <= wide[1]).all()


@pytest.mark.parametrize("coverage", [0.0, 0.3, 1.0, 2.0, float("nan"), "high"])
def test_refuses_a_coverage_it_cannot_give(own: Fitted, coverage: object) -> None:
    with pytest.raises(archcast.InputError, match="coverage"):
        archcast.predict_interval([CELL], "board_a", coverage=coverage)  # type: ignore[arg-type]


def test_load_gives_a_handle_with_its_card(own: Fitted) -> None:
    loaded = archcast.load("board_a", metric="latency", space="nasbench201")
    assert loaded.card.rows == own.card.rows
    assert loaded.entry.unit == "ms"
    np.testing.assert_array_equal(loaded.predict([CELL]), archcast.predict([CELL], "board_a"))
    assert archcast.load("board_a").model is loaded.model


def test_own_predictors_come_before_the_zoo(own: Fitted) -> None:
    shipped = archcast.load("raspi4", space="nasbench201")
    assert shipped.entry.origin == "zoo"
    fitted = fitted_lookup(additive_labels(("raspi4",)))
    save(fitted.predictor, predictors_dir() / "mine", card=fitted.card, intervals=fitted.intervals)
    mine = archcast.load("raspi4", space="nasbench201")
    assert mine.entry.origin == "own"
    named = archcast.load("raspi4", space="nasbench201", predictor=shipped.entry.predictor)
    assert named.entry.origin == "zoo"


def test_an_interval_needs_held_out_errors(home: Path) -> None:
    fitted = fitted_lookup(additive_labels(("bare",)))
    save(fitted.predictor, predictors_dir() / "bare", card=fitted.card)
    assert archcast.predict([CELL], "bare").shape == (1,)
    with pytest.raises(archcast.InputError, match="held-out"):
        archcast.predict_interval([CELL], "bare")


def test_devices_lists_what_can_be_predicted(own: Fitted) -> None:
    here = archcast.devices(space="nasbench201", metric="latency")
    assert {"board_a", "board_b", "raspi4"} <= {d.device for d in here}
    assert len({(d.device, d.dataset) for d in here}) == len(here)
    assert {d.unit for d in here} == {"ms"}


@pytest.mark.parametrize(
    ("batch", "device", "metric", "space", "words"),
    [
        ([CELL], "nowhere", "latency", None, "board_a"),
        ([CELL], "board_a", "latencies", None, "throughput"),
        ([CELL], "board_a", "memory", None, "latency"),
        (["02012100"], "board_a", "latency", None, "device for latency of macro must be one of"),
        ([CELL], "board_a", "latency", "nasbench301", "nasbench201"),
        ([CELL], None, "latency", None, "device"),
        ([CELL, FBNET], "board_a", "latency", None, "item 1"),
        ([FBNET, CELL], "board_a", "latency", "nasbench201", "item 0"),
        ([], "board_a", "latency", None, "at least one"),
        (CELL, "board_a", "latency", None, "list"),
        ([None], "board_a", "latency", None, "item 0"),
        ([CELL.replace("skip", "jump")], "board_a", "latency", None, "skip_connect"),
        (["|" * 10_000_000], "board_a", "latency", None, "characters"),
        (["[" * 10_000_000], "board_a", "latency", None, "characters"),
        ([float("nan")], "board_a", "latency", None, "nan"),
        (np.full((2, 6), np.nan), "board_a", "latency", None, "integers"),
        (np.full((2, 6), 9), "board_a", "latency", None, "0 to 4"),
        (np.zeros((2, 7), dtype=int), "board_a", "latency", None, "shape"),
        (7, "board_a", "latency", None, "list"),
    ],
)
def test_bad_input_is_told_in_one_sentence(
    own: Fitted, batch: object, device: str, metric: str, space: str | None, words: str
) -> None:
    with pytest.raises(archcast.InputError) as raised:
        archcast.predict(batch, device, metric, space)  # type: ignore[arg-type]
    message = str(raised.value)
    assert words in message
    assert "\n" not in message
    assert len(message) < 700


@pytest.mark.parametrize(
    ("space", "metric"), [("nasbench201", "latency"), ("fbnet", "latency"), ("ofa_mbv3", "latency")]
)
def test_several_devices_are_one_column_each(home: Path, space: str, metric: str) -> None:
    names = list(dict.fromkeys(d.device for d in archcast.devices(space, metric)))
    codes = archcast.spaces(space).sample(40, seed=2)
    found = archcast.predict(codes, names, metric, space)
    assert found.shape == (40, len(names))
    assert found.dtype == np.float32
    for column, name in zip(found.T, names, strict=True):
        np.testing.assert_allclose(column, archcast.predict(codes, name, metric, space), rtol=1e-6)
    low, high = archcast.predict_interval(codes, names[:3], metric, space=space)
    assert low.shape == high.shape == (40, 3)
    np.testing.assert_array_equal(
        low[:, 2], archcast.predict_interval(codes, names[2], metric, space=space)[0]
    )
    archs = archcast.spaces(space).format(codes)
    np.testing.assert_allclose(archcast.predict(archs, tuple(names[::-1])), found[:, ::-1], rtol=1e-6)


def test_devices_of_several_predictors_stand_beside_each_other(own: Fitted) -> None:
    names = ["board_b", "raspi4", "board_a", "board_b"]
    found = archcast.predict([CELL, CELL.replace("avg_pool", "nor_conv")], names)
    for column, name in zip(found.T, names, strict=True):
        np.testing.assert_array_equal(
            column, archcast.predict([CELL, CELL.replace("avg_pool", "nor_conv")], name)
        )


@pytest.mark.parametrize(
    ("device", "words"),
    [(["raspi4", "nowhere"], "nowhere"), ([], "at least one"), (["raspi4", 3], "name"), (7, "name")],
)
def test_a_wrong_list_of_devices_is_told(own: Fitted, device: object, words: str) -> None:
    for call in (archcast.predict, archcast.predict_interval):
        with pytest.raises(archcast.InputError, match=words):
            call([CELL], device)  # type: ignore[operator]


@pytest.mark.parametrize("space", ["nasbench201", "fbnet", "ofa_mbv3", "mnasnet", "macro", "hat"])
def test_notations_answer_as_codes_do(home: Path, space: str) -> None:
    chosen = archcast.spaces(space)
    codes = chosen.sample(300, seed=8)
    served = archcast.devices(space)[0]
    expected = archcast.predict(codes, served.device, served.metric, space)
    archs = chosen.format(codes)
    for batch in (
        archs,
        tuple(archs),
        chosen.to_text(codes),
        codes.astype(np.int64),
        np.asfortranarray(codes),
    ):
        for named in (space, None) if not isinstance(batch, np.ndarray) else (space,):
            found = archcast.predict(batch, served.device, served.metric, named)
            np.testing.assert_array_equal(found, expected)
    one = [archcast.predict([arch], served.device, served.metric)[0] for arch in archs[:5]]
    np.testing.assert_allclose(one, expected[:5], rtol=1e-5)


def test_strings_of_numpy_are_read_too(home: Path) -> None:
    cells = archcast.spaces("nasbench201").format(archcast.spaces("nasbench201").sample(5, seed=0))
    expected = archcast.predict(cells, "raspi4")
    np.testing.assert_array_equal(archcast.predict(np.array(cells), "raspi4"), expected)
    np.testing.assert_array_equal(archcast.predict(list(np.array(cells)), "raspi4"), expected)


@pytest.mark.parametrize("wrong", [b"|", 3, None, ["x"], CELL[:-1], CELL + "x"])
def test_the_item_at_fault_is_named(home: Path, wrong: object) -> None:
    with pytest.raises(archcast.InputError, match=r"item 2"):
        archcast.predict([CELL, CELL, wrong, CELL], "raspi4")


def test_devices_say_how_the_network_runs():
    found = {entry.device: entry for entry in archcast.devices("nasbench201", "latency")}
    epyc = found["epyc-zen4-ort-1t"]
    told = (epyc.hardware, epyc.runtime, epyc.precision, epyc.batch, epyc.threads)
    assert told == ("AMD EPYC (Zen 4), one core", "ONNX Runtime", "fp32", 1, 1)
    assert (found["titan_rtx_256"].batch, found["titan_rtx_256"].threads) == (256, None)
    (accuracy,) = archcast.devices("macro", "accuracy")
    assert (accuracy.hardware, accuracy.batch) == ("", None)
