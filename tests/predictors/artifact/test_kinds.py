"""Predictors of networks are saved and found as those of codes are, and refused by what they read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up import TWO_BOARDS
from made_up_networks import DEVICES, plain_network, save_tiny, tiny

from archcast.core.errors import ArtifactError
from archcast.featurize.encoders import kernel_columns as columns
from archcast.predictors import Card, load, load_any, read_manifest, save
from archcast.predictors.artifact.manifest import MANIFEST, digest

NETWORKS = [plain_network(12, 20), plain_network(7)]


def rewrite(folder: Path, part: str, recorded: dict[str, int]) -> None:
    found = json.loads((folder / MANIFEST).read_text())
    found.pop("sha256")
    found["reads"][part] = recorded
    found["sha256"] = digest(found)
    (folder / MANIFEST).write_text(json.dumps(found))


def test_what_is_read_back_predicts_the_same(tmp_path: Path) -> None:
    made = save_tiny(tmp_path / "p")
    manifest = read_manifest(tmp_path / "p")
    back: Any = load_any(manifest)
    np.testing.assert_array_equal(back.predict(NETWORKS), made.predict(NETWORKS))
    assert back.operators_ == ("Conv", "Relu")
    assert back.config == made.config
    assert (manifest.form, manifest.header["space"]) == ("direct", "network")
    assert [target.device for target in manifest.targets] == list(DEVICES)
    again = save(back, tmp_path / "again", card=manifest.card)
    assert read_manifest(again).sha256 == manifest.sha256


def test_one_of_networks_is_none_of_codes(tmp_path: Path) -> None:
    save_tiny(tmp_path / "p")
    with pytest.raises(ArtifactError, match="must be of a space with codes, and is of networks"):
        load(read_manifest(tmp_path / "p"))
    codes = save(TWO_BOARDS, tmp_path / "codes", card=Card("codes"))
    assert load_any(read_manifest(codes)).family == TWO_BOARDS.family


@pytest.mark.parametrize(
    ("part", "recorded", "why"),
    [
        ("operators", {"Conv": 7}, "the operator Conv of networks in version 7; this version has"),
        ("operators", {"Conv9": 1}, "the operator Conv9 of networks, which this version lacks"),
        ("fields", {"macs": 1}, "fields of networks that this version has otherwise"),
        ("classes", {"conv": 1}, "classes of networks that this version has otherwise"),
        ("kernels", {"kernels": 99}, "kernels of networks that this version has otherwise"),
        ("colours", {"red": 1}, "colours of networks, which this version does not know"),
    ],
)
def test_it_is_refused_by_what_it_reads(
    tmp_path: Path, part: str, recorded: dict[str, int], why: str
) -> None:
    save_tiny(tmp_path / "p")
    rewrite(tmp_path / "p", part, recorded)
    with pytest.raises(ArtifactError, match=why):
        load_any(read_manifest(tmp_path / "p"))


def test_an_unknown_family_and_a_damaged_file_are_told(tmp_path: Path) -> None:
    save_tiny(tmp_path / "p")
    found = json.loads((tmp_path / "p" / MANIFEST).read_text())
    found.pop("sha256")
    found["header"]["family"] = "oracle"
    found["sha256"] = digest(found)
    (tmp_path / "p" / MANIFEST).write_text(json.dumps(found))
    with pytest.raises(ArtifactError, match=r"predictor of networks must be one of .*tiny.*got 'oracle'"):
        read_manifest(tmp_path / "p")
    save_tiny(tmp_path / "q")
    (tmp_path / "q" / "prices.npz").write_bytes(b"no arrays")
    with pytest.raises(ArtifactError, match="truncated or altered"):
        load_any(read_manifest(tmp_path / "q"))


def test_what_is_read_holds_the_operators_that_are_understood() -> None:
    read = columns.kernel_columns(("Conv", "com.me::Foo"))
    assert list(read["operators"]) == ["Conv"]
    assert columns.kernel_refusal(read) == ""


def test_an_operator_that_none_had_is_noted_with_its_share() -> None:
    made = tiny()
    seen, unseen = made.notes([plain_network(8, 8), plain_network(8, 8, last="Sigmoid")])
    assert seen == ""
    assert unseen.startswith("Sigmoid in no network it learned from (")
    assert made.notes([plain_network(8, last="com.me::Foo")])[0].startswith("com.me::Foo in no network")
