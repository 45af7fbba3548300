"""Protocols are data: archcast's own, and a user's."""

import numpy as np
import pytest

from archcast.core.errors import InputError, UnknownNameError
from archcast.training.protocols import load_protocol, protocol_names, run_protocol
from archcast.training.train import learning_families

OWN = """
title: my boards, from few measurements
kind: adaptation
seeds: 2
predictors: [suggested]
sources: {space: nasbench201, metric: latency, tables: [help]}
devices: [pixel3, gold_6240, titanx_1]
target_devices: [raspi4]
measured: [8]
pool: {first: 0, count: 300}
test: {first: 300, count: 200}
published:
  - {predictor: a peer, measured: 8, mean: 0.5, source: a paper}
"""

TRAINING = """
title: my boards, from many measurements
kind: training
seeds: 1
predictors: [flops]
table: {space: nasbench201, metric: latency, tables: [help]}
target_devices: [raspi4]
train: {first: 0, count: 300}
test: {first: 300, count: 200}
"""


@pytest.fixture
def own(tmp_path):
    def write(text, name="mine.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


def test_every_protocol_of_archcast_can_be_read():
    names = protocol_names()
    assert len(names) == 30
    assert {"help-nasbench201", "nasflat-FA", "latency-ofa", "accuracy-macro", "intervals"} <= set(names)
    for name in names:
        protocol = load_protocol(name)
        assert protocol.name == name
        assert protocol.title
        if not protocol.methods:
            assert set(protocol.predictors) <= set(learning_families())


@pytest.mark.parametrize("name", [n for n in protocol_names() if n.startswith(("help", "nasflat"))])
def test_no_target_is_among_its_sources(name):
    protocol = load_protocol(name)
    assert protocol.kind == "training" or not set(protocol.devices) & set(protocol.target_devices)
    assert len(protocol.target_devices) >= 3


@pytest.mark.parametrize("name", ["help-nasbench201", "help-nasbench201-900", "help-fbnet"])
def test_published_means_are_those_of_their_figures(name):
    protocol = load_protocol(name)
    assert protocol.published
    for record in protocol.published:
        mean = np.mean([record[device] for device in protocol.target_devices])
        assert record["mean"] == pytest.approx(mean, abs=3.1e-3), record["predictor"]
        assert "Lee et al." in record["source"]


def test_a_file_of_ones_own(own, small_tables, monkeypatch):
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))
    said = []
    result = run_protocol(load_protocol(own(OWN)), progress=said.append)
    assert result.protocol == "mine"
    record, covered = result.records
    assert covered["figure"] == "coverage_90"
    assert (record["predictor"], record["measured"], record["seeds"]) == ("adapted, suggested", 8, 1)
    assert record["raspi4"] == record["mean"] > 0.6
    assert result.published[0]["source"] == "a paper"
    assert said == ["mine: learning the prior of 3 source devices, seed 0"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("measured:", "measures:"), "measured: Field required"),
        (("seeds: 2", "seeds: 2\ntrimed: 0.1"), "trimed is no key of this kind"),
        (("pool: {first: 0, count", "pool: {first: 0, counts"), r"pool\.counts is no key of this kind"),
        (("pool: {first: 0, count: 300}", "pool: {first: 0}"), "pool: rows must have first and count, or"),
        (("pool: {first: 0, count: 300}", "pool: {first: 0, count: 3, random: 3}"), "first and count, or"),
        (("seeds: 2", "seeds: 0"), "seeds: .*greater than or equal to 1"),
        (("seeds: 2", "seeds: many"), "seeds: .*valid integer"),
        (("measured: [8]", "measured: []"), "measured: .*at least 1 item"),
        (("predictors: [suggested]", "predictors: [oracle]"), "method of mine must be one of random"),
        (("kind: adaptation", "kind: training"), "sources is no key|train: Field required|table"),
        (("kind: adaptation", "kind: magic"), "kind must be one of adaptation, training, learning-curve"),
        (("kind: adaptation\n", ""), "kind must be one of"),
        (("title:", "name: other\ntitle:"), "name is no key of a protocol"),
        ((", source: a paper", ""), "a published record must have a source"),
        (("title: my", "title: [my"), "must be YAML"),
        (("measured: [8]", "seeds: 3"), "must have each key once, got 'seeds' at line 4 and again at line 9"),
    ],
)
def test_what_is_wrong_is_named(own, change, words):
    assert change[0] in OWN
    with pytest.raises(InputError, match=words) as caught:
        load_protocol(own(OWN.replace(*change)))
    assert "mine.yaml" in str(caught.value)


def test_what_is_no_protocol_at_all(own, tmp_path):
    with pytest.raises(InputError, match="must be keys with values, got list"):
        load_protocol(own("- 1\n- 2\n"))
    with pytest.raises(InputError, match=r"absent\.yaml' cannot be read"):
        load_protocol(str(tmp_path / "absent.yaml"))
    with pytest.raises(UnknownNameError, match="did you mean 'help-fbnet'"):
        load_protocol("help-fbnt")


def test_methods_and_families_are_checked(small_tables, monkeypatch):
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))
    with pytest.raises(UnknownNameError, match="method of nasflat-ND must be one of random, suggested"):
        run_protocol(load_protocol("nasflat-ND"), ["gp"])
    with pytest.raises(UnknownNameError, match="predictor to train must be one of"):
        run_protocol(load_protocol("latency-hat"), ["oracle"])


def test_rows_beyond_the_table_are_refused(own, small_tables, monkeypatch):
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))
    text = OWN.replace("test: {first: 300, count: 200}", "test: {first: 300, count: 20000}")
    with pytest.raises(
        InputError, match="rows must lie within the 987 of nasbench201, got 20000 from 300 on"
    ):
        run_protocol(load_protocol(own(text)))


@pytest.mark.parametrize(
    ("change", "both"),
    [
        (("test: {first: 300", "test: {first: 200"), "100 of nasbench201 in both, the first 200"),
        (("test: {first: 300, count: 200}", "test: {random: 900}"), "of nasbench201 in both"),
    ],
)
def test_rows_that_teach_are_not_tested(own, small_tables, monkeypatch, change, both):
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))
    assert change[0] in OWN
    with pytest.raises(InputError, match=f"test must hold other rows than pool, got .*{both}"):
        run_protocol(load_protocol(own(OWN.replace(*change))))
    training = TRAINING.replace("test: {first: 300", "test: {first: 299")
    with pytest.raises(InputError, match="test must hold other rows than train, got 1 of nasbench201"):
        run_protocol(load_protocol(own(training)))
