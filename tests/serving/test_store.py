"""The store finds predictors, notices new ones, and refuses broken ones."""

import json
from pathlib import Path

import pytest
from made_up import additive_labels, fitted_lookup

import archcast
from archcast.core.errors import ArtifactError
from archcast.core.settings import predictors_dir
from archcast.predictors import save
from archcast.predictors.artifact import MANIFEST, digest
from archcast.training.fit import Fitted

CELL = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"


def test_a_predictor_saved_later_is_found(own: Fitted) -> None:
    with pytest.raises(archcast.UnknownNameError):
        archcast.predict([CELL], "late")
    fitted = fitted_lookup(additive_labels(("late",)))
    save(fitted.predictor, predictors_dir() / "late", card=fitted.card)
    assert archcast.predict([CELL], "late") > 0


def test_replacing_a_predictor_is_noticed(own: Fitted) -> None:
    before = archcast.predict([CELL], "board_b")
    fitted = fitted_lookup(additive_labels(("board_b", "board_a")))
    save(fitted.predictor, predictors_dir() / "boards", card=fitted.card)
    after = archcast.predict([CELL], "board_b")
    assert after == pytest.approx(before / 2, rel=1e-2)


def test_nothing_half_written_is_left(own: Fitted, home: Path) -> None:
    assert sorted(p.name for p in predictors_dir().iterdir()) == ["boards"]


@pytest.mark.parametrize("damage", ["altered", "truncated", "gone"])
def test_a_damaged_array_is_refused(own: Fitted, damage: str) -> None:
    path = predictors_dir() / "boards" / "table.npz"
    content = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    else:
        content[100] ^= 1
        path.write_bytes(content if damage == "altered" else content[:50])
    with pytest.raises(ArtifactError, match=r"table\.npz"):
        archcast.predict([CELL], "board_a")


@pytest.mark.parametrize(
    "manifest",
    ["", "{}", "[]", '{"format": 99}', "null", '{"format": 1, "vocabulary": 1, "features": 0}'],
)
def test_a_damaged_manifest_is_refused(own: Fitted, manifest: str) -> None:
    folder = predictors_dir() / "boards"
    (folder / MANIFEST).write_text(manifest)
    (predictors_dir() / "touch").mkdir()
    with pytest.raises(ArtifactError, match="manifest"):
        archcast.predict([CELL], "board_a")


def test_a_file_outside_the_folder_is_refused(own: Fitted) -> None:
    path = predictors_dir() / "boards" / MANIFEST
    found = json.loads(path.read_text())
    found["files"]["../boards/table.npz"] = found["files"].pop("table.npz")
    found.pop("sha256")
    found["sha256"] = digest(found)
    path.write_text(json.dumps(found))
    (predictors_dir() / "touch").mkdir()
    with pytest.raises(ArtifactError, match="plain file"):
        archcast.predict([CELL], "board_a")
