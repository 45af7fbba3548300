"""A saved predictor that cannot be used is refused by itself, by one rule in process and over HTTP."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up import additive_labels, fitted_lookup
from service_cases import CELL, infer_body, serving

import archcast
from archcast.core.errors import ArchcastWarning, ArtifactError, UnknownNameError
from archcast.core.settings import predictors_dir
from archcast.featurize import features
from archcast.featurize.encoders.columns import columns_of
from archcast.predictors import Card, FlopsBaseline, save
from archcast.predictors.artifact.manifest import MANIFEST, digest
from archcast.serving import store as store_module
from archcast.serving.store import store

INFER = "/v2/models/nasbench201.latency.{}/infer"


@pytest.fixture(autouse=True)
def _looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "FRESH_NS", 0)
    monkeypatch.setattr(store_module, "_last", None)


def keep(*devices: str, name: str = "bad") -> Path:
    fitted = fitted_lookup(additive_labels(devices))
    return save(fitted.predictor, predictors_dir() / name, card=fitted.card, intervals=fitted.intervals)


def changed(**parts: Any) -> Callable[[Path], object]:
    """A manifest whose header, reads or other parts are others, as if it had been written so."""

    def damage(folder: Path) -> None:
        path = folder / MANIFEST
        found = json.loads(path.read_text())
        found.pop("sha256")
        for name, value in parts.items():
            found[name] = found[name] | value if isinstance(value, dict) else value
        path.write_text(json.dumps(found | {"sha256": digest(found)}))

    return damage


def altered(folder: Path) -> None:
    path = folder / MANIFEST
    path.write_text(path.read_text().replace('"rows": 2', '"rows": 3'))


UNREADABLE = {
    "nothing": "",
    "no keys": "{}",
    "a list": "[]",
    "null": "null",
    "cut off": '{"format": 2, "head',
}
REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "format": (changed(format=1), "has format 1; this version reads 2"),
    "altered": (altered, "it was altered"),
    "space": (changed(header={"space": "tomorrow"}), "space must be one of .*got 'tomorrow'"),
    "space of a package": (
        changed(header={"space": "tomorrow"}, requires={"archcast-tomorrow": "0.3"}),
        "needs archcast-tomorrow 0.3, not installed here",
    ),
    "family": (changed(header={"family": "oracle"}), "predictor must be one of .*got 'oracle'"),
    "decision": (changed(reads={"decisions": {"edge_9_9": 5}}), "decision edge_9_9 of nasbench201, .*lacks"),
    "choices": (
        changed(reads={"decisions": {"edge_0_1": 4}}),
        "decision edge_0_1 of nasbench201 in version 4; this version has 5",
    ),
    "feature": (changed(reads={"features": {"macs": 2}}), "feature macs of nasbench201 in version 2"),
    "operator": (changed(reads={"operators": {"warp": 1}}), "operator warp of nasbench201, .* lacks"),
    "part": (changed(reads={"moods": {"blue": 1}}), "it reads moods of architectures"),
    "form": (changed(header={"served": "itself"}), "served of .* must be one of table, sums, direct"),
}
DAMAGED: dict[str, Callable[[Path], object]] = {
    "gone": lambda folder: (folder / "lookup.npz").unlink(),
    "cut off": lambda folder: (folder / "lookup.npz").write_bytes(b"PK"),
    "header": changed(header={"scale": {"logarithmic": True, "mean": [], "deviation": []}}),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_it_is_left_out_with_one_warning_and_raises_when_asked_for(own: object, kind: str) -> None:
    damage, words = REFUSED[kind]
    expected = archcast.predict([CELL], ["board_a", "raspi4"])
    damage(keep("late", "raspi4"))
    with pytest.warns(ArchcastWarning, match=words) as told:
        again = archcast.predict([CELL], ["board_a", "raspi4"])
    assert len(told) == 1
    assert "left out" in str(told[0].message)
    np.testing.assert_array_equal(again, expected)
    assert "late" not in {entry.device for entry in archcast.devices()}
    for predictor in (None, "oracle" if kind == "family" else "lookup"):
        with pytest.raises(ArtifactError, match=words):
            archcast.load("late", predictor=predictor)
    if not kind.startswith("space"):  # else it is nothing of nasbench201
        with pytest.raises(ArtifactError, match=words):
            archcast.predict([CELL], "late")
        with pytest.raises(ArtifactError, match=words):
            archcast.predict_interval([CELL], ["raspi4", "late"])
    keep("late")
    assert archcast.predict([CELL], "late") > 0


@pytest.mark.parametrize("kind", UNREADABLE)
def test_of_what_says_nothing_the_reason_stands_beside_the_choices(own: object, kind: str) -> None:
    (keep("late") / MANIFEST).write_text(UNREADABLE[kind])
    with pytest.warns(ArchcastWarning, match="a saved predictor is left out: .*manifest"):
        assert archcast.predict([CELL], "board_a") > 0
    with pytest.raises(UnknownNameError, match=r"board_a.*got 'late'; beside these, .*manifest\.json"):
        archcast.predict([CELL], "late")


@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_arrays_raise_when_asked_for_and_nothing_answers_instead(own: object, kind: str) -> None:
    expected = archcast.predict([CELL], ["board_a", "pixel3"])
    folder = keep("late", "raspi4")
    DAMAGED[kind](folder)
    np.testing.assert_array_equal(archcast.predict([CELL], ["board_a", "pixel3"]), expected)
    assert {"late", "raspi4"} <= {entry.device for entry in archcast.devices()}
    way = f"save it anew, or remove {folder} to be answered by what stands behind it"
    for device in ("late", "raspi4"):
        with pytest.raises(ArtifactError, match=way):
            archcast.load(device, space="nasbench201")
        with pytest.raises(ArtifactError, match=way):
            archcast.predict([CELL], device)
    assert [refusal.folder for refusal in store().damaged()] == [folder]
    shutil.rmtree(folder)
    assert store(fresh=True).damaged() == []
    assert archcast.predict([CELL], "raspi4") > 0


def test_asking_again_warns_no_more_and_a_family_means_that_alone(own: object) -> None:
    REFUSED["format"][0](keep("raspi4"))
    with pytest.warns(ArchcastWarning, match="latency of nasbench201 on raspi4 is left out"):
        zoo = archcast.load("raspi4", space="nasbench201")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            archcast.devices()
            assert archcast.predict([CELL], "raspi4") == zoo.predict([CELL])
    assert archcast.load("raspi4", space="nasbench201", predictor="tabulated").entry.origin == "zoo"
    with pytest.raises(ArtifactError, match="has format 1"):
        archcast.load("raspi4", space="nasbench201", predictor="lookup")


def test_the_service_says_the_same(own: object) -> None:
    REFUSED["decision"][0](keep("late", name="one"))
    DAMAGED["gone"](keep("other", name="two"))
    (keep("third", name="three") / MANIFEST).write_text("{}")
    with serving() as service:
        assert service.post(INFER.format("board_a"), json=infer_body(CELL)).status_code == 200
        assert {"late", "other", "third"}.isdisjoint(d["device"] for d in service.get("/devices").json())
        for device, status, words in (
            ("late", 503, "decision edge_9_9"),
            ("other", 503, "lookup.npz"),
            ("third", 404, "beside these"),
        ):
            plain = {"architectures": [CELL], "device": device}
            for path, body in ((INFER.format(device), infer_body(CELL)), ("/predict", plain)):
                answer = service.post(path, json=body)
                assert (answer.status_code, words in answer.json()["error"]) == (status, True), answer.text


def test_what_a_version_lacks_concerns_those_alone_that_read_it(
    own: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = additive_labels(("flops_board",))
    save(FlopsBaseline().fit(labels), predictors_dir() / "flops", card=Card("flops"))
    assert archcast.predict([CELL], ["flops_board", "board_a"]).shape == (1, 2)
    monkeypatch.setitem(features.FEATURE_VERSIONS, "macs", 2)
    monkeypatch.setattr(store_module, "_last", None)
    columns_of.cache_clear()
    try:
        with pytest.warns(ArchcastWarning, match="flops_board is left out: .*feature macs of nasbench201"):
            assert archcast.predict([CELL], "board_a") > 0
        with pytest.raises(ArtifactError, match="this version has 2"):
            archcast.predict([CELL], "flops_board")
    finally:
        columns_of.cache_clear()


def test_a_metric_that_a_space_lacks_lists_nothing(own: object) -> None:
    assert archcast.devices("fbnet", "accuracy") == []
    assert archcast.devices("network", "accuracy") == []
