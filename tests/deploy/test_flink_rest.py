"""Flink's REST API, which can run code, accepts only clients with the key. Uses a real job manager."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from deploy.local.layout import ROOT, Layout
from deploy.local.ports import Ports, free_block
from deploy.local.prerequisites import find_java
from deploy.local.readiness import rest_context
from deploy.local.servers import rest_keys_command, server_programs, write_configuration
from drills.stack import wait_until

pytestmark = pytest.mark.server

JOB = "00000000000000000000000000000001"
# Requests that a page of another site, or a local account, could send without the key.
REQUESTS = [
    ("GET", "/overview"),
    ("GET", "/jobs/overview"),
    ("GET", "/jobmanager/config"),
    ("GET", "/jobmanager/log"),
    ("GET", f"/jobs/{JOB}/yarn-cancel"),
    ("GET", f"/jobs/{JOB}/yarn-stop"),
    ("PATCH", f"/jobs/{JOB}?mode=cancel"),
    ("POST", f"/jobs/{JOB}/savepoints"),
    ("POST", f"/jobs/{JOB}/stop"),
    ("POST", "/jobs"),
    ("POST", "/jars/upload"),
    ("DELETE", "/cluster"),
    ("OPTIONS", "/jobs"),
]


@dataclass(frozen=True)
class JobManager:
    """A running job manager and its configuration folder."""

    port: int
    conf: Path

    def request(self, method: str, path: str, scheme: str, verify: ssl.SSLContext | bool = False) -> httpx.Response:
        headers = {"Origin": "https://evil.example", "Host": "evil.example"}
        with httpx.Client(verify=verify, timeout=10, trust_env=False) as client:
            url = f"{scheme}://127.0.0.1:{self.port}{path}"
            return client.request(method, url, headers=headers, content=b"{}" if method == "POST" else None)


@pytest.fixture(scope="module")
def job_manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobManager]:
    layout = Layout(ROOT, tmp_path_factory.mktemp("a folder"), Ports(free_block()), {})
    layout.create_folders()
    write_configuration(layout)
    subprocess.run(rest_keys_command(layout), check=True)
    java = find_java()
    assert java is not None
    programs = {program.name: program for program in server_programs(layout, java)}
    with layout.log_file("flink-jobmanager").open("wb") as log:
        process = subprocess.Popen(programs["flink-jobmanager"].command, stdout=log, stderr=log)
    job_manager = JobManager(layout.ports["Flink's REST API"], layout.conf)
    try:
        wait_until(lambda: process.poll() is not None or responds(job_manager), 120, "the job manager to respond")
        assert process.poll() is None, layout.log_file("flink-jobmanager").read_text()
        yield job_manager
    finally:
        process.kill()
        process.wait()


def responds(job_manager: JobManager) -> bool:
    try:
        response = job_manager.request("GET", "/overview", "https", rest_context(job_manager.conf))
        return "taskmanagers" in response.json()
    except (httpx.TransportError, ValueError):
        return False


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_a_request_without_the_key_is_rejected(job_manager: JobManager, method: str, path: str) -> None:
    # Flink redirects plain HTTP to HTTPS before it reads the path.
    redirect = job_manager.request(method, path, "http")
    assert (redirect.status_code, redirect.content) == (301, b"")
    assert redirect.headers["Location"].startswith("https://")
    assert "Access-Control-Allow-Origin" not in redirect.headers
    with pytest.raises(httpx.TransportError):
        job_manager.request(method, path, "https")
    # A client that trusts the server but has no key.
    trusting = ssl.create_default_context(cafile=job_manager.conf / "flink" / "rest-ca.pem")
    with pytest.raises(httpx.TransportError):
        job_manager.request(method, path, "https", trusting)


def test_a_different_key_is_rejected(job_manager: JobManager, tmp_path: Path) -> None:
    script = ROOT / "deploy" / "local" / "rest_keys.py"
    subprocess.run([sys.executable, str(script), str(tmp_path), "127.0.0.1"], check=True, env={**os.environ})
    other = ssl.create_default_context(cafile=job_manager.conf / "flink" / "rest-ca.pem")
    other.load_cert_chain(tmp_path / "rest.pem")
    with pytest.raises(httpx.TransportError):
        job_manager.request("GET", "/overview", "https", other)


def test_a_client_with_the_key_is_served_but_other_origins_cannot_read_responses(job_manager: JobManager) -> None:
    context = rest_context(job_manager.conf)
    for method, path in (("GET", "/overview"), ("GET", f"/jobs/{JOB}/yarn-cancel"), ("OPTIONS", "/jobs")):
        response = job_manager.request(method, path, "https", context)
        assert response.status_code < 500
        origin = response.headers.get("Access-Control-Allow-Origin", "")
        assert origin in ("", f"https://127.0.0.1:{job_manager.port}"), path


def test_keys_are_readable_by_their_owner_only(job_manager: JobManager) -> None:
    keys = list((job_manager.conf / "flink").glob("rest*"))
    assert len(keys) == 4
    assert {path.stat().st_mode & 0o777 for path in keys} == {0o600}
