import logging
import os
import threading
import warnings

import pytest

from archcast.core.quiet import quiet, quiet_root


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


def test_kinds_of_warnings_are_passed_over_and_others_are_not():
    with quiet(ignored=(DeprecationWarning,)):
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        with pytest.raises(UserWarning, match="new"):
            warnings.warn("new", UserWarning, stacklevel=1)
    with pytest.raises(DeprecationWarning, match="old"):
        warnings.warn("old", DeprecationWarning, stacklevel=1)


def test_advice_of_a_package_through_the_root_logger_is_held_back_and_nothing_else(monkeypatch, capsys):
    root = logging.getLogger()
    said = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())
    monkeypatch.setattr(root, "handlers", [handler])

    def say(text, level=logging.WARNING):
        root.handle(root.makeRecord("root", level, "/lib/talks/module.py", 1, text, (), None))

    with quiet_root("talks"):
        say("advice")
        say("wrong", logging.ERROR)
        logging.warning("mine")
        thread = threading.Thread(target=say, args=["of another thread"])
        thread.start()
        thread.join()
    say("later")
    assert said == ["wrong", "mine", "of another thread", "later"]


def test_the_root_logger_gets_no_handler(monkeypatch):
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    with quiet_root("talks"):
        logging.warning("mine")
    assert root.handlers == []
    assert root.filters == []
