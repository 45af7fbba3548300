"""The client answers and fails as the package itself does, and tries again when that may help."""

import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from serve_process import served
from service_cases import CELL, save_boards

import archcast
from archcast.core.errors import InputError, MissingPackageError, ParseError, UnknownNameError
from archcast.core.installed import install_line
from archcast.serving import client as client_module
from archcast.serving.client import Client
from archcast.serving.replies import ServiceError

SPACE = archcast.spaces("nasbench201")
CODES = SPACE.sample(30, seed=5)
TEXTS = SPACE.format(CODES)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCHCAST_HOME", str(home))
        patch.delenv("ARCHCAST_TOKEN", raising=False)
        save_boards("board_a", "board_b")
        with served(home, ARCHCAST_TOKEN="abc") as running:
            yield running


@pytest.fixture
def client(service):
    with Client(service.url, token="abc", timeout=60) as made:
        yield made


@pytest.mark.parametrize(
    ("batch", "given"),
    [
        (TEXTS, {"device": "board_a"}),
        (
            tuple(TEXTS),
            {"device": "board_b", "metric": "latency", "space": "nasbench201", "dataset": "cifar10"},
        ),
        (np.array(TEXTS), {"device": "raspi4"}),
        (CODES, {"device": "raspi4"}),
        (CODES.astype(np.int64), {"device": ["raspi4", "board_a", "eyeriss"]}),
        (TEXTS, {"device": ["raspi4"]}),
        (TEXTS, {"metric": "accuracy"}),
        (TEXTS, {"metric": "accuracy", "dataset": "cifar100"}),
        ([(4, 0, 3, 1, 4, 3)], {"device": "raspi4", "notation": "naslib"}),
    ],
)
def test_predictions_are_those_of_the_package(client, batch, given) -> None:
    found, expected = client.predict(batch, **given), archcast.predict(batch, **given)
    assert found.dtype == np.float32
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("space", ["fbnet", "mnasnet", "ofa_mbv3", "hat", "macro"])
def test_every_space(client, space) -> None:
    chosen = archcast.spaces(space)
    archs = chosen.format(chosen.sample(5, seed=2))
    record = archcast.devices(space=space)[0]
    given = (record.device, record.metric, space, record.dataset)
    assert client.predict(archs, *given) == pytest.approx(archcast.predict(archs, *given), rel=1e-6)


def test_intervals_are_those_of_the_package(client) -> None:
    for device in ("raspi4", ["raspi4", "eyeriss"]):
        found = client.predict_interval(TEXTS, device, coverage=0.7)
        expected = archcast.predict_interval(TEXTS, device, coverage=0.7)
        assert np.array_equal(found, expected)


def test_devices_are_those_of_the_package(client) -> None:
    for given in ({}, {"space": "hat"}, {"metric": "accuracy"}):
        found = {(d.space, d.metric, d.device, d.dataset, d.unit) for d in client.devices(**given)}
        assert found == {(d.space, d.metric, d.device, d.dataset, d.unit) for d in archcast.devices(**given)}


@pytest.mark.parametrize(
    ("batch", "given"),
    [
        ([*TEXTS, "|nope~0|"], {"device": "board_a"}),
        ([CELL.replace("none", "nine").replace("avg", "max")], {"device": "board_a"}),
        (TEXTS, {"device": "board_x"}),
        (TEXTS, {"device": ["board_a", "board_x"]}),
        (TEXTS, {"device": "board_a", "metric": "energy"}),
        (TEXTS, {"device": "board_a", "space": "darts"}),
        (TEXTS, {"device": "board_a", "dataset": "mnist"}),
        (TEXTS, {}),
        ([], {"device": "board_a"}),
        (CELL, {"device": "board_a"}),
        ({"a": 1}, {"device": "board_a"}),
        (5, {"device": "board_a"}),
        ([[1, 2]], {"device": "board_a"}),
        (CODES + 9, {"device": "board_a"}),
        (CODES[:, :4], {"device": "board_a"}),
        (TEXTS, {"device": []}),
    ],
)
def test_mistakes_raise_what_the_package_raises(client, batch, given) -> None:
    with pytest.raises(InputError) as expected:
        archcast.predict(batch, **given)
    with pytest.raises(InputError) as found:
        client.predict(batch, **given)
    assert type(found.value) is type(expected.value)
    assert str(found.value) == str(expected.value)
    assert found.value.item == expected.value.item
    if isinstance(expected.value, ParseError):
        assert found.value.position == expected.value.position
    if isinstance(expected.value, UnknownNameError):
        assert found.value.choices == expected.value.choices


@pytest.mark.parametrize(
    "batch", [[object()], [b"x"], [float("nan")], np.ones((2, 6)), np.ones(6, int), CODES[:0]]
)
def test_what_cannot_be_sent_is_told(client, batch) -> None:
    with pytest.raises(InputError):
        client.predict(batch, "board_a")


def test_long_batches_go_in_parts_and_items_keep_their_place(client, monkeypatch) -> None:
    monkeypatch.setattr(client_module, "_PART", 7)
    for batch, device in ((TEXTS, "raspi4"), (CODES, ["raspi4", "board_a"])):
        assert np.array_equal(client.predict(batch, device), archcast.predict(batch, device))
    with pytest.raises(ParseError, match=r"\(item 23\)$") as found:
        client.predict([*TEXTS[:23], "|x", *TEXTS[23:]], "raspi4")
    assert found.value.item == 23


def test_a_wrong_token_is_told_and_not_tried_again(service) -> None:
    with Client(service.url, token="wrong") as client, pytest.raises(InputError, match="token"):
        client.predict(TEXTS, "board_a")


def test_many_threads_share_a_client(client) -> None:
    expected, wrong = archcast.predict(TEXTS, "board_a"), []

    def work() -> None:
        for _ in range(10):
            if not np.array_equal(client.predict(TEXTS, "board_a"), expected):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


GOOD = {"version": "v", "space": "s", "device": "board_a", "values": [1.5]}


class Faulty(BaseHTTPRequestHandler):
    """Answers with the server's list of (status, headers, body) in turn; None closes the connection."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        answer = self.server.answers.pop(0)
        if answer is None:
            self.close_connection = True
            return
        status, headers, body = answer
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.server.closes

    def finish(self) -> None:
        super().finish()
        self.connection.close()
        self.server.closed.release()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def faulty(monkeypatch):
    """A server that answers as it is told, with the pauses that the client makes."""
    pauses: list[float] = []
    monkeypatch.setattr(client_module.time, "sleep", pauses.append)
    with ThreadingHTTPServer(("127.0.0.1", 0), Faulty) as server:
        server.answers, server.asked, server.pauses = [], 0, pauses
        server.closes, server.closed = False, threading.Semaphore(0)
        server.daemon_threads = True
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def good():
    return 200, {}, json.dumps(GOOD).encode()


def refusal(status, **headers):
    return status, headers, b'{"error": "a sentence of the service"}'


def test_it_tries_again_when_the_service_is_busy_or_gone(faulty) -> None:
    faulty.answers = [refusal(429), refusal(503), None, refusal(502), good()]
    with Client(faulty.url, timeout=100) as client:
        assert client.predict([CELL], "board_a").tolist() == [1.5]
    assert faulty.asked == 5
    assert len(faulty.pauses) == 4
    for i, pause in enumerate(faulty.pauses):
        assert 0.025 * 2**i <= pause <= 0.05 * 2**i


def test_it_waits_as_long_as_it_is_told(faulty) -> None:
    faulty.answers = [refusal(429, **{"Retry-After": "7"}), good()]
    with Client(faulty.url, timeout=100) as client:
        client.predict([CELL], "board_a")
    assert faulty.pauses == [7.0]


def test_it_does_not_wait_beyond_its_time(faulty) -> None:
    faulty.answers = [refusal(429, **{"Retry-After": "90"}), good()]
    with Client(faulty.url, timeout=30) as client, pytest.raises(ServiceError, match="a sentence"):
        client.predict([CELL], "board_a")
    assert (faulty.asked, faulty.pauses) == (1, [])


def test_it_gives_up_after_its_retries(faulty) -> None:
    faulty.answers = [refusal(503)] * 3
    with (
        Client(faulty.url, retries=2) as client,
        pytest.raises(ServiceError, match="in 3 attempts: a sentence"),
    ):
        client.predict([CELL], "board_a")
    assert faulty.asked == 3


@pytest.mark.parametrize("status", [400, 401, 404, 413, 415, 422])
def test_a_users_mistake_is_never_tried_again(faulty, status) -> None:
    faulty.answers = [refusal(status), good()]
    with Client(faulty.url) as client, pytest.raises(InputError, match=r"^a sentence of the service$"):
        client.predict([CELL], "board_a")
    assert faulty.asked == 1


def test_an_error_of_the_service_is_not_the_users(faulty) -> None:
    faulty.answers = [refusal(500)]
    with Client(faulty.url) as client, pytest.raises(ServiceError, match="a sentence"):
        client.predict([CELL], "board_a")


def test_an_answer_that_is_not_json_is_told(faulty) -> None:
    faulty.answers = [(200, {}, b"<html>"), (404, {}, b"<html>")]
    with Client(faulty.url) as client:
        with pytest.raises(ServiceError, match="must answer in JSON"):
            client.predict([CELL], "board_a")
        with pytest.raises(InputError, match="status 404"):
            client.predict([CELL], "board_a")


def test_a_connection_that_was_closed_meanwhile_is_no_attempt(faulty) -> None:
    faulty.answers, faulty.closes = [good(), good()], True
    with Client(faulty.url, retries=0) as client:
        for _ in range(2):
            client.predict([CELL], "board_a")
            assert faulty.closed.acquire(timeout=30)
    assert faulty.pauses == []


def test_nobody_listens(faulty) -> None:
    url = faulty.url
    faulty.shutdown()
    faulty.server_close()
    with Client(url, retries=1) as client, pytest.raises(ServiceError, match="refused"):
        client.predict([CELL], "board_a")


@pytest.mark.parametrize(
    "url", ["localhost:8080", "ftp://x", "http://", "http://x:99999", "", None, "http://x/?a=1"]
)
def test_an_address_that_is_none_is_refused(url) -> None:
    with pytest.raises(InputError, match="url"):
        Client(url)


@pytest.mark.parametrize("given", [{"timeout": 0}, {"retries": -1}, {"token": "a\nb"}, {"timeout": "1"}])
def test_settings_that_are_none_are_refused(given) -> None:
    with pytest.raises(InputError, match=next(iter(given))):
        Client("http://127.0.0.1:1", **given)


def test_a_child_process_opens_connections_of_its_own(monkeypatch) -> None:
    with Client("http://127.0.0.1:1") as client:
        own = client._http()
        with monkeypatch.context() as patch:
            patch.setattr(client_module.os, "getpid", lambda: -1)
            other = client._http()
        assert other is not own
        assert client._http() is own
        other.close()


def test_without_httpx_the_line_that_installs_it_is_told(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingPackageError, match=re.escape(f"httpx: run {install_line('client')}")):
        Client("http://127.0.0.1:1")
