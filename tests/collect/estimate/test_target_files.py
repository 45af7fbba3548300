"""Target files: what they may hold, and how settings are given."""

from pathlib import Path

import pytest

from archcast.collect.estimate import load_target, target_names
from archcast.collect.estimate.target_files import parse_target, read_target
from archcast.core.errors import InputError, UnknownNameError

MINE = """
name: mine
version: 1
estimator: roofline
hardware: {peak_gmacs: 100, bandwidth_gbs: 10}
conventions: {pool: window}
grid: {peak_gmacs: [50, 100], bandwidth_gbs: [5, 10, 20]}
"""


@pytest.mark.parametrize("name", target_names())
def test_every_shipped_target_is_read_and_says_where_it_is_from(name: str) -> None:
    target = read_target(name)
    assert target.name == name
    assert target.description
    assert target.source


def test_the_targets_that_the_documents_name_are_there() -> None:
    asic = {"eyeriss-like", "edge-tpu-like", "tpu-like", "tesla-npu-like", "fpga-zc706-like"}
    assert asic | {"ethos-u55-256", "ethos-u65-512", "ethos-u85-1024", "roofline"} == set(target_names())


def test_a_user_adds_a_target_by_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE)
    assert load_target(str(path)).hardware["peak_gmacs"] == 100.0
    set_otherwise = load_target(f"{path}:peak_gmacs=20", {"bandwidth_gbs": "3"})
    assert set_otherwise.hardware == {"peak_gmacs": 20.0, "bandwidth_gbs": 3.0}
    assert set_otherwise.label == "mine:bandwidth_gbs=3,peak_gmacs=20"
    assert len(set_otherwise.points()) == 6


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: mine", "name: mine\nnick: me", "key of target it must be one of .*got 'nick'"),
        ("peak_gmacs: 100,", "peak_gmac: 100,", "hardware key of target it must be one of .*got 'peak_gmac'"),
        ("peak_gmacs: 100,", "peak_gmacs: -1,", "hardware.peak_gmacs of target it must be a number above 0"),
        (
            "peak_gmacs: 100,",
            "peak_gmacs: true,",
            "hardware.peak_gmacs of target it must be a number above 0",
        ),
        ("pool: window", "pool: free", "conventions.pool of it must be one of dense, window; got 'free'"),
        ("pool: window", "pol: window", "conventions key of it must be one of"),
        ("version: 1", "version: one", "version of target it must be a whole number, got 'one'"),
        ("version: 1", "", "target it must have the key version"),
        ("roofline", "rooflin", "estimator must be one of feature_model, roofline"),
        ("[50, 100]", "50", r"grid.peak_gmacs of target it must be a list of values, got 50"),
        ("[50, 100]", "[50, x]", "grid.peak_gmacs of target it must be a number above 0, got 'x'"),
        ("grid: {peak_gmacs", "grid: {peak", "grid key of target it must be one of"),
        ("name: mine", "name: [", "target it must be YAML"),
        ("name: mine", "name: mine\nname: ours", "target it must have each key once, got 'name' at line"),
        ("name: mine", "name: mine\nenergy: {watt: 7}", "energy key of target it must be one of watts"),
    ],
)
def test_what_a_file_may_not_hold_is_refused_by_name(old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_target(MINE.replace(old, new, 1), "it")


def test_unknown_targets_and_parameters_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"target must be one of .*did you mean 'eyeriss-like'"):
        load_target("eyeris-like")
    with pytest.raises(UnknownNameError, match=r"parameter of eyeriss-like must be one of .*got 'aray'"):
        load_target("eyeriss-like", {"aray": "8x8"})
    with pytest.raises(InputError, match="array of eyeriss-like must be sizes such as 14x12, got '14by12'"):
        load_target("eyeriss-like", {"array": "14by12"})
    with pytest.raises(InputError, match="cannot be read"):
        load_target(str(tmp_path / "none.yaml"))
    with pytest.raises(InputError, match="roofline must be given peak_gmacs"):
        load_target("roofline")
    with pytest.raises(InputError, match="ethos-u55-256 has no grid"):
        load_target("ethos-u55-256").points()


def test_settings_change_the_fingerprint_and_words_do_not() -> None:
    plain = load_target("eyeriss-like")
    assert load_target("eyeriss-like", {"clock_mhz": "200"}).fingerprint("p") == plain.fingerprint("p")
    for settings in ({"clock_mhz": "250"}, {"array": "8x8"}, {"pool": "dense"}):
        assert load_target("eyeriss-like", settings).fingerprint("p") != plain.fingerprint("p")
    assert plain.fingerprint("another program") != plain.fingerprint("p")
    text = MINE + "description: something\n"
    assert parse_target(text, "it").fingerprint("p") == parse_target(MINE, "it").fingerprint("p")
