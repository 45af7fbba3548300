"""Settings: a file, values beside it, the environment; and what is refused."""

import pytest

from archcast.core.errors import InputError, UnknownNameError
from archcast.serving.http import ServeSettings, make_settings


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARCHCAST_TOKEN", raising=False)


def test_what_is_given_comes_before_the_file(tmp_path) -> None:
    file = tmp_path / "serve.toml"
    file.write_text("port = 9000\ndeadline_ms = 250\ngrace_s = 3\n")
    made = make_settings(file, port=9001, host=None)
    assert (made.port, made.deadline_ms, made.grace_s, made.host) == (9001, 250, 3, "127.0.0.1")


@pytest.mark.parametrize("text", ["prot = 1", "token = 'x'", "[server]\nport = 1"])
def test_an_unknown_key_is_refused(tmp_path, text) -> None:
    file = tmp_path / "serve.toml"
    file.write_text(text)
    with pytest.raises(UnknownNameError, match=r"must be one of .*port"):
        make_settings(file)


@pytest.mark.parametrize("text", ["port = ", "port = 'a'", "port = true", "port = 99999", "refresh_s = nan"])
def test_a_bad_file_is_told(tmp_path, text) -> None:
    file = tmp_path / "serve.toml"
    file.write_text(text)
    with pytest.raises(InputError, match=r"port|refresh_s|serve\.toml"):
        make_settings(file)
    with pytest.raises(InputError, match="cannot be read"):
        make_settings(tmp_path / "none.toml")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_other_machines_are_let_in_only_with_a_token(monkeypatch, host) -> None:
    with pytest.raises(InputError, match="ARCHCAST_TOKEN"):
        make_settings(host=host)
    assert make_settings(host=host, insecure=True).host == host
    monkeypatch.setenv("ARCHCAST_TOKEN", "abc")
    assert make_settings(host=host).token == "abc"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
def test_loopback_needs_none(host) -> None:
    assert make_settings(host=host).token is None


@pytest.mark.parametrize("token", ["", " a", "ü"])
def test_a_token_that_is_none_is_refused(monkeypatch, token) -> None:
    monkeypatch.setenv("ARCHCAST_TOKEN", token)
    with pytest.raises(InputError, match="ARCHCAST_TOKEN"):
        make_settings()


def test_the_token_is_not_printed() -> None:
    assert "abc" not in repr(ServeSettings(token="abc"))


def test_limits_must_fit_each_other() -> None:
    with pytest.raises(InputError, match=r"max_body_bytes must be at most queue_bytes \(2048\), got 4096"):
        ServeSettings(max_body_bytes=4096, queue_bytes=2048)
