import csv

from archcast.training.protocols import ProtocolResult


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
