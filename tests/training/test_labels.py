import numpy as np
import pytest

from archcast.core.errors import DataError, UnknownNameError
from archcast.core.labels import Target
from archcast.featurize.spaces import SPACES
from archcast.training.labels import load_labels


@pytest.fixture(autouse=True)
def tables(monkeypatch, tmp_path, small_tables):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))


@pytest.fixture
def whole(monkeypatch, public_tables):
    monkeypatch.setenv("ARCHCAST_DATA", str(public_tables))


def missing(labels):
    counts = np.isnan(labels.values).sum(axis=0).tolist()
    return {t: n for t, n in zip(labels.targets, counts, strict=True) if n}


def test_help_on_the_whole_of_nasbench201(whole):
    labels = load_labels("nasbench201", "latency", sources=["help"])
    assert labels.codes.shape == (15_625, 6)
    assert labels.values.shape == (15_625, 27)
    assert missing(labels) == {Target("pixel3", "cifar10"): 273, Target("raspi4", "cifar10"): 284}
    np.testing.assert_array_equal(SPACES["nasbench201"].to_index(labels.codes), np.arange(15_625))


def test_help_on_nasbench201():
    labels = load_labels("nasbench201", "latency", sources=["help"])
    assert labels.values.shape == (987, 27)
    assert missing(labels) == {Target("pixel3", "cifar10"): 20, Target("raspi4", "cifar10"): 21}
    index = SPACES["nasbench201"].to_index(labels.codes)
    assert (np.diff(index) > 0).all()
    assert set(range(0, 15_625, 16)) < set(index.tolist())
    assert (labels.licences, labels.redistributable, labels.dataset) == (("MIT",), True, "cifar10")
    assert len(labels.sources) == 1
    assert "HELP" in labels.sources[0]


TABLES = ("space", "metric", "source", "shape", "gaps", "licence", "dataset")


@pytest.mark.parametrize(
    TABLES,
    [
        ("fbnet", "latency", "help", (426, 27), 0, "MIT", "cifar100"),
        ("ofa_mbv3", "latency", "help", (258, 12), 0, "MIT", "imagenet"),
        ("mnasnet", "latency", "accel_nasbench", (206, 2), 0, "Apache-2.0", "imagenet"),
        ("mnasnet", "throughput", "accel_nasbench", (206, 6), 3, "Apache-2.0", "imagenet"),
        ("mnasnet", "accuracy", "accel_nasbench", (206, 1), 0, "Apache-2.0", "imagenet"),
        ("macro", "accuracy", "nas_bench_macro", (1_313, 1), 0, "Apache-2.0", "cifar10"),
        ("ofa_mbv3", "accuracy", "ofa_accuracy", (343, 1), 0, None, "imagenet"),
    ],
)
def test_the_other_tables(space, metric, source, shape, gaps, licence, dataset):
    check_labels(space, metric, source, shape, gaps, licence, dataset)


@pytest.mark.parametrize(
    TABLES,
    [
        ("fbnet", "latency", "help", (5000, 27), 0, "MIT", "cifar100"),
        ("ofa_mbv3", "latency", "help", (5000, 12), 0, "MIT", "imagenet"),
        ("mnasnet", "latency", "accel_nasbench", (4090, 2), 0, "Apache-2.0", "imagenet"),
        ("mnasnet", "throughput", "accel_nasbench", (4092, 6), 64, "Apache-2.0", "imagenet"),
        ("mnasnet", "accuracy", "accel_nasbench", (4092, 1), 0, "Apache-2.0", "imagenet"),
        ("macro", "accuracy", "nas_bench_macro", (6561, 1), 0, "Apache-2.0", "cifar10"),
        ("ofa_mbv3", "accuracy", "ofa_accuracy", (2162, 1), 0, None, "imagenet"),
    ],
)
def test_the_other_whole_tables(whole, space, metric, source, shape, gaps, licence, dataset):
    check_labels(space, metric, source, shape, gaps, licence, dataset)


def check_labels(space, metric, source, shape, gaps, licence, dataset):
    labels = load_labels(space, metric, sources=[source])
    assert labels.values.shape == shape
    assert np.isnan(labels.values).sum() == gaps
    assert len(np.unique(labels.codes, axis=0)) == len(labels)
    assert np.isfinite(labels.values).any(axis=1).all()
    assert labels.redistributable
    assert {t.dataset for t in labels.targets} == {labels.dataset} == {dataset}
    if licence is not None:
        assert labels.licences == (licence,)


def test_data_sets_stand_side_by_side_in_one_row_an_architecture():
    datasets = ("wmt14ende", "wmt14enfr", "wmt19ende", "iwslt14deen")
    labels = load_labels("hat", "latency", datasets=datasets, sources=["hat"])
    assert labels.values.shape == (480, 8)
    assert labels.dataset == "wmt14ende"
    assert len(labels.sources) == 1
    assert len(np.unique(labels.codes, axis=0)) == len(labels)
    few = load_labels("hat", "latency", datasets=("wmt14enfr",), sources=["hat"])
    columns = [labels.targets.index(target) for target in few.targets]
    row = {code.tobytes(): i for i, code in enumerate(labels.codes)}
    rows = [row[code.tobytes()] for code in few.codes]
    np.testing.assert_array_equal(labels.values[np.ix_(rows, columns)], few.values)
    assert np.isfinite(labels.values[:, columns]).sum() == np.isfinite(few.values).sum()


def test_accuracy_has_the_data_set_for_a_device():
    datasets = ("cifar100", "cifar10")
    labels = load_labels("nasbench201", "accuracy", datasets=datasets, sources=["nasbench201_accuracy"])
    assert labels.targets == (Target("cifar100", "cifar100"), Target("cifar10", "cifar10"))
    assert labels.dataset == "cifar100"
    assert 0.9 < labels.values.min() < labels.values.max() < 95


def test_chosen_devices_keep_their_order():
    labels = load_labels("fbnet", "latency", devices=("raspi4", "eyeriss"), sources=["help"])
    assert labels.devices == ("raspi4", "eyeriss")
    every = load_labels("fbnet", "latency", sources=["help"])
    np.testing.assert_array_equal(labels.values[:, 1], every.values[:, every.devices.index("eyeriss")])


def test_what_may_not_be_shipped_says_so():
    labels = load_labels("nasbench201", "energy", sources=["hw_nas_bench_360"])
    assert not labels.redistributable
    assert (labels.values > 0).any()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"devices": ["toaster"]}, "device of fbnet latency"),
        ({"datasets": ["mnist"]}, "dataset of fbnet latency"),
        ({"sources": ["halp"]}, "did you mean 'help'"),
        ({"space": "fbnets"}, "did you mean 'fbnet'"),
        ({"metric": "energy"}, "metric of fbnet in the tables"),
    ],
)
def test_unknown_names_list_the_choices(change, said):
    words = {"space": "fbnet", "metric": "latency", "sources": ["help"], **change}
    with pytest.raises(UnknownNameError, match=said):
        load_labels(words.pop("space"), words.pop("metric"), **words)


def test_without_tables_the_message_says_what_to_do(monkeypatch):
    monkeypatch.delenv("ARCHCAST_DATA")
    with pytest.raises(DataError, match=r"set ARCHCAST_DATA, or run archcast data fetch for one of .*help"):
        load_labels("fbnet", "latency")
