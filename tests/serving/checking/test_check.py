"""`archcast.check` as users call it."""

import json

import numpy as np
import pytest
from made_up import UNIT_MS
from made_up_networks import plain_network

import archcast
from archcast.core.errors import ArtifactError, InputError, UnknownNameError

pytestmark = pytest.mark.filterwarnings("ignore:.* had (a shipped|another) predictor")
SPACE = archcast.spaces("nasbench201")
OLD, NEW = SPACE.sample(12, seed=1), SPACE.sample(14, seed=2)


def cost(codes):
    return 2.0 + UNIT_MS[codes].sum(axis=1)


@pytest.fixture(scope="module", autouse=True)
def board(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCHCAST_HOME", str(tmp_path_factory.mktemp("home")))
        made = archcast.adapt(OLD, cost(OLD), "board")
        yield made.save()


def test_a_predictor_of_the_same_device_is_right():
    found = archcast.check(NEW, cost(NEW), "board")
    assert found.right
    assert found.verdict.startswith("right")
    assert (found.device, found.space, found.unit, found.predictor) == (
        "board",
        "nasbench201",
        "ms",
        "adapted",
    )
    assert (found.samples, found.architectures) == (14, 14)
    assert found.bias.low <= found.bias.value <= found.bias.high
    assert found.learned.samples == 12
    assert found.spearman > 0.9
    assert json.loads(json.dumps(found.record()))["right"] is True


def test_a_slower_device_is_found_and_so_is_its_drift():
    found = archcast.check(NEW, 1.5 * cost(NEW), "board")
    assert not found.right
    assert found.learned.drift.value == pytest.approx(50, abs=15)
    again = archcast.check(OLD, 1.2 * cost(OLD), "board")
    assert again.learned.by_pairs
    assert again.learned.drift.value == pytest.approx(20.0)
    assert not again.right


def test_another_unit_is_asked_about():
    assert "or in us?" in archcast.check(NEW, 1000 * cost(NEW), "board").verdict


def test_what_does_not_fit_is_named():
    values = cost(NEW)
    values[5] *= 10
    found = archcast.check(SPACE.format(NEW), values, "board")
    assert [m.item for m in found.misfits] == [5]
    assert found.misfits[0].arch == SPACE.to_text(NEW)[5]
    assert found.misfits[0].factor == pytest.approx(10, rel=0.3)


def test_repeats_count_once():
    twice = np.concatenate([NEW, NEW])
    found = archcast.check(twice, np.tile(cost(NEW), 2), "board")
    once = archcast.check(NEW, cost(NEW), "board")
    assert (found.samples, found.architectures) == (28, 14)
    assert found.coverage == once.coverage
    assert found.bias.low == pytest.approx(once.bias.low)


def test_a_shipped_predictor_is_checked_without_a_former_state():
    predicted = archcast.predict(NEW, "pixel2")
    found = archcast.check(NEW, predicted, "pixel2")
    assert found.right
    assert found.learned is None
    with pytest.raises(InputError, match="keeps no measurements"):
        found.adapt()


def test_old_and_new_are_learned_from_together(board):
    found = archcast.check(NEW, cost(NEW), "board")
    made = found.adapt()
    assert made.card.rows == len(OLD) + len(NEW)
    rest = SPACE.sample(200, seed=5)
    former, now = archcast.predict(rest, "board"), made.predict(rest)
    assert np.abs(now / cost(rest) - 1).mean() <= np.abs(former / cost(rest) - 1).mean()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (cost(NEW)[:5], "one number an architecture, 14"),
        ([*cost(NEW)[:13], -1.0], "above 0, got -1.0 .item 13"),
        (["1"] * 14, "values must be numbers"),
    ],
)
def test_values_are_checked(values, words):
    with pytest.raises(InputError, match=words):
        archcast.check(NEW, values, "board")


def test_too_few_and_unknown_are_refused():
    with pytest.raises(InputError, match="at least 3 different measured architectures, got 2"):
        archcast.check(NEW[[0, 1, 1]], [1.0, 2.0, 2.0], "board")
    with pytest.raises(UnknownNameError, match="device for latency"):
        archcast.check(NEW, cost(NEW), "nowhere")
    with pytest.raises(InputError, match="coverage"):
        archcast.check(NEW, cost(NEW), "board", coverage=1.0)


def test_batches_in_other_containers_and_notations():
    once = archcast.check(NEW, cost(NEW), "board")
    assert archcast.check(iter(SPACE.format(NEW)), iter(cost(NEW).tolist()), "board").bias == once.bias
    numbers = SPACE.to_index(NEW).tolist()
    assert archcast.check(numbers, cost(NEW), "board", notation="index").bias == once.bias


def test_accuracies_are_checked_in_points():
    values = np.clip(50 + cost(OLD), 0, 99)
    archcast.adapt(OLD, values, "images", "accuracy", families=["linear"]).save()
    found = archcast.check(OLD, values, "images", "accuracy")
    assert (found.error_unit, found.learned) == ("points", None)
    assert found.error < 5
    made = found.adapt()
    assert made.entry.predictor == "linear"


def test_networks_of_any_form():
    known = [plain_network(8 * i, 64, 16 * i, side=32) for i in range(1, 5)]
    values = 3 * archcast.predict(known, "pixel4-tflite2.10-1large")
    archcast.adapt(known, values, device="networks-board").save()
    found = archcast.check(known, 1.3 * values, "networks-board")
    assert found.space == "network"
    assert found.learned.drift.value == pytest.approx(30.0, abs=0.1)
    assert not found.right
    assert found.adapt().card.rows == 8
    cells = SPACE.to_text(NEW[:4])
    through = archcast.check(cells, archcast.predict(cells, "networks-board"), "networks-board")
    assert (through.space, through.learned.again) == ("nasbench201", 0)
    assert through.adapt().card.rows == 8


def test_a_damaged_file_of_measurements_is_refused(board):
    path = board / "measured.json"
    content = path.read_bytes()
    path.write_bytes(content[:-3])
    with pytest.raises(ArtifactError, match=r"measured\.json is not the file"):
        archcast.check(NEW, cost(NEW), "board")
    path.write_bytes(content)
    assert archcast.check(NEW, cost(NEW), "board").learned is not None
