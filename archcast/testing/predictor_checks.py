"""The contract of a predictor in code: what any family in `PREDICTORS` must pass.

A family's author runs `check_predictor(lambda: MyPredictor(MyConfig(...)), space)`, or each of `CHECKS`
as a test of its own on one `Subject`. Checks need no table: they fit to made-up latencies of three devices,
of which the second lacks values and the third always answers the same.
"""

from __future__ import annotations

import json
import pickle
import random
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from archcast.core.arrays import Codes, Doubles, Ints
from archcast.core.errors import ArchcastError, ArtifactError, InputError, NotFittedError
from archcast.featurize.spaces import Space
from archcast.predictors.artifact.card import Card
from archcast.predictors.artifact.manifest import MANIFEST, load, read_manifest, save
from archcast.predictors.contract import PREDICTORS, Predictor
from archcast.testing.subject import CONSTANT_MS, Subject

_LOOSE = 1e-4
"""Relative difference that a batch's size may make in single precision."""


def check_predictor(make: Callable[[], Predictor], space: Space) -> None:
    """Run every check; raise AssertionError, which names the check, at the first that fails."""
    subject = Subject(make, space)
    for check in CHECKS:
        try:
            check(subject)
        except AssertionError as error:
            raise AssertionError(f"{check.__name__}: {error}") from error


def check_registered(subject: Subject) -> None:
    """The family is known under its name and its configuration is frozen."""
    predictor = subject.make()
    _require(PREDICTORS[predictor.family] is type(predictor), f"{predictor.family} must be registered")
    for field in fields(predictor.config):
        try:
            setattr(predictor.config, field.name, None)
        except AttributeError:
            continue
        raise AssertionError(f"setting {field.name} must be frozen")


def check_unfitted(subject: Subject) -> None:
    """Before `fit`, use raises NotFittedError."""
    _expect(NotFittedError, lambda: subject.make().predict(subject.held_codes))
    _expect(NotFittedError, lambda: subject.make().header())


def check_fit(subject: Subject) -> None:
    """`fit` returns self, changes nothing it was given, and nothing global; the same seed repeats it."""
    predictor, labels = subject.make(), subject.labels
    codes, values, config = labels.codes.copy(), labels.values.copy(), asdict(predictor.config)
    expected = subject.answers  # imports what the family needs before the state is taken
    _draw_globally()  # so that seeding the generators again would show
    before = _global_state()
    _require(predictor.fit(labels, seed=0) is predictor, "fit must return self")
    given = subject.held_codes.copy()
    again = predictor.predict(given)
    _require(_global_state() == before, "fit and predict must leave the global generators and threads alone")
    _require(np.array_equal(codes, labels.codes), "fit must not change codes")
    _require(np.array_equal(values, labels.values, equal_nan=True), "fit must not change values")
    _require(asdict(predictor.config) == config, "fit must not change the configuration")
    _require(np.array_equal(given, subject.held_codes), "predict must not change codes")
    _require(np.array_equal(again, expected), "the same seed must give the same predictions")


def check_output(subject: Subject) -> None:
    """Predictions are float32 (n, m), of no codes too, finite, and above zero for latency everywhere."""
    n, m = len(subject.held_codes), len(subject.labels.targets)
    _require(subject.answers.shape == (n, m), f"predictions must have shape ({n}, {m})")
    _require(subject.answers.dtype == np.float32, f"predictions must be float32, got {subject.answers.dtype}")
    none = subject.fitted.predict_checked(subject.held_codes[:0])
    _require(none.shape == (0, m), f"predictions of no codes must have shape (0, {m}), got {none.shape}")
    far = subject.fitted.predict(_corners(subject.space))
    for values in (subject.answers, far):
        _require(bool(np.isfinite(values).all()), "predictions must be finite")
        _require(bool((values > 0).all()), "latencies must be above 0")


def check_rows(subject: Subject) -> None:
    """A row's prediction depends neither on its place nor on what else is in the batch."""
    codes = subject.held_codes
    order: Ints = np.random.default_rng(3).permutation(len(codes))
    singly = np.concatenate([subject.fitted.predict(codes[i : i + 1]) for i in range(len(codes))])
    for values, what in (
        (subject.fitted.predict(codes[order]), "the order of rows"),
        (subject.fitted.predict(np.repeat(codes, 12, axis=0))[::12][order], "repeated rows"),
        (singly[order], "rows one by one"),
    ):
        _require(
            bool(np.allclose(values, subject.answers[order], rtol=_LOOSE)), f"predictions depend on {what}"
        )


def check_quality(subject: Subject) -> None:
    """Held-out additive latencies are ranked far better than chance and missed less than by a constant."""
    for column in (0, 1):
        truth, predicted = subject.held_values[:, column], subject.answers[:, column].astype(np.float64)
        rank = np.corrcoef(_ranks(truth), _ranks(predicted))[0, 1]
        _require(rank > 0.5, f"Spearman of device{column} must be above 0.5, got {rank:.3f}")
        known = subject.labels.values[:, column]
        constant = np.exp(np.nanmean(np.log(known)))
        ours, theirs = (np.abs(np.log(p / truth)).mean() for p in (predicted, constant))
        _require(ours < theirs, f"error of device{column} must be below a constant's, got {ours:.3f}")


def check_constant_target(subject: Subject) -> None:
    """A target that never varies is predicted as its constant."""
    worst = np.abs(subject.answers[:, 2] / CONSTANT_MS - 1).max()
    _require(worst < 0.02, f"a constant target must be predicted within 2 %, missed by {worst:.1%}")


def check_single_target(subject: Subject) -> None:
    """One target alone can be learned, and from a metric that is not logarithmic."""
    labels = subject.labels.only(("device0",))
    labels = replace(labels, metric="accuracy", values=100 - labels.values)
    predicted = subject.make().fit(labels, seed=0).predict(subject.held_codes)
    truth = 100 - subject.held_values[:, 0]
    _require(predicted.shape == (len(truth), 1), f"one target must give one column, got {predicted.shape}")
    _require(bool(np.isfinite(predicted).all()), "predictions must be finite")
    rank = np.corrcoef(_ranks(truth), _ranks(predicted[:, 0].astype(np.float64)))[0, 1]
    _require(rank > 0.5, f"Spearman must be above 0.5, got {rank:.3f}")


def check_select(subject: Subject) -> None:
    """Some of the targets answer as they do among all, in the order asked for, and all stay as they were."""
    before = subject.fitted.header()
    for columns in ((1,), (2, 0)):
        selected = subject.fitted.select(columns)
        values, expected = selected.predict(subject.held_codes), subject.answers[:, columns]
        _require(values.shape == expected.shape, f"targets {columns} must give a column each")
        _require(bool(np.allclose(values, expected, rtol=_LOOSE)), f"targets {columns} must answer alike")
        named = tuple(subject.fitted.targets_[c] for c in columns)
        _require(selected.targets_ == named, f"targets must be {named}, got {selected.targets_}")
    _require(subject.fitted.header() == before, "select must leave the predictor as it was")


def check_interval(subject: Subject) -> None:
    """Intervals of a family that knows them hold its predictions, and grow with the coverage."""
    codes, answers = subject.held_codes, subject.answers
    narrow, wide = (subject.fitted.interval(codes, c, predicted=answers) for c in (0.5, 0.9))
    _require((narrow is None) == (wide is None), "a family must know intervals of every coverage or of none")
    if narrow is None or wide is None:
        return
    for low, high in (narrow, wide):
        _require(low.shape == high.shape == answers.shape, f"ends must have shape {answers.shape}")
        _require(bool((low <= answers).all() and (answers <= high).all()), "an interval must hold its middle")
    _require(bool((wide[0] <= narrow[0]).all() and (narrow[1] <= wide[1]).all()), "coverage must widen")


def check_refused(subject: Subject) -> None:
    """Codes that are not the space's, labels without values and configurations of others are refused."""
    codes, fitted, labels = subject.held_codes, subject.fitted, subject.labels
    too_high = codes.copy()
    too_high[0, 0] = subject.space.cardinalities[0]
    for wrong in (too_high, codes[:, :-1], codes[:0], codes.astype(np.float64), -1 - codes):
        _expect(InputError, lambda wrong=wrong: fitted.predict(wrong))  # type: ignore[misc]
    _expect(InputError, lambda: subject.make().fit(labels.rows(np.arange(1))))
    empty = labels.values.copy()
    empty[:, 0] = np.nan
    _expect(InputError, lambda: subject.make().fit(replace(labels, values=empty)))
    _expect(InputError, lambda: type(fitted)(object()))
    _expect(TypeError, lambda: type(fitted.config)(**asdict(fitted.config), no_such_setting=1))


def check_artifact(subject: Subject) -> None:
    """A saved predictor comes back with its configuration and its answers, also by way of another save."""
    with tempfile.TemporaryDirectory() as name:
        folder = _saved(subject, Path(name))
        loaded = load(read_manifest(folder))
        _require(type(loaded) is type(subject.fitted), "load must give the same family")
        _require(loaded.config == subject.fitted.config, "load must give the same configuration")
        _require(loaded.header() == subject.fitted.header(), "load must give the same header")
        answers = loaded.predict(subject.held_codes)
        _require(np.array_equal(answers, subject.answers), "a loaded predictor must predict the same")
        _require(loaded.to_files() == subject.fitted.to_files(), "a loaded predictor must save the same")


def check_altered_artifact(subject: Subject) -> None:
    """One altered byte in any file, a missing file and an unknown setting raise ArtifactError."""
    with tempfile.TemporaryDirectory() as name:
        folder = _saved(subject, Path(name))
        for path in sorted(folder.iterdir()):
            content = path.read_bytes()
            if path.name != MANIFEST:
                middle = len(content) // 2
                path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
                _expect(ArtifactError, lambda: load(read_manifest(folder)))
            path.unlink()
            _expect(ArtifactError, lambda: load(read_manifest(folder)))
            path.write_bytes(content)
        manifest = json.loads((folder / MANIFEST).read_text())
        manifest["header"]["config"]["no_such_setting"] = 1
        (folder / MANIFEST).write_text(json.dumps(manifest))
        _expect(ArtifactError, lambda: load(read_manifest(folder)))


def check_garbled_files(subject: Subject) -> None:
    """Files that match their hashes but hold something else raise an error of archcast's own."""
    with tempfile.TemporaryDirectory() as name:
        folder = _saved(subject, Path(name))
        fitted = subject.fitted
        files = dict.fromkeys(fitted.to_files(), b"not what was saved")
        garbled = load(read_manifest(folder))

        def use() -> None:
            garbled._from_files(files)
            garbled.predict(subject.held_codes)

        _expect(ArchcastError, use)


def check_threads(subject: Subject) -> None:
    """Calls from several threads at once agree, from the first call of a loaded predictor on."""
    with tempfile.TemporaryDirectory() as name:
        loaded = load(read_manifest(_saved(subject, Path(name))))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: loaded.predict(subject.held_codes), range(8)))
    _require(all(np.array_equal(f, subject.answers) for f in found), "threads must get the same predictions")


def check_pickle(subject: Subject) -> None:
    """A fitted predictor can be sent to another process."""
    copy: Predictor = pickle.loads(pickle.dumps(subject.fitted))  # our own bytes, never a file's
    _require(
        np.array_equal(copy.predict(subject.held_codes), subject.answers), "a copy must predict the same"
    )


CHECKS: tuple[Callable[[Subject], None], ...] = (
    check_registered,
    check_unfitted,
    check_fit,
    check_output,
    check_rows,
    check_quality,
    check_constant_target,
    check_single_target,
    check_select,
    check_interval,
    check_refused,
    check_artifact,
    check_altered_artifact,
    check_garbled_files,
    check_threads,
    check_pickle,
)


def _saved(subject: Subject, folder: Path) -> Path:
    return save(subject.fitted, folder / "predictor", card=Card("conformance"))


def _corners(space: Space) -> Codes:
    """Members with every decision at its lowest or its highest, where the space has them."""
    tops = np.array(space.cardinalities) - 1
    codes = np.stack([np.zeros_like(tops), tops]).astype(np.int8)
    kept: Codes = codes[space.valid(codes)]
    return kept if len(kept) else space.sample(1, seed=0)


def _ranks(values: Doubles) -> Doubles:
    return values.argsort(kind="stable").argsort(kind="stable").astype(np.float64)


def _global_state() -> dict[str, Any]:
    """Bytes of the global generators, and torch's threads where torch is loaded."""
    state = {"random": pickle.dumps(random.getstate()), "numpy": pickle.dumps(np.random.get_state())}  # noqa: NPY002
    torch = sys.modules.get("torch")
    if torch is not None:
        state |= {"torch": torch.get_rng_state().numpy().tobytes(), "threads": torch.get_num_threads()}
    return state


def _draw_globally() -> None:
    random.random()
    np.random.random()  # noqa: NPY002
    if "torch" in sys.modules:
        sys.modules["torch"].rand(1)


def _expect(kind: type[Exception], call: Callable[[], object]) -> None:
    try:
        call()
    except kind:
        return
    except Exception as error:
        raise AssertionError(f"must raise {kind.__name__}, raised {error!r}") from error
    raise AssertionError(f"must raise {kind.__name__}, raised nothing")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)
