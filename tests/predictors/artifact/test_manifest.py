import errno
import hashlib
import json
import multiprocessing
from pathlib import Path

import numpy as np
import pytest
from made_up import OTHER_BOARD, TWO_BOARDS, additive_labels, save_often

from archcast.core.errors import ArchcastError, ArtifactError
from archcast.core.labels import Target
from archcast.predictors import (
    MLP,
    BayesianLinear,
    Card,
    Intervals,
    LookupTable,
    MLPConfig,
    Tabulated,
    load,
    read_manifest,
    save,
)
from archcast.predictors.artifact.manifest import MANIFEST, MAX_BYTES, digest

LABELS = additive_labels(n=120)
CARD = Card("latency of nasbench201 on boards (lookup)", ("made up",), ("none",), rows=120)
FITTED, OTHER = TWO_BOARDS, OTHER_BOARD
TRUTH = np.exp(np.random.default_rng(0).normal(size=(30, 2)))
INTERVALS = Intervals.from_errors(TRUTH, np.ones_like(TRUTH), logarithmic=True)


@pytest.fixture
def folder(tmp_path):
    return save(FITTED, tmp_path / "boards", card=CARD, intervals=INTERVALS)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def manifest(folder):
    return json.loads((folder / MANIFEST).read_text())


def rewrite(folder, change):
    found = manifest(folder)
    found.pop("sha256")
    change(found)
    found["sha256"] = digest(found)
    (folder / MANIFEST).write_text(json.dumps(found))


# -- what is written ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: LookupTable().fit(LABELS),
        lambda: BayesianLinear().fit(LABELS),
        lambda: Tabulated.of(LookupTable().fit(LABELS)),
        lambda: MLP(MLPConfig(hidden=8, members=1, epochs=2, threads=1)).fit(LABELS, seed=3),
    ],
    ids=["lookup", "linear", "tabulated", "mlp"],
)
def test_a_predictor_made_again_is_saved_the_same(make, tmp_path):
    first = save(make(), tmp_path / "first", card=CARD, intervals=INTERVALS)
    second = save(make(), tmp_path / "second", card=CARD, intervals=INTERVALS)
    loaded = save(load(read_manifest(first)), tmp_path / "third", card=CARD, intervals=INTERVALS)
    assert contents(first) == contents(second) == contents(loaded)


def test_the_manifest_lists_hash_and_size_of_every_other_file(folder):
    files = contents(folder)
    text = json.loads(files.pop(MANIFEST))
    assert text.pop("sha256") == digest(text)
    assert text["files"] == {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        for name, content in files.items()
    }
    assert text["header"] == FITTED.header()
    assert (text["format"], text["card"]["rows"]) == (2, 120)


def test_card_intervals_and_targets_come_back(folder):
    found = read_manifest(folder)
    assert found.card == CARD
    assert found.targets == LABELS.targets == (Target("board_a", "cifar10"), Target("board_b", "cifar10"))
    assert found.intervals.logarithmic
    np.testing.assert_allclose(found.intervals.widths, INTERVALS.widths, rtol=1e-5)
    assert np.isinf(found.intervals.widths[-1]).all(), "30 rows do not support 0.99"
    np.testing.assert_array_equal(found.intervals.rows, [30, 30])
    np.testing.assert_array_equal(load(found).predict(LABELS.codes), FITTED.predict(LABELS.codes))


def test_intervals_may_be_missing(tmp_path):
    assert read_manifest(save(FITTED, tmp_path / "new" / "p", card=CARD)).intervals is None


def test_the_folder_can_be_read_by_others(folder):
    assert folder.stat().st_mode & 0o777 == 0o755


def test_replacing_takes_the_old_files_away(folder):
    (folder / "left_over.npz").write_bytes(b"old")
    save(OTHER, folder, card=Card("second"))
    assert set(contents(folder)) == {MANIFEST, "lookup.npz"}
    assert read_manifest(folder).card.title == "second"
    assert {p.name for p in folder.parent.iterdir()} == {".former.boards", "boards"}


# -- whole or not at all --------------------------------------------------------------------------------


def full_disk(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("method", ["write_bytes", "chmod", "rename"])
@pytest.mark.parametrize("before", [False, True])
def test_a_full_disk_leaves_nothing_new(tmp_path, monkeypatch, method, before):
    target = tmp_path / "boards"
    if before:
        save(FITTED, target, card=CARD)
    names = sorted(p.name for p in tmp_path.iterdir())
    old = contents(target) if before else {}
    with monkeypatch.context() as patch:
        patch.setattr(Path, method, full_disk)
        with pytest.raises(OSError, match="No space left"):
            save(OTHER, target, card=Card("second"))
    left = sorted(p.name for p in tmp_path.iterdir() if not p.name.startswith(".boards.old."))
    assert left == names
    assert (contents(target) if before else {}) == old


def test_a_disk_that_fills_midway_leaves_nothing(tmp_path, monkeypatch):
    model = MLP(MLPConfig(hidden=4, members=1, epochs=1, threads=1)).fit(LABELS)
    written = []
    write = Path.write_bytes

    def fills(path, content):
        if written:
            full_disk()
        written.append(path.name)
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", fills)
    with pytest.raises(OSError, match="No space left"):
        save(model, tmp_path / "boards", card=CARD)
    assert len(written) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_old_one_stays_when_the_new_one_cannot_take_its_place(folder, monkeypatch):
    rename = Path.rename

    def refuses(path, target):
        return (
            full_disk() if Path(target) == folder and path.parent == folder.parent else rename(path, target)
        )

    monkeypatch.setattr(Path, "rename", refuses)
    with pytest.raises(OSError, match="No space left"):
        save(OTHER, folder, card=Card("second"))
    assert read_manifest(folder).card == CARD
    assert [p.name for p in folder.parent.iterdir()] == ["boards"]


@pytest.mark.parametrize("before", [False, True])
def test_a_save_in_the_midst_of_another(tmp_path, monkeypatch, before):
    target = tmp_path / "boards"
    if before:
        save(FITTED, target, card=CARD)
    rename, running = Path.rename, []

    def interrupted(path, to):
        done = rename(path, to) if before else None
        if not running:
            running.append(path)
            save(OTHER, target, card=Card("other"))
        return done if before else rename(path, to)

    monkeypatch.setattr(Path, "rename", interrupted)
    save(FITTED, target, card=CARD)
    load(read_manifest(target))
    assert {p.name for p in tmp_path.iterdir()} == {".former.boards", "boards"}


def test_two_processes_leave_one_whole_predictor(tmp_path):
    context = multiprocessing.get_context("spawn")
    target = tmp_path / "boards"
    running = [context.Process(target=save_often, args=(str(target), title)) for title in ("one", "two")]
    for process in running:
        process.start()
    for process in running:
        process.join(60)
    assert [process.exitcode for process in running] == [0, 0]
    found = read_manifest(target)
    expected = {"one": FITTED, "two": OTHER}[found.card.title]
    np.testing.assert_array_equal(load(found).predict(LABELS.codes), expected.predict(LABELS.codes))
    assert set(contents(target)) == {MANIFEST, "lookup.npz"}


# -- what is refused ------------------------------------------------------------------------------------


def test_another_format_is_refused(folder):
    rewrite(folder, lambda m: m.update(format=99))
    with pytest.raises(ArtifactError, match=r"manifest\.json has format 99; this version reads 2"):
        read_manifest(folder)


def test_an_unknown_family_is_named(folder):
    rewrite(folder, lambda m: m["header"].update(family="oracle"))
    with pytest.raises(ArtifactError, match=r"predictor must be one of adapted, additive, .*got 'oracle'"):
        read_manifest(folder)


def test_an_altered_file_is_named(folder):
    content = bytearray((folder / "lookup.npz").read_bytes())
    content[-1] ^= 1
    (folder / "lookup.npz").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"lookup\.npz is not the file .* truncated or altered"):
        load(read_manifest(folder))


@pytest.mark.parametrize("name", ["../outside.npz", "sub/outside.npz", ".hidden", "..", "ABSOLUTE"])
def test_files_elsewhere_are_not_read(folder, name, monkeypatch):
    outside = folder.parent / "outside.npz"
    (folder / "sub").mkdir()
    for path in (outside, folder / "sub" / "outside.npz", folder / ".hidden"):
        path.write_bytes((folder / "lookup.npz").read_bytes())

    def moved(m):
        m["files"] = {str(outside) if name == "ABSOLUTE" else name: m["files"]["lookup.npz"]}

    rewrite(folder, moved)
    found = read_manifest(folder)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} was read"))
    with pytest.raises(ArtifactError, match="must be a plain file of at most"):
        load(found)


def test_huge_files_are_not_read(folder, monkeypatch):
    rewrite(folder, lambda m: m["files"]["lookup.npz"].update(size=MAX_BYTES + 1))
    found = read_manifest(folder)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} was read"))
    with pytest.raises(ArtifactError, match=f"at most {MAX_BYTES} bytes"):
        load(found)


def test_a_file_longer_than_its_manifest_says_is_not_read(folder, monkeypatch):
    with (folder / "lookup.npz").open("ab") as file:
        file.truncate(MAX_BYTES + 1)  # sparse: it takes no room

    def reads(path):
        raise AssertionError(f"{path} was read")

    found = read_manifest(folder)
    monkeypatch.setattr(Path, "read_bytes", reads)
    with pytest.raises(ArtifactError):
        load(found)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match="must be a manifest of a saved predictor"):
        read_manifest(tmp_path / "nowhere")


PARTS = ["format", "header", "reads", "requires", "card", "intervals", "files"]


@pytest.mark.parametrize("part", PARTS)
def test_a_manifest_without_a_part_is_refused(folder, part):
    rewrite(folder, lambda m: m.pop(part))
    with pytest.raises(ArtifactError, match="must be a manifest of a saved predictor"):
        read_manifest(folder)


WRONG = (None, [], {}, "x", -1, True, [[1], [2, 3]])
GUARDED = [
    ("header",),
    ("header", "family"),
    ("header", "space"),
    ("header", "scale"),
    ("card",),
    ("format",),
]
GUARDED += [("intervals", "widths"), ("card", "colour"), ("header", "config", "colour")]
GUARDED += [("files", "lookup.npz", "sha256")]
UNGUARDED = [("files",), ("files", "lookup.npz"), ("files", "lookup.npz", "size"), ("header", "config")]
UNGUARDED += [("header", "targets"), ("header", "scale", "mean"), ("card", "ranges")]


def raised_by(folder, place, value):
    """What reading a manifest with one wrong value raises, None for nothing."""

    def put(found):
        for name in place[:-1]:
            found = found[name]
        found[place[-1]] = value

    text = (folder / MANIFEST).read_text()
    rewrite(folder, put)
    try:
        load(read_manifest(folder)).predict(LABELS.codes[:2])
    except Exception as error:
        return error
    finally:
        (folder / MANIFEST).write_text(text)
    return None


@pytest.mark.parametrize("place", GUARDED, ids="-".join)
def test_wrong_values_raise_errors_of_archcast(folder, place):
    found = {str(value): raised_by(folder, place, value) for value in WRONG}
    assert [repr(e) for e in found.values() if e and not isinstance(e, ArchcastError)] == []
    assert any(found.values())


@pytest.mark.parametrize("place", UNGUARDED, ids="-".join)
def test_more_wrong_values_raise_errors_of_archcast(folder, place):
    found = [raised_by(folder, place, value) for value in WRONG]
    assert [repr(e) for e in found if e and not isinstance(e, ArchcastError)] == []
