"""The command ``serve`` as a process: its address, stopping, workers, many clients."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from command import Command, environment, start
from served import LONG, Serve, head, read_all, until

from detector.cli.commands import COMMANDS

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_requests_that_have_begun_are_answered_when_it_stops(number: int, code: int, serve: Serve) -> None:
    service = serve()
    with service.socket() as connection, closing(service.connect()) as idle:
        idle.request("GET", "/healthz")
        idle.getresponse().read()
        connection.sendall(head(5) + b"Ra")
        assert service.call("GET", "/healthz")[0] == 200  # the head of the other request has been read by then
        service.process.send_signal(number)
        assert idle.sock.recv(1) == b""  # closed: it stops
        with pytest.raises(ConnectionRefusedError):
            service.socket()
        connection.sendall(b"in.")
        answered = read_all(connection)
    assert answered.startswith(b"HTTP/1.1 200")
    assert answered.endswith(b"Rain.")
    assert service.process.wait(LONG) == code


def test_many_clients_are_served_without_an_error(serve: Serve, seed_texts: list[str]) -> None:
    service = serve("--threads", "2")
    body = json.dumps({"texts": seed_texts[::4]}).encode()
    expected = service.call("POST", "/clean", body, {"Content-Type": "application/json"})

    def client(_: int) -> set[tuple[int, bytes]]:
        with closing(service.connect()) as connection:
            answers = set()
            for _ in range(3):
                connection.request("POST", "/clean", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answers.add((answer.status, answer.read()))
            return answers

    with ThreadPoolExecutor(50) as pool:
        for answers in pool.map(client, range(50)):
            assert answers == {expected}
    assert service.stop() == 143
    assert sum(line["status"] == 200 for line in service.lines if line["event"] == "request") == 151


def test_workers_share_the_address_the_counts_and_the_end(serve: Serve) -> None:
    service = serve("--workers", "2", "--threads", "1")
    workers = psutil.Process(service.process.pid).children()
    assert len(workers) == 2
    for _ in range(20):
        assert service.call("POST", "/clean", b"Rain.") == (200, b"Rain.")
    assert b'detector_documents_total{path="/clean"} 20.0' in service.call("GET", "/metrics")[1]
    workers[0].kill()
    until(lambda: any(line["event"] == "worker" for line in service.lines))
    until(lambda: len(psutil.Process(service.process.pid).children()) == 2)
    assert service.call("POST", "/clean", b"Rain.") == (200, b"Rain.")
    with service.socket() as connection:
        connection.sendall(head(5) + b"Ra")
        assert service.call("GET", "/healthz")[0] == 200
        service.process.send_signal(signal.SIGTERM)
        connection.sendall(b"in.")
        assert read_all(connection).endswith(b"Rain.")
    assert service.process.wait(LONG) == 143
    assert not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers)


def test_workers_end_with_the_process_that_started_them(serve: Serve) -> None:
    service = serve("--workers", "2", "--threads", "1")
    workers = psutil.Process(service.process.pid).children()
    service.process.kill()
    gone, alive = psutil.wait_procs(workers, timeout=LONG)
    assert (len(gone), alive) == (2, [])


SLOW_WORKERS = """
import sys, time
from detector.cli.main import main
from detector.service import workers
handle = workers.handle_stop_signals
workers.handle_stop_signals = lambda handler: (time.sleep(1), handle(handler))
main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, workers do not inherit what is replaced here")
def test_it_can_be_interrupted_while_workers_start(tiny_model_dir: Path) -> None:
    options = ["serve", "--port", "0", "--workers", "2", "-m", str(tiny_model_dir)]
    process = start(*options, program=("-c", SLOW_WORKERS), new_group=True)
    until(lambda: len(psutil.Process(process.pid).children()) == 2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, told = process.communicate(timeout=LONG / 2)  # not the time that requests have to finish
    assert process.returncode == 130
    assert b"before it answered" not in told


WRONG = [
    (["--host", "nowhere.invalid"], 2, "cannot listen on nowhere.invalid"),
    (["-t", "2"], 2, "threshold"),
    (["--keep", "nothing"], 2, "neither a label nor a kind"),
    (["-m", "nowhere"], 2, "nowhere"),
    (["-m", "nowhere", "--workers", "2"], 2, "nowhere"),
    (["--allow-host", "http://cleaner.example"], 2, "--allow-host"),
    (["--allow-host", ""], 2, "--allow-host"),
]


@pytest.mark.parametrize(("options", "code", "said"), WRONG, ids=[" ".join(options) for options, *_ in WRONG])
def test_what_is_wrong_is_told_before_it_serves(options: list[str], code: int, said: str) -> None:
    process = start("serve", "--port", "0", *options)
    _, told = process.communicate(timeout=LONG)
    assert process.returncode == code
    assert said in json.loads(told.splitlines()[-1])["message"]


def test_an_address_in_use_is_told(serve: Serve, tiny_model_dir: Path) -> None:
    process = start("serve", "--port", serve().port, "-m", tiny_model_dir)
    _, told = process.communicate(timeout=LONG)
    assert process.returncode == 2
    assert "choose others: --host, --port" in json.loads(told)["message"]


def test_a_missing_library_is_told_with_what_to_install(
    tiny_model_dir: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fastapi", None)
    monkeypatch.setattr("detector.cli.messages._Log.as_json", False)  # as it is again after the test
    called = Command(tiny_model_dir, capfdbinary, monkeypatch)("serve")
    assert called.code == 2
    assert "pip install 'boilerplate-detector[serve]'" in called.err


def test_importing_the_package_imports_no_web_library() -> None:
    program = "import detector, sys; detector.clean; print(*sys.modules)"
    done = subprocess.run(["python", "-c", program], env=environment(), capture_output=True, check=True, text=True)
    assert not {"fastapi", "uvicorn", "starlette", "pydantic", "prometheus_client"} & set(done.stdout.split())
    assert COMMANDS["serve"] == "detector.cli.serve"
