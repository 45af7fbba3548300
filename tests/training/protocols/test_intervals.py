import pytest

from archcast.training.protocols import load_protocol, run_protocol

PROTOCOL = load_protocol("intervals")


@pytest.fixture(scope="module")
def records(public_tables):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCHCAST_DATA", str(public_tables))
        return {r["predictor"]: r for r in run_protocol(PROTOCOL, seeds=1).records}


@pytest.mark.parametrize("shipped", PROTOCOL.shipped, ids=[s.name for s in PROTOCOL.shipped])
def test_intervals_hold_for_small_and_large(public_tables, records, shipped):
    record = records[shipped.name]
    if shipped.tables[0] in ("host_cpu", "estimates", "skipnet_digits"):  # of 44 to 155 rows
        assert 0.8 < record["coverage_90"] <= 1
        return
    assert 0.87 < record["coverage_90"] < 0.93
    assert record["smallest fifth"] > 0.82
    assert record["largest fifth"] > 0.82
