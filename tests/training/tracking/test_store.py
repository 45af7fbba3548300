"""The store is opened with MLflow's own addresses, which are given back."""

import os

import pytest

from archcast.core.errors import DataError
from archcast.training.tracking.store import PARENT, experiment_id, open_client, running, tracking


@pytest.fixture
def theirs(home, tmp_path, monkeypatch):
    """The caller has a store of its own in use, by the environment or by a call."""
    import mlflow

    yield mlflow, f"sqlite:///{home / 'mlflow.db'}"
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri(None)


def test_addresses_are_the_projects_inside_alone(theirs, tmp_path):
    mlflow, ours = theirs
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'their.db'}")
    mlflow.set_registry_uri(f"sqlite:///{tmp_path / 'registry.db'}")
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    os.environ.pop("MLFLOW_TRACKING_URI")  # MLflow has put them there
    os.environ.pop("MLFLOW_REGISTRY_URI")
    environment = dict(os.environ)
    with tracking() as same:
        assert same is mlflow
        assert (mlflow.get_tracking_uri(), mlflow.get_registry_uri()) == (ours, ours)
        with tracking():
            pass
        assert (mlflow.get_tracking_uri(), mlflow.get_registry_uri()) == (ours, ours)
    assert (mlflow.get_tracking_uri(), mlflow.get_registry_uri()) == before
    assert dict(os.environ) == environment


def test_the_environment_decides_again_afterwards(theirs, tmp_path, monkeypatch):
    mlflow, _ = theirs
    with tracking():
        pass
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'other.db'}")
    assert mlflow.get_tracking_uri().endswith("other.db")


def test_a_callers_own_active_run_goes_on(theirs):
    """Also with a parent of ours: the caller's run is neither ended nor made a parent."""
    mlflow, ours = theirs
    mlflow.set_tracking_uri(ours)
    own = mlflow.start_run(experiment_id=experiment_id(mlflow, "callers"))
    with running("ours/runs", "parent", {}) as (_, parent):
        pass
    with running("ours/runs", "child", {"a": "b"}, parent=parent.info.run_id) as (_, child):
        mlflow.log_param("inside", 1)
    assert mlflow.active_run().info.run_id == own.info.run_id
    mlflow.end_run()
    mlflow.set_tracking_uri(None)
    assert "MLFLOW_TRACKING_URI" not in os.environ, "it was given by a call, and a call takes it away"
    client = open_client()
    found = [client.get_run(r.info.run_id).data for r in (parent, child, own)]
    assert [PARENT in data.tags for data in found] == [False, True, False]
    assert found[1].tags[PARENT] == parent.info.run_id
    assert [data.params for data in found] == [{}, {"inside": "1"}, {}]


def test_a_run_to_be_gone_on_with_is_left_alone(home, monkeypatch):
    monkeypatch.setenv("MLFLOW_RUN_ID", "0" * 32)
    with running("ours/runs", "new", {}) as (_, run):
        assert run.info.run_id != "0" * 32
    assert os.environ["MLFLOW_RUN_ID"] == "0" * 32


def test_a_run_that_breaks_is_marked(home):
    with pytest.raises(ValueError, match="inside"), running("ours/runs", "broken", {}) as (_, run):
        raise ValueError("inside")
    assert open_client().get_run(run.info.run_id).info.status == "FAILED"


def test_an_experiment_gets_the_tags_that_it_shall_have(home):
    with tracking() as mlflow:
        first = experiment_id(mlflow, "tagged", tags={"a": "1"})
        assert experiment_id(mlflow, "tagged", tags={"a": "2", "b": "3"}) == first
        tags = mlflow.get_experiment(first).tags
    assert (tags["a"], tags["b"]) == ("2", "3")


def test_a_store_that_cannot_be_opened(monkeypatch, tmp_path):
    (tmp_path / "mlflow.db").write_text("this is no database, and long enough to be seen as none")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    with pytest.raises(DataError, match=r"mlflow\.db cannot be opened: ") as caught:
        open_client()
    assert "\n" not in str(caught.value)
