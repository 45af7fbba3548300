import logging
import os
import threading

import pytest

from archcast.core.quiet import quiet


def test_levels_and_environment_are_those_asked_for_and_then_as_before(monkeypatch):
    monkeypatch.setenv("TALKS", "yes")
    monkeypatch.delenv("IS_SET", raising=False)
    logger = logging.getLogger("archcast_tests.talks")
    logger.setLevel(logging.DEBUG)
    environment = dict(os.environ)
    with quiet([logger.name], {"TALKS": None, "IS_SET": "1"}):
        assert not logger.isEnabledFor(logging.WARNING)
        assert logger.isEnabledFor(logging.ERROR)
        assert "TALKS" not in os.environ
        assert os.environ["IS_SET"] == "1"
        with quiet([logger.name], {"IS_SET": "2"}):
            assert os.environ["IS_SET"] == "2"
        assert os.environ["IS_SET"] == "1"
    assert dict(os.environ) == environment
    assert logger.level == logging.DEBUG


def test_an_error_gives_everything_back(monkeypatch):
    monkeypatch.setenv("TALKS", "yes")
    with pytest.raises(RuntimeError, match="inside"), quiet((), {"TALKS": "no"}):
        raise RuntimeError("inside")
    assert os.environ["TALKS"] == "yes"


def test_threads_take_turns(monkeypatch):
    monkeypatch.delenv("TURN", raising=False)
    inside, seen = threading.Event(), []

    def other():
        inside.wait()
        with quiet((), {"TURN": "second"}):
            seen.append(os.environ["TURN"])

    thread = threading.Thread(target=other)
    thread.start()
    with quiet((), {"TURN": "first"}):
        inside.set()
        thread.join(timeout=0.2)
        seen.append(os.environ["TURN"])
    thread.join()
    assert seen == ["first", "second"]
    assert "TURN" not in os.environ
