import errno
import shutil
from dataclasses import replace

import numpy as np
import pytest
from tracked_cases import fitted_to, noisy_labels

import archcast
from archcast.core.errors import DataError, InputError, UnknownNameError
from archcast.core.settings import predictors_dir
from archcast.predictors import BayesianLinear, FlopsBaseline, LookupTable, load, read_manifest, save
from archcast.training.tracking.fitted import track
from archcast.training.tracking.record import model_name
from archcast.training.tracking.registry import register_and_promote, registered
from archcast.training.tracking.store import open_client

pytestmark = pytest.mark.usefixtures("no_pictures")


def _tracked(labels, family, *, seed=0, **options):
    fitted, split = fitted_to(labels, family, seed=seed)
    return track(fitted, labels, split, seed=0, **options), fitted


def champion_folder(name):
    return registered(f"models:/{name}@champion")[0]


def _versions(name):
    return len(open_client().search_model_versions(f"name = '{name}'"))


def _aliases(name):
    return dict(open_client().get_registered_model(name).aliases)


def test_life_of_a_name(home, tmp_path, capfd):
    labels = noisy_labels(("first", "second"), share=0.2)
    name = model_name(labels)
    flops, _ = _tracked(labels, FlopsBaseline, promote=True)
    start = flops.version
    assert _aliases(name) == {"champion": start}

    lookup, fitted = _tracked(labels, LookupTable)
    lookup = register_and_promote(lookup)
    assert _aliases(name) == {"champion": lookup.version, "challenger": start}
    assert lookup.version == start + 1
    held = load(read_manifest(champion_folder(name)))
    np.testing.assert_array_equal(held.predict(labels.codes), fitted.predictor.predict(labels.codes))

    assert register_and_promote(lookup) == lookup, "promoting the champion changes nothing"
    assert _aliases(name) == {"champion": lookup.version, "challenger": start}

    with pytest.raises(InputError) as caught:
        register_and_promote(flops)
    for figure in (flops, lookup):
        value = open_client().get_run(figure.run_id).data.metrics["mean.spearman"]
        assert f"{value:.4f}" in str(caught.value)
    assert "same held-out rows" in str(caught.value)

    back = register_and_promote(flops.run_id, force=True)
    assert back.version == start, "a run has one version"
    assert back.model_uri == flops.model_uri
    assert _aliases(name) == {"champion": start, "challenger": lookup.version}
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_a_refused_run_leaves_no_version(home):
    labels = noisy_labels(("refusing",), share=0.1)
    champion, _ = _tracked(labels, LookupTable, promote=True)
    with pytest.raises(InputError, match="must not get worse"):
        _tracked(labels, FlopsBaseline, promote=True)
    assert _versions("nasbench201.latency.refusing") == 1
    assert _aliases("nasbench201.latency.refusing") == {"champion": champion.version}


def test_another_split_is_no_comparison(home):
    labels = noisy_labels(("splitting",), share=0.1)
    _tracked(labels, FlopsBaseline, promote=True)
    other_seed, _ = _tracked(labels, LookupTable, seed=1)
    with pytest.raises(InputError, match=r"same split of the same labels.*differ"):
        register_and_promote(other_seed)
    other_labels, _ = _tracked(replace(labels, values=labels.values * 2), LookupTable)
    with pytest.raises(InputError, match=r"same split of the same labels.*differ"):
        register_and_promote(other_labels)
    assert register_and_promote(other_seed, force=True).version == 2


def test_one_device_and_all_devices_are_two_names(home):
    labels = noisy_labels(("alone",))
    run, _ = _tracked(labels, BayesianLinear, promote=True)
    assert run.version == 1
    assert champion_folder("nasbench201.latency.alone").is_dir()


def test_unknown_names(home):
    _tracked(noisy_labels(("known",)), LookupTable, promote=True)
    with pytest.raises(UnknownNameError, match=r"nasbench201\.latency\.known") as caught:
        champion_folder("nasbench201.latency.knwon")
    assert "did you mean" in str(caught.value)
    with pytest.raises(UnknownNameError, match="registered model with version 7 must be one of"):
        registered("models:/nasbench201.latency.known/7")
    for wrong in ("models:/o'name@champion", "nasbench201.latency", "models:/a", "runs:/a/model"):
        with pytest.raises(InputError, match="address must be models:/NAME@ALIAS"):
            registered(wrong)
    folder, tags = registered("models:/nasbench201.latency.known/1")
    assert folder == champion_folder("nasbench201.latency.known")
    assert tags["archcast.predictor"] == "lookup"
    with pytest.raises(UnknownNameError, match="run must be one of"):
        register_and_promote("0" * 32)


def test_a_run_that_archcast_did_not_record(home):
    client = open_client()
    run = client.create_run(client.create_experiment("somebody else's"))
    with pytest.raises(UnknownNameError, match="run must be one of"):
        register_and_promote(run.info.run_id)


def test_deleted_files_are_said(home):
    _tracked(noisy_labels(("gone",)), LookupTable, promote=True)
    shutil.rmtree(champion_folder("nasbench201.latency.gone"))
    with pytest.raises(DataError, match="moved or deleted"):
        champion_folder("nasbench201.latency.gone")


def _served(device):
    return {s.device: s for s in archcast.devices("nasbench201", "latency")}[device]


def _predicted(codes):
    return archcast.predict(codes, "serving", space="nasbench201")


def test_the_champion_is_what_predict_uses(home, monkeypatch):
    monkeypatch.setattr("archcast.serving.store.FRESH_NS", -1)  # what was saved is looked for at each call
    labels = noisy_labels(("serving",), share=0.2)
    flops, weak = _tracked(labels, FlopsBaseline, promote=True)
    codes = labels.codes[:20]
    np.testing.assert_array_equal(_predicted(codes), weak.predictor.predict(codes)[:, 0])
    assert _served("serving").version == "nasbench201.latency.serving v1"

    lookup, strong = _tracked(labels, LookupTable)
    np.testing.assert_array_equal(_predicted(codes), weak.predictor.predict(codes)[:, 0])
    register_and_promote(lookup)
    np.testing.assert_array_equal(_predicted(codes), strong.predictor.predict(codes)[:, 0])
    served = _served("serving")
    assert (served.version, served.predictor, served.origin) == (
        "nasbench201.latency.serving v2",
        "lookup",
        "own",
    )
    low, high = archcast.predict_interval(codes, "serving", space="nasbench201")
    assert (low < high).all()

    with pytest.raises(InputError, match="must not get worse"):
        register_and_promote(flops)
    assert _served("serving").version == "nasbench201.latency.serving v2"
    register_and_promote(flops, force=True)
    assert _served("serving").version == "nasbench201.latency.serving v1"


def test_a_copy_that_was_deleted_comes_back(home):
    run, _ = _tracked(noisy_labels(("again",)), LookupTable, promote=True)
    shutil.rmtree(predictors_dir() / "nasbench201.latency.again")
    assert register_and_promote(run) == run
    assert _served("again").version == "nasbench201.latency.again v1"


def test_one_device_goes_before_many_and_both_before_what_was_only_saved(home):
    both = noisy_labels(("pair_a", "pair_b"))
    many = register_and_promote(_tracked(both, FlopsBaseline)[0], force=True).version
    saved, _ = fitted_to(both, BayesianLinear)
    save(saved.predictor, predictors_dir() / "a-first-name", card=saved.card)
    try:
        assert _served("pair_a").version == f"nasbench201.latency v{many}"
        _tracked(both.only(("pair_a",)), LookupTable, promote=True)
        assert _served("pair_a").version == "nasbench201.latency.pair_a v1"
        assert _served("pair_b").version == f"nasbench201.latency v{many}"
        linear = archcast.load("pair_b", space="nasbench201", predictor="linear")
        assert linear.entry.version == saved.card.created
    finally:
        shutil.rmtree(predictors_dir() / "a-first-name")


def test_a_run_whose_files_are_gone_does_not_become_champion(home):
    labels = noisy_labels(("broken",), share=0.2)
    _tracked(labels, FlopsBaseline, promote=True)
    lookup, _ = _tracked(labels, LookupTable)
    identifier = lookup.model_uri.removeprefix("models:/")
    shutil.rmtree(home / "mlartifacts/nasbench201/latency/models" / identifier)
    with pytest.raises(DataError, match="moved or deleted"):
        register_and_promote(lookup)
    assert _aliases("nasbench201.latency.broken") == {"champion": 1}
    assert _served("broken").version == "nasbench201.latency.broken v1"


def test_a_predictor_that_cannot_be_saved_leaves_the_champion_in_its_place(home, monkeypatch):
    labels = noisy_labels(("full",), share=0.2)
    _tracked(labels, FlopsBaseline, promote=True)
    lookup, strong = _tracked(labels, LookupTable)
    before = archcast.predict(labels.codes[:9], "full", space="nasbench201")

    def full(*given, **options):
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("archcast.training.tracking.registry.save", full)
        with pytest.raises(OSError, match="no space left"):
            register_and_promote(lookup)
    assert _aliases("nasbench201.latency.full") == {"champion": 1}
    assert _served("full").version == "nasbench201.latency.full v1"
    now = archcast.predict(labels.codes[:9], "full", space="nasbench201")
    np.testing.assert_array_equal(now, before)

    assert register_and_promote(lookup).version == 2, "once there is room, it goes on"
    assert _aliases("nasbench201.latency.full") == {"champion": 2, "challenger": 1}
    now = archcast.load("full", space="nasbench201").predict(labels.codes[:9])
    np.testing.assert_array_equal(now, strong.predictor.predict(labels.codes[:9])[:, 0])


def test_versions_say_what_they_are(home):
    labels = noisy_labels(("described",))
    run, _ = _tracked(labels, LookupTable, promote=True)
    name, client = "nasbench201.latency.described", open_client()
    said = client.get_model_version(name, str(run.version)).description
    assert said.startswith("lookup described ")
    assert "mean Spearman 0." in said or "mean Spearman 1." in said
    assert client.get_registered_model(name).description == "latency of nasbench201 on described"
