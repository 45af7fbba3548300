"""Vela's compiler in a process of its own."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from archcast.collect.estimate import vela_process
from archcast.collect.estimate.vela_process import VelaProcess
from archcast.core.errors import InputError

ECHO = """
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    if request["name"] == "crash":
        sys.exit(7)
    print(json.dumps({"name": request["name"]}), flush=True)
"""


@pytest.fixture
def process(tmp_path, monkeypatch):
    worker = tmp_path / "worker.py"
    worker.write_text(ECHO)
    monkeypatch.setattr(vela_process, "_WORKER", worker)
    made = VelaProcess()
    yield made
    made.close()


def named(process, name):
    return process.compile(name, b"", "", "")["name"]


def test_one_process_answers_all_and_threads_take_turns(process):
    assert named(process, "first") == "first"
    worker = process._worker.pid
    names = [str(i) for i in range(40)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda name: named(process, name), names)) == names
    assert process._worker.pid == worker


def test_after_a_crash_the_next_network_is_compiled(process):
    with pytest.raises(InputError, match="ended on the network, with exit code 7"):
        named(process, "crash")
    assert named(process, "next") == "next"


def test_a_forked_process_starts_a_worker_of_its_own(process):
    assert named(process, "before") == "before"
    worker, ours = process._worker, process._worker.stdin
    ends = os.dup(ours.fileno()), os.dup(worker.stdout.fileno())
    process.forget()
    assert ours.closed
    assert named(process, "child") == "child"
    os.write(ends[0], json.dumps({"name": "still there"}).encode() + b"\n")
    assert json.loads(os.read(ends[1], 1000)) == {"name": "still there"}
    for end in ends:
        os.close(end)
    os.waitpid(worker.pid, 0)
