"""Networks drawn at random or read from a file."""

from pathlib import Path

import numpy as np
import pytest

from archcast.cli.networks import chosen_networks
from archcast.core.errors import InputError, ParseError
from archcast.featurize.spaces import SPACES

SPACE = SPACES["macro"]


def test_drawn_networks_differ_and_follow_the_seed() -> None:
    codes = chosen_networks(SPACE, 200, None, seed=1)
    assert len(np.unique(codes, axis=0)) == len(codes) == 200
    np.testing.assert_array_equal(codes, chosen_networks(SPACE, 200, None, seed=1))
    assert not np.array_equal(codes, chosen_networks(SPACE, 200, None, seed=2))


def test_more_than_the_space_has_is_refused() -> None:
    with pytest.raises(InputError, match=f"--n must be at most {SPACE.size} for macro"):
        chosen_networks(SPACE, 50_000, None, seed=0)


@pytest.mark.parametrize(
    "text",
    ["02012100\n\n00000000\n", '["02012100", "00000000"]', "arch,value\n02012100,\n00000000,1.5\n"],
)
def test_a_file_is_read_line_by_line_as_json_or_as_csv(tmp_path: Path, text: str) -> None:
    file = tmp_path / "archs"
    file.write_text(text)
    assert SPACE.to_text(chosen_networks(SPACE, None, file, seed=0)) == ["02012100", "00000000"]


def test_an_architecture_of_another_space_is_named(tmp_path: Path) -> None:
    file = tmp_path / "archs"
    file.write_text("02012100\n92012100\n")
    with pytest.raises(ParseError, match=r"line 2\)"):
        chosen_networks(SPACE, None, file, seed=0)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "archs"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"--archs .* must be text of UTF-8 or UTF-16"):
        chosen_networks(SPACE, None, file, seed=0)
