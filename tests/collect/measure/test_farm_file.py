"""Farm files."""

from __future__ import annotations

from pathlib import Path

import pytest

from archcast.collect.measure.address import AdbAddress, SshAddress
from archcast.collect.measure.devices import parse_device
from archcast.collect.measure.farm_file import Board, read_farm
from archcast.core.errors import InputError

GOOD = """
[[board]]
name = "one"
device = "pi4-ort-1t"
address = "ssh://pi@one"
timeout_s = 300

[[board]]
name = "two"
device = "pixel-ort-4t"
address = "adb://SERIAL"
"""


def read(folder: Path, text: str) -> tuple[Board, ...]:
    file = folder / "farm.toml"
    file.write_text(text)
    return read_farm(file)


def test_a_farm(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD) == (
        Board("one", parse_device("pi4-ort-1t"), SshAddress("one", "pi"), 300.0),
        Board("two", parse_device("pixel-ort-4t"), AdbAddress("SERIAL")),
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("[[board]]", "[[bord]]"), "a key of a farm file must be one of board; got 'bord'"),
        (("timeout_s", "timeout"), "a key of a board must be one of .*; got 'timeout'"),
        (('name = "one"', ""), r"a board must have the text name, got None \(item 0\)"),
        (('name = "two"', "name = 2"), r"a board must have the text name, got 2 \(item 1\)"),
        (("300", "0"), r"timeout_s of a board must be above 0, got 0 \(item 0\)"),
        (("300", "true"), r"timeout_s of a board must be above 0, got True \(item 0\)"),
        (("pi4-ort-1t", "pi4"), r"board 'one': device must be .* \(item 0\)"),
        (("adb://SERIAL", "SERIAL"), r"board 'two': an address must begin with .* \(item 1\)"),
        (('"two"', '"one"'), r"boards must have different names, got 'one' twice \(item 1\)"),
        (
            ("adb://SERIAL", "ssh://pi@one?python=x"),
            "must have different addresses, got ssh://pi@one for 'one'",
        ),
        (('"one"', "one"), "must be readable TOML"),
        ((GOOD, "board = []"), r"must list its boards, each under a line \[\[board\]\]"),
        ((GOOD, "board = 3"), r"must list its boards, each under a line \[\[board\]\]"),
        ((GOOD, ""), r"must list its boards, each under a line \[\[board\]\]"),
    ],
)
def test_mistakes_name_the_board(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(tmp_path, GOOD.replace(*change))


def test_a_farm_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must be readable TOML"):
        read_farm(tmp_path / "none.toml")
