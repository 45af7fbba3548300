"""The process: it listens where it may, answers what it accepted when it is stopped, and survives kills."""

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from serve_process import command, served
from service_cases import CELL, INFER, infer_body, save_boards

import archcast
from archcast.cli import main
from archcast.cli import serve as serve_command
from archcast.core.errors import MissingPackageError
from archcast.core.installed import install_line

BODY = json.dumps(infer_body(CELL)).encode()


def ask(port: int, body: bytes = BODY, **headers: str) -> tuple[int, dict]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", INFER, body=body, headers=headers)
    answer = connection.getresponse()
    told = json.loads(answer.read())
    connection.close()
    return answer.status, told


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_answers_what_was_accepted_and_ends_well(home, number: int) -> None:
    save_boards("board_a")
    with (
        served(home, alone=True) as running,
        socket.create_connection((running.host, running.port), timeout=30) as half,
    ):
        head = f"POST {INFER} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(BODY)}\r\n\r\n".encode()
        half.sendall(head + BODY[:20])
        idle = http.client.HTTPConnection(running.host, running.port, timeout=30)
        idle.request("GET", "/v2/health/ready")
        assert idle.getresponse().read() == b'{"ready": true}'
        running.process.send_signal(number)
        wait_until_closed(running.port)
        idle.request("POST", INFER, body=BODY)
        answer = idle.getresponse()
        assert answer.status == 200
        assert answer.headers["connection"] == "close"
        answer.read()
        idle.close()
        half.sendall(BODY[20:])
        answer = http.client.HTTPResponse(half)
        answer.begin()
        assert answer.status == 200
        assert json.loads(answer.read())["outputs"][0]["data"]
        assert running.process.wait(timeout=30) == 0


def wait_until_closed(port: int) -> None:
    """Until nothing new is accepted."""
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.01)
    pytest.fail("the service went on accepting connections")


def test_a_stop_and_a_kill_under_load_fail_no_request_of_a_client(home) -> None:
    """Clients that try again go over to the next process without an error."""
    save_boards("board_a")
    value = archcast.predict([CELL], "board_a")[0]
    done, failures, answered = threading.Event(), [], []

    def load(url: str) -> None:
        with archcast.Client(url, timeout=60, retries=1000) as client:
            while not done.is_set():
                try:
                    answered.append(
                        bool(np.array_equal(client.predict([CELL] * 50, "board_a"), [value] * 50))
                    )
                except Exception as error:
                    failures.append(error)

    with served(home, alone=True) as first:
        threads = [threading.Thread(target=load, args=(first.url,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            wait_for(answered, 30)
            assert first.stop(signal.SIGTERM) == 0
            with served(home, port=first.port, alone=True) as second:
                wait_for(answered, len(answered) + 60)
                assert second.stop(signal.SIGKILL) == -signal.SIGKILL
            with served(home, port=first.port, alone=True) as third:
                wait_for(answered, len(answered) + 60)
                done.set()
                for thread in threads:
                    thread.join()
                assert third.stop() == 0
        finally:
            done.set()
    assert not failures
    assert all(answered)


def wait_for(answered: list, n: int) -> None:
    for _ in range(3000):
        if len(answered) >= n:
            return
        time.sleep(0.02)
    pytest.fail(f"only {len(answered)} of {n} requests were answered")


def test_the_limit_of_a_body_and_the_token_over_a_real_connection(home) -> None:
    save_boards("board_a")
    (home / "serve.toml").write_text("max_body_bytes = 65536\n")
    words = ("--settings", str(home / "serve.toml"), "--host", "0.0.0.0")
    token = {"Authorization": "Bearer abc"}
    with served(home, *words, alone=True, ARCHCAST_TOKEN="abc") as running:
        asking = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
        asking.putrequest("POST", INFER)
        asking.putheader("Content-Length", "3000000")
        asking.putheader(*next(iter(token.items())))
        asking.endheaders()  # the body is refused before it is sent
        answer = asking.getresponse()
        assert answer.status == 413
        assert "65536" in json.loads(answer.read())["error"]
        asking.close()
        assert ask(running.port)[0] == 401
        assert ask(running.port, **token)[0] == 200


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--host", "0.0.0.0"), "can be reached from other machines, so ARCHCAST_TOKEN must be set"),
        (("--settings", "none.toml"), "settings file 'none.toml' cannot be read"),
        (("--deadline-ms", "0"), "deadline_ms must be 1 to 600000, got 0"),
        (("--host", "192.0.2.1", "--insecure"), "cannot be listened on"),
    ],
)
@pytest.mark.usefixtures("home", "alone")
def test_a_mistake_is_one_sentence_and_exit_code_2(words, sentence, monkeypatch, capsys) -> None:
    save_boards("board_a")
    told = refused(words, monkeypatch, capsys)
    assert sentence in told
    assert told.count("\n") == 1


def refused(words, monkeypatch, capsys) -> str:
    """What the command, run in this process, says where it ends with exit code 2."""
    monkeypatch.setattr(sys, "argv", ["archcast", "serve", *words])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    return capsys.readouterr().err


@pytest.mark.usefixtures("home")
def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = subprocess.run(command("--port", port, alone=True), capture_output=True, text=True, timeout=120)
    assert ran.returncode == 2
    assert f"127.0.0.1 port {port} cannot be listened on" in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert "Traceback" not in ran.stderr


def test_a_damaged_predictor_is_told_at_the_start_and_the_others_are_served(home, tmp_path) -> None:
    (save_boards("board_b", title="damaged") / "manifest.json").write_text("{}")
    save_boards("board_a")
    errors = tmp_path / "errors.txt"
    with (
        errors.open("w") as file,
        subprocess.Popen(
            command("--port", "0", alone=True), stdout=subprocess.PIPE, stderr=file, text=True
        ) as process,
    ):
        try:
            address = process.stdout.readline().split(" at ")[1].split(" ")[0]
            assert ask(int(address.rpartition(":")[2]))[0] == 200
        finally:
            process.terminate()
        assert process.wait(timeout=60) == 0
    told = errors.read_text()
    assert "WARNING archcast.serve: refused: " in told
    assert "damaged/manifest.json" in told
    assert "Traceback" not in told


def test_what_to_install_is_told(home, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(MissingPackageError, match=re.escape(install_line("serve"))):
        serve_command.serve()
