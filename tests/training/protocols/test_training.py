"""The protocol of many measurements, on HELP's whole table."""

import numpy as np
import pytest

from archcast.training.labels import load_labels
from archcast.training.metrics import quality
from archcast.training.protocols import load_protocol, run_protocol
from archcast.training.train import make_predictor

PROTOCOL = load_protocol("help-nasbench201-900")
DEVICES = PROTOCOL.target_devices


@pytest.fixture(scope="module")
def environment(public_tables):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCHCAST_DATA", str(public_tables))
        yield


@pytest.fixture(scope="module")
def result(environment):
    said = []
    found = run_protocol(PROTOCOL, ["lookup", "flops"], seeds=2, progress=said.append)
    assert said[0] == "lookup, seed 0: learning 27 devices"
    assert len(said) == 4
    return found


def test_a_table_of_sums_beats_what_was_published(public_tables, result):
    lookup = next(r for r in result.records if r["predictor"] == "lookup")
    assert lookup["mean"] > 0.95
    assert lookup["mean"] > max(r["mean"] for r in result.published)
    assert lookup["measured"] == 900
    assert lookup["mean"] == pytest.approx(np.mean([lookup[d] for d in DEVICES]), abs=1e-4)
    assert all(0 <= lookup[f"within_10 {d}"] <= 1 for d in DEVICES)


def test_the_flops_baseline_is_near_the_published_one(public_tables, result):
    flops = next(r for r in result.records if r["predictor"] == "flops")
    published = next(r for r in result.published if r["predictor"] == "FLOPs")
    assert flops["mean"] == pytest.approx(published["mean"], abs=0.05)


def test_one_figure_by_hand(public_tables, result):
    labels = load_labels("nasbench201", "latency", sources=["help"]).only(("fpga",))
    predictor = make_predictor("lookup", {}).fit(labels.rows(np.arange(900)))
    tested = labels.rows(np.arange(900, 1900))
    order = np.argsort(tested.values[:, 0], kind="stable")[100:900]
    found = quality(tested.values[order, 0], predictor.predict(tested.codes[order])[:, 0])
    lookup = result.records[0]
    assert lookup["fpga"] == pytest.approx(found["spearman"], abs=2e-4)
    assert lookup["within_10 fpga"] == pytest.approx(found["within_10"], abs=2e-3)


def test_seeds_have_a_record_each(public_tables, result):
    assert [(r["predictor"], r["seed"]) for r in result.records] == [
        ("lookup", 0),
        ("lookup", 1),
        ("flops", 0),
        ("flops", 1),
    ]
    assert result.protocol == "help-nasbench201-900"
