"""Spreadsheets of eight locales: no other number than a person reads, and every fault named by its place."""

from collections import Counter
from decimal import Decimal

import pytest
from made_spreadsheets import LOCALES, File, Sheet, has_libreoffice, libreoffice_files, pandas_files


def outcomes(files):
    found = Counter()
    for file in files:
        said = file.outcome()
        assert not said.startswith("wrong"), f"{file.sheet.locale.name} {file.data!r}: {said}"
        found[said] += 1
    return found


def test_what_pandas_writes():
    found = outcomes(pandas_files(40))
    assert found.total() == 320
    assert min(found["read"], found["refused"]) > 80


@pytest.mark.skipif(not has_libreoffice(), reason="LibreOffice is not there")
def test_what_libreoffice_writes():
    found = outcomes(libreoffice_files(8))
    assert found.total() == 64
    assert min(found["read"], found["refused"]) > 16


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("arch;value\n00000000;1234\n", "read"),
        ("arch;value\n00000000;1.234\n", "wrong: value must be a number, and the point of '1.234' may be"),
        ("arch;value\n00000000;1.2340\n", "wrong: [1.234] for ['1234']"),
        ("arch;value\n00000000;\n", "wrong: samples 'x.csv' must hold at least one"),
    ],
)
def test_another_number_and_a_needless_refusal_are_found(text, outcome):
    sheet = Sheet("x", LOCALES[2], ("arch", "value"), ["0" * 8], [Decimal(1234)], False, 0, 1.0)
    assert File(sheet, text.encode(), "hand").outcome().startswith(outcome)
