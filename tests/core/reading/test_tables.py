"""Which kind a file is, and its rows."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from archcast.core.errors import InputError
from archcast.core.reading import read_bytes, read_file

ROWS = [("02012100", "9.5"), ("[1, 2]", None)]


def parquet(**columns):
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        'arch,value\n02012100,9.5\n"[1, 2]",\n',
        'Arch ; VALUE\n 02012100 ; 9.5 \n\n"[1, 2]";\n',
        "\n\narch\tvalue\n02012100\t9.5\n[1, 2]\t\n",
        "sep=;\narch;value\n02012100;9.5\n[1, 2];\n",
        'arch,value,,\n02012100,9.5,,\n"[1, 2]",,,\n,,,\n',
    ],
)
def test_csv(text):
    table = read_bytes(text.encode(), "x")
    assert [name.casefold() for name in table.columns] == ["arch", "value"]
    assert list(table.rows) == ROWS
    assert table.is_csv


def test_an_index_without_a_name_stays_out_of_the_way():
    table = read_bytes(b",arch,value\n0,02012100,9.5\n", "x")
    assert table.cells("value") == ["9.5"]


def test_a_column_of_its_own_may_hold_commas():
    assert read_bytes(b"arch\n[1, 2]\n[3, 4]\n", "x").architectures() == ["[1, 2]", "[3, 4]"]


@pytest.mark.parametrize(
    "text",
    [
        "02012100\n\n [1, 2] \n",
        '["02012100", "[1, 2]"]',
        '{"arch": ["02012100", "[1, 2]"]}',
        '[{"arch": "02012100"}, {"arch": "[1, 2]"}]',
        '{"arch": "02012100"}\n{"arch": "[1, 2]"}\n',
        '{"arch": {"0": "02012100", "1": "[1, 2]"}, "value": {"0": 1, "1": 2}}',
        '{"0": {"arch": "02012100", "value": 1}, "1": {"arch": "[1, 2]", "value": 2}}',
        '{"02012100": {"value": 1}, "[1, 2]": {"value": 2}}',
        '{"columns": ["arch", "value"], "index": [0, 1], "data": [["02012100", 1], ["[1, 2]", 2]]}',
        '{"schema": {}, "data": [{"index": 0, "arch": "02012100"}, {"index": 1, "arch": "[1, 2]"}]}',
    ],
)
def test_lists_of_architectures(text):
    assert read_bytes(text.encode(), "x").architectures() == ["02012100", "[1, 2]"]


@pytest.mark.parametrize(
    ("text", "archs"),
    [
        ("[1, 2, 3]", [[1, 2, 3]]),
        ("[[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
        ("[1, 2]\n[3, 4]\n", [[1, 2], [3, 4]]),
        ('{"ks": [3], "d": [2]}', [{"ks": [3], "d": [2]}]),
        ('[{"ks": [3], "d": [2]}]', [{"ks": [3], "d": [2]}]),
    ],
)
def test_architectures_that_are_json(text, archs):
    assert read_bytes(text.encode(), "x").architectures() == archs


def test_records_and_parquet():
    records = [{"arch": "02012100", "value": 9.5, "device": ""}, {"arch": "00000000", "value": None}]
    table = read_bytes(json.dumps(records).encode(), "x")
    assert table.rows == [("02012100", 9.5, None), ("00000000", None, None)]
    table = read_bytes(parquet(arch=["02012100", "00000000"], value=[9.5, None]), "x")
    assert (list(table.rows), table.unit) == ([("02012100", 9.5), ("00000000", None)], "row")


def test_places_are_those_of_the_file(tmp_path):
    path = tmp_path / "archs.csv"
    path.write_text('arch,value\n02012100,1\n\n"two\nlines",2\n00000000,3\n')
    table = read_file(path)
    assert table.where(2) == f"file {str(path)!r} line 6"
    assert list(table.places) == [2, 4, 6]
    with pytest.raises(InputError, match=r"wrong \(file .*archs.csv' line 4\)"), table.naming():
        raise InputError("wrong", item=1)
    with pytest.raises(InputError, match=r"wrong \(file .*archs.csv' line 6\)"), table.naming([0, 2]):
        raise InputError("wrong", item=1)
    with pytest.raises(InputError, match=r"wrong \(item 9\)"), table.naming():
        raise InputError("wrong", item=9)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("arch,value\n02012100,97,31\n", "line 2 has 3 cells, the header has 2 .*in double quotes"),
        ("arch,value\n02012100\n", "line 2 has 1 cells, the header has 2 .* fill the row"),
        ("arch,value,Value\n02012100,1,2\n", "must have each column once, and has 'Value' twice"),
        ('arch,value\n"02012100,1\n', "cannot be read as CSV"),
        ('[{"arch": "a"}, 3]', "item 1 must be a record as those before, got 3"),
        ('[{"arch": "a", "arch": "b"}]', "'arch' stands twice in one object"),
        ('[{"arch": "a",}]', "is not JSON: .* at line 1 column"),
        ('{"arch": "a"}\n{"arch": }\n', "line 2 is not JSON"),
        ('{"arch": ["a", "b"], "value": [1]}', "columns of one length, got 1 of 'value' and 2 of arch"),
        ('{"arch": {"0": "a"}, "value": {"1": 1}}', "columns of the same rows, and those of 'value'"),
        ('{"columns": ["arch", "value"], "data": [["a"]]}', "one entry a column in every row of its data"),
        ("[" + "9" * 5000 + "]", "a number in it is too long"),
        ("[" * 100_000, "is not JSON: "),
        ("{'op_name': 'skip', 'op_latency': 0.0}\n", "a look-up table of operators"),
    ],
)
def test_what_cannot_be_read_is_told_by_line(text, said):
    with pytest.raises(InputError, match=said):
        read_bytes(text.encode(), "x")


def test_a_header_that_must_be_there():
    with pytest.raises(InputError, match=r"a header with the columns arch and value.* got 'net', 'ms'"):
        read_bytes(b"net,ms\na,1\n", "x", header=True)
    with pytest.raises(InputError, match="must have the column arch, and has the columns 'net'"):
        read_bytes(parquet(net=["a"]), "x").architectures()


def test_damage(tmp_path):
    with pytest.raises(InputError, match="is no whole Parquet file"):
        read_bytes(parquet(arch=["a"])[:-20], "x")
    with pytest.raises(InputError, match="cannot be read"):
        read_file(tmp_path / "nowhere.csv")
    with pytest.raises(InputError, match="line 2 must have an architecture"):
        read_bytes(b"arch,value\n,1\n", "x").architectures()
