"""A search leaves a run."""

import archcast
from archcast.search.loop.tracking import track_search
from archcast.training.tracking.store import open_client


def test_the_run_has_settings_front_and_picture(store, monkeypatch):
    monkeypatch.setenv("ARCHCAST_HOME", str(store))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    found = archcast.search("macro", method="evolution", evaluations=30, population=10)
    client = open_client()
    run = client.get_run(track_search(found))
    assert client.get_experiment(run.info.experiment_id).name == "search/macro"
    assert run.info.status == "FINISHED"
    assert run.data.params["method"] == "evolution"
    assert run.data.metrics["evaluations"] == 30
    assert run.data.metrics["best.accuracy.cifar10"] == found.values.max()
    assert {f.path for f in client.list_artifacts(run.info.run_id)} == {
        "front.csv",
        "search.json",
        "search.png",
    }
