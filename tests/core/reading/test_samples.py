"""Measured architectures of a table."""

import pytest

from archcast.core.errors import InputError
from archcast.core.reading import read_bytes, samples_of

HEAD = "arch,value\n"


def samples(text, metric="latency", **asked):
    return samples_of(read_bytes(text.encode(), "x", header=True), metric=metric, asked=asked)


def test_rows_that_are_filled():
    found = samples(HEAD + "a,1.5\nb,\nc,failed\nd,2\n")
    assert (found.archs, found.values, found.rows) == (["a", "d"], [1.5, 2.0], [0, 3])
    assert found.notes == ("x: 2 of 4 are filled", "x: 1 of 4 have failed and were left out")


@pytest.mark.parametrize(
    ("head", "metric", "value"),
    [
        ("latency_ms", "latency", 5.0),
        ("latency", "latency", 5.0),
        ("latency_us", "latency", 0.005),
        ("Value (s)", "latency", 5000.0),
        ("energy_j", "energy", 5000.0),
    ],
)
def test_units_of_a_header(head, metric, value):
    found = samples(f"arch,{head}\na,5\n", metric)
    assert found.values == [pytest.approx(value)]
    assert bool(found.notes) == (value != 5.0)


def test_what_columns_say():
    text = "arch,value,device,dataset,space,unit,status\na,5,pi,imagenet,fbnet,us,ok\nb,,,,,,failed\n"
    found = samples(text, device="pi")
    assert found.said == {"device": "pi", "dataset": "imagenet", "space": "fbnet"}
    assert found.values == [pytest.approx(0.005)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("arch,value,metric\na,5,energy\n", "is of the metric energy, and latency is asked for"),
        ("arch,value,device\na,5,pi\n", "is of the device pi, and board is asked for"),
        (
            "arch,value,device\na,5,pi\nb,6,tx2\n",
            "must be of one device, and has 'pi' in 1 rows from line 2 on, 'tx2' in 1 rows from line 3 on",
        ),
        ("arch,value,unit\na,5,mJ\n", "unit of latency must be one of"),
        ("arch,value,unit\na,5,us\nb,6,\n", r"unit must be said in every row, as us .x line 3."),
        ("arch,value,units\na,5,mJ\n", r"got 'mJ' .x."),
        ("arch,value,value.1\na,5,6\n", "must have latency in one column, and has value, value.1"),
        ("arch,value,status\na,5,bad\n", "none of its 1 is filled with the status ok, 1 have another"),
        ("arch,latency_ms,unit\na,5,us\n", "must be in one unit, and has ms and us"),
        (
            "arch,energy_mj\na,5\n",
            "must have the columns arch and value .or latency., and has .* 'energy_mj'",
        ),
        ("arch,value,latency\na,5,6\n", "must have latency in one column, and has value, latency"),
        (HEAD + "a,9_731\n", r"must be a number, got '9_731' \(x line 2\)"),
        (HEAD + "a,1\nb,nan\n", r"must be a number, got 'nan' \(x line 3\): leave cells blank"),
        (HEAD + ",1\n", "line 2 must have an architecture beside its value"),
        (HEAD + "a,\n", "none of its 1 is filled"),
        (HEAD, "it has no rows"),
        ("arch,latency_p95\na,5\n", "unit of latency must be one of .* got 'p95'"),
        (
            "arch;value\na;1,5\nb;1.5\n",
            "must have one decimal sign, got '1,5' .x line 2. and '1.5' .x line 3.",
        ),
        ('[{"arch": "a", "value": true}]', r"must be a number, got True \(x item 0\)"),
    ],
)
def test_what_cannot_be_believed_is_refused(text, said):
    with pytest.raises(InputError, match=said):
        samples(text, device="board")


def test_decimal_commas():
    assert samples("arch;value\na;97,31\nb;2,5\nc;3\n").values == [97.31, 2.5, 3.0]


def test_columns_are_read_in_any_case_and_units_also_by_their_plural():
    found = samples(
        "arch,VALUE,Device,Metric,Units,status\na,5,My_PI,Latency,us,Success\nb,,,,,timeout\n", device="my-pi"
    )
    assert found.values == [pytest.approx(0.005)]
    assert found.notes[0] == "x: 1 of 2 have failed and were left out"


@pytest.mark.parametrize(
    "head", ["latency/us", "latency-us", "latency.us", "latency in us", "Latency, us", "value_us"]
)
def test_how_people_write_a_unit(head):
    assert samples(f'arch;"{head}"\na;5\n').values == [pytest.approx(0.005)]


def test_a_column_with_a_unit_goes_before_others_of_the_metric():
    assert samples("arch,latency_ms,latency_p95\na,5,7\n").values == [5.0]


def test_fractions_that_say_so_are_converted():
    found = samples("arch;accuracy (fraction)\na;0.939\n", "accuracy")
    assert found.values == [pytest.approx(93.9)]
    assert "converted to %" in found.notes[0]
    assert samples("arch;accuracy\na;93.912\n", "accuracy").values == [93.912]
