"""A channel to a child process: answers, refusals, and every way in which it can break."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

import pytest

from archcast.collect.measure.channel import (
    ChannelTimeoutError,
    ConnectionLostError,
    NonsenseError,
    ProcessChannel,
    RefusedError,
)

ECHO = """
import json, os, sys, time
for line in sys.stdin:
    asked = json.loads(line)
    if asked["command"] == "die":
        print("it broke", file=sys.stderr); sys.exit(7)
    if asked["command"] == "hang":
        time.sleep(600)
    if asked["command"] == "deaf":
        import subprocess
        subprocess.Popen(["sleep", "600"]); time.sleep(600)
    if asked["command"] == "raw":
        print(asked["line"], flush=True); continue
    if asked["command"] == "pid":
        asked["pid"] = os.getpid()
    answer = {"id": asked["id"], "ok": asked["command"] != "refuse", "error": "will not", **{
        k: v for k, v in asked.items() if k not in ("id", "command")}}
    print(json.dumps(answer), flush=True)
"""


@pytest.fixture
def channel() -> Iterator[ProcessChannel]:
    with ProcessChannel([sys.executable, "-c", ECHO], name="echo") as opened:
        yield opened


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_answers_come_back(channel: ProcessChannel) -> None:
    for value in (1, "two", [3.5]):
        assert channel.request({"command": "say", "value": value}, timeout_s=30)["value"] == value


def test_a_line_of_ten_megabytes_passes_both_ways(channel: ProcessChannel) -> None:
    text = "x" * 10_000_000
    assert channel.request({"command": "say", "text": text}, timeout_s=60)["text"] == text


def test_a_refusal_leaves_the_channel_open(channel: ProcessChannel) -> None:
    with pytest.raises(RefusedError, match="echo: will not"):
        channel.request({"command": "refuse"}, timeout_s=30)
    assert channel.request({"command": "say"}, timeout_s=30)["ok"]


def test_an_ended_process_is_told_with_its_last_words(channel: ProcessChannel) -> None:
    with pytest.raises(ConnectionLostError, match="echo ended with exit code 7: it broke"):
        channel.request({"command": "die"}, timeout_s=30)
    with pytest.raises(ConnectionLostError, match="not open"):
        channel.request({"command": "say"}, timeout_s=30)
    channel.reopen()
    assert channel.request({"command": "say"}, timeout_s=30)["ok"]


def test_a_process_that_hangs_is_ended(channel: ProcessChannel) -> None:
    pid = channel.request({"command": "pid"}, timeout_s=30)["pid"]
    with pytest.raises(ChannelTimeoutError, match=r"echo did not answer 'hang' within 0.2 s"):
        channel.request({"command": "hang"}, timeout_s=0.2)
    assert not is_alive(pid)


def test_what_a_hanging_process_has_started_is_ended_too(channel: ProcessChannel) -> None:
    group = channel.request({"command": "pid"}, timeout_s=30)["pid"]
    with pytest.raises(ChannelTimeoutError):
        channel.request({"command": "deaf"}, timeout_s=1.0)
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("the process group is still there")


def test_a_process_that_does_not_read_is_ended() -> None:
    deaf = ProcessChannel([sys.executable, "-c", "import time; time.sleep(600)"])
    with deaf, pytest.raises(ChannelTimeoutError):
        deaf.request({"command": "say", "text": "x" * 10_000_000}, timeout_s=0.2)


@pytest.mark.parametrize(
    "line", ["Welcome!", "[1, 2]", '{"ok": true}', '{"id": 999, "ok": true}', "{" * 100_000, "y" * 100_000]
)
def test_nonsense_is_quoted_and_shortened(channel: ProcessChannel, line: str) -> None:
    with pytest.raises(NonsenseError, match="echo answered nonsense") as caught:
        channel.request({"command": "raw", "line": line}, timeout_s=30)
    assert line[:20] in str(caught.value)
    assert len(str(caught.value)) < 200


def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(ConnectionLostError, match="no-such-program cannot be started"):
        ProcessChannel(["/nowhere/no-such-program"]).open()


def test_closing_ends_the_process_and_may_be_repeated(channel: ProcessChannel) -> None:
    pid = channel.request({"command": "pid"}, timeout_s=30)["pid"]
    channel.close()
    channel.close()
    assert not is_alive(pid)


def test_variables_reach_the_process() -> None:
    program = (
        'import os, sys; sys.stdin.readline(); print(\'{"id": 1, "ok": true, "v": %s}\' % os.environ[\'V\'])'
    )
    with ProcessChannel([sys.executable, "-c", program], environment={"V": "41"}) as channel:
        assert channel.request({"command": "x"}, timeout_s=30)["v"] == 41
