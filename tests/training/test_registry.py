from dataclasses import replace

import numpy as np
import pytest
from tracked_cases import fitted_to, noisy_labels

from archcast.core.errors import DataError, InputError, UnknownNameError
from archcast.predictors import BayesianLinear, FlopsBaseline, LookupTable, load, read_manifest
from archcast.training.mlflow_store import open_client
from archcast.training.registry import champion_folder, register_and_promote
from archcast.training.tracking import model_name, track


def _tracked(labels, family, *, seed=0, **options):
    fitted, split = fitted_to(labels, family, seed=seed)
    return track(fitted, labels, split, seed=0, **options), fitted


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
    with pytest.raises(UnknownNameError, match="registered model must be one of"):
        champion_folder("o'name")
    with pytest.raises(UnknownNameError, match="run must be one of"):
        register_and_promote("0" * 32)


def test_a_run_that_archcast_did_not_record(home):
    client = open_client()
    run = client.create_run(client.create_experiment("somebody else's"))
    with pytest.raises(UnknownNameError, match="run must be one of"):
        register_and_promote(run.info.run_id)


def test_deleted_files_are_said(home):
    import shutil

    _tracked(noisy_labels(("gone",)), LookupTable, promote=True)
    shutil.rmtree(champion_folder("nasbench201.latency.gone"))
    with pytest.raises(DataError, match="moved or deleted"):
        champion_folder("nasbench201.latency.gone")
