import csv

import numpy as np
import pytest
from made_up import additive_labels

from archcast.core.errors import UnknownNameError
from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.training.labels import load_labels
from archcast.training.metrics import quality
from archcast.training.protocols import PROTOCOLS, ProtocolResult
from archcast.training.protocols.help_plain import HELP_PLAIN, PUBLISHED, TEST_DEVICES, TEST_ROWS, middle_rows
from archcast.training.train import learning_families, make_predictor


@pytest.fixture(scope="module")
def environment(public_tables, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCHCAST_DATA", str(public_tables))
        patch.setenv("ARCHCAST_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def result(environment):
    said = []
    found = HELP_PLAIN.run(["lookup", "flops"], [0, 1], said.append)
    assert said[0] == "lookup, seed 0: learning 27 devices"
    assert len(said) == 4
    return found


def labels_of(values):
    values = np.array(values, dtype=np.float64)[:, None]
    codes = SPACES["nasbench201"].members(np.arange(len(values)))
    return Labels("nasbench201", "latency", "cifar10", (Target("d", "cifar10"),), codes, values)


def test_the_middle_by_hand():
    values = [5.0, 1, 20, 3, 4, 6, 7, 8, 9, 2]
    assert middle_rows(labels_of(values), 0).tolist() == [0, 3, 4, 5, 6, 7, 8, 9]
    glitches = [5.0, np.nan, 20, 3, 4, np.nan, 7, 8, 9, 2, 11, 12, 13, 14, 15, 16, 17, 18, 19, 10]
    assert middle_rows(labels_of(glitches), 0).tolist() == [i for i in range(20) if i not in (1, 5, 2, 18)], (
        "a glitch counts among the fastest"
    )
    tied = [1.0] * 10
    assert middle_rows(labels_of(tied), 0).tolist() == list(range(1, 9)), "ties are cut in order"


def test_a_thousand_rows_leave_eight_hundred():
    labels = additive_labels(n=1000)
    for column in (0, 1):
        kept = middle_rows(labels, column)
        assert len(kept) == 800
        cut = np.setdiff1d(np.arange(1000), kept)
        inside = labels.values[kept, column]
        beyond = labels.values[cut, column]
        assert ((beyond <= inside.min()) | (beyond >= inside.max())).all()


def test_published_means_are_those_of_their_figures():
    assert len(PUBLISHED) == 4
    for record in PUBLISHED:
        mean = np.mean([record[device] for device in TEST_DEVICES])
        assert record["mean"] == pytest.approx(mean, abs=1.1e-3), record["predictor"]
        assert "Lee et al." in record["source"]


def test_a_table_of_sums_beats_what_was_published(result):
    lookup = next(r for r in result.records if r["predictor"] == "lookup")
    assert lookup["mean"] > 0.95
    assert lookup["mean"] > max(r["mean"] for r in result.published)
    assert lookup["measured"] == 900
    assert lookup["mean"] == pytest.approx(np.mean([lookup[d] for d in TEST_DEVICES]), abs=1e-4)
    assert all(0 <= lookup[f"within_10 {d}"] <= 1 for d in TEST_DEVICES)


def test_the_flops_baseline_is_near_the_published_one(result):
    flops = next(r for r in result.records if r["predictor"] == "flops")
    published = next(r for r in result.published if r["predictor"] == "FLOPs")
    assert flops["mean"] == pytest.approx(published["mean"], abs=0.05)


def test_one_figure_by_hand(environment, result):
    labels = load_labels("nasbench201", "latency", sources=["help"]).only(("fpga",))
    predictor = make_predictor("lookup", {}).fit(labels.rows(np.arange(900)))
    tested = labels.rows(np.arange(900, 1900))
    order = np.argsort(tested.values[:, 0], kind="stable")[100:900]
    found = quality(tested.values[order, 0], predictor.predict(tested.codes[order])[:, 0])
    lookup = result.records[0]
    assert lookup["fpga"] == pytest.approx(found["spearman"], abs=2e-4)
    assert lookup["within_10 fpga"] == pytest.approx(found["within_10"], abs=2e-3)
    assert len(np.intersect1d(TEST_ROWS, np.arange(900))) == 0


def test_seeds_have_a_record_each(result):
    assert [(r["predictor"], r["seed"]) for r in result.records] == [
        ("lookup", 0),
        ("lookup", 1),
        ("flops", 0),
        ("flops", 1),
    ]
    assert result.protocol == "help-nasbench201-900"


def test_unknown_families_are_refused(small_tables, monkeypatch):
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))
    with pytest.raises(UnknownNameError, match="predictor must be one of"):
        HELP_PLAIN.run(["oracle"], [0], lambda text: None)


def test_protocols_are_registered_with_families_that_learn():
    assert PROTOCOLS["help-nasbench201-900"] is HELP_PLAIN
    for protocol in PROTOCOLS.values():
        assert protocol.title
        if protocol.of_families:
            assert set(protocol.predictors) <= set(learning_families())
        else:
            with pytest.raises(UnknownNameError, match="method of"):
                protocol.check(["oracle"])


def test_csv_holds_measured_and_published_records(tmp_path):
    made = ProtocolResult("p", ({"predictor": "a", "x": 1.5},), ({"predictor": "b", "source": "s, t"},))
    path = tmp_path / "new" / "p.csv"
    made.write_csv(path)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {"predictor": "a", "x": "1.5", "source": ""},
        {"predictor": "b", "x": "", "source": "s, t"},
    ]
