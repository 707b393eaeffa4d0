"""Client for the Flink cluster: its REST API, `flink run`, and the checkpoints on disk."""

from __future__ import annotations

import json
import locale
import logging
import math
import os
import shutil
import ssl
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from apps.metrics.checkpoint_watch import Checkpoint, Checkpoints
from core.errors import ServiceUnavailable, TwitchlyError
from core.pipeline.topics import TOPIC
from flink.sql import ACCESS
from twitchly import kafka
from twitchly.clock import now_ms

log = logging.getLogger(__name__)

ALIVE = frozenset({"INITIALIZING", "CREATED", "RUNNING", "RESTARTING", "RECONCILING", "FAILING", "CANCELLING"})
SUBMIT_TIMEOUT_S = 120
SAVEPOINT_TIMEOUT_S = 60
# An hour less than the retention of `chat`.
CHECKPOINT_MAX_AGE_S = TOPIC["chat"].retention_ms / 1000 - 3_600
# Folder of savepoints, next to the checkpoint folders of the plans.
SAVEPOINTS = "savepoints"


class SubmitFailed(TwitchlyError):
    """Flink did not accept the job, or the job did not start; the message contains the client's error."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job on the cluster: its state, and whether all of its tasks are running."""

    id: str
    state: str
    is_running: bool


@dataclass(frozen=True, slots=True)
class JobCounters:
    """Counts of a job's chat records: read, not JSON, dropped as late, and not read yet."""

    records_read: int
    not_json: int
    late_dropped: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Plan of a job: the digest of its SQL, and the time from which its windows are complete.

    State belongs to one plan. Flink maps restored state by position, so under another plan, counts would be wrong.
    """

    digest: str
    valid_from_ms: int

    @property
    def folder(self) -> Path:
        """The checkpoint folder of this plan."""
        return Path(settings.FLINK_CHECKPOINTS) / f"{self.digest}-{self.valid_from_ms}"


def rest_client() -> httpx.Client:
    """Return a client for FLINK_REST_URL that uses the TLS keys and ignores proxies.

    Raises: ImproperlyConfigured if the keys cannot be read.
    """
    verify = _rest_context() if settings.FLINK_REST_URL.startswith("https:") else True
    return httpx.Client(timeout=10, verify=verify, trust_env=False)  # defense: flink-proxy


def _rest_context() -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.FLINK_CA_FILE)
        context.load_cert_chain(settings.FLINK_KEY_FILE)
    except OSError as error:
        names = f"FLINK_CA_FILE ({settings.FLINK_CA_FILE}) and FLINK_KEY_FILE ({settings.FLINK_KEY_FILE})"
        raise ImproperlyConfigured(f"{names} cannot be read: {error}") from error
    return context


class FlinkCluster:
    """Client for the cluster at `url`, FLINK_REST_URL by default."""

    def __init__(self, client: httpx.Client, url: str | None = None) -> None:
        self._client = client
        self._url = settings.FLINK_REST_URL if url is None else url

    def jobs(self, name: str) -> list[Job]:
        """Return the jobs called `name` that have not ended, oldest first. Raises: ServiceUnavailable."""
        alive = [job for job in self._get("/jobs/overview")["jobs"] if job["name"] == name and job["state"] in ALIVE]
        return [_job(job) for job in sorted(alive, key=lambda job: int(job["start-time"]))]

    def cancel(self, job_id: str) -> None:
        """Cancel a job; its checkpoints are kept. Raises: ServiceUnavailable."""
        try:
            self._client.patch(f"{self._url}/jobs/{job_id}", params={"mode": "cancel"}).raise_for_status()
        except httpx.HTTPError as error:
            raise ServiceUnavailable(f"Flink at {self._url} did not cancel job {job_id}: {error}") from error

    def stop_with_savepoint(self, job_id: str, plan: Plan) -> Path:
        """Stop a job gracefully, after it has written all results, and return its savepoint.

        Raises: SubmitFailed if no savepoint is made; ServiceUnavailable.
        """
        body = {"targetDirectory": _flink_path(settings.FLINK_CHECKPOINTS / SAVEPOINTS / plan.folder.name)}
        try:
            response = self._client.post(f"{self._url}/jobs/{job_id}/stop", json=body)
            response.raise_for_status()
            trigger = response.json()["request-id"]
        except httpx.HTTPStatusError as error:
            raise SubmitFailed(f"Flink refused to stop the job: {error}") from error
        except (httpx.HTTPError, ValueError) as error:
            raise ServiceUnavailable(f"Flink at {self._url} did not stop job {job_id}: {error}") from error
        deadline_s = time.monotonic() + SAVEPOINT_TIMEOUT_S
        while time.monotonic() < deadline_s:
            result = self._get(f"/jobs/{job_id}/savepoints/{trigger}")
            if result["status"]["id"] == "COMPLETED":
                return _savepoint(result["operation"])
            time.sleep(0.5)
        raise SubmitFailed(f"no savepoint within {SAVEPOINT_TIMEOUT_S} s")

    def has_slots(self) -> bool:
        """Return whether a task manager is available. Raises: ServiceUnavailable."""
        return bool(self._get("/overview")["slots-total"])

    def state(self, job_id: str) -> str:
        """Return the state of a job, even if it has ended. Raises: ServiceUnavailable."""
        return str(self._get(f"/jobs/{job_id}")["state"])

    def failure_reason(self, job_id: str) -> str:
        """Return the root cause of a job's failure. Raises: ServiceUnavailable."""
        entries = self._get(f"/jobs/{job_id}/exceptions").get("exceptionHistory", {}).get("entries", [])
        causes = [line for line in str(entries[0]["stacktrace"] if entries else "").splitlines() if "aused by" in line]
        return causes[-1] if causes else "no exception recorded"

    def counters(self, job_id: str) -> JobCounters:
        """Return the counters of a job. Raises: ServiceUnavailable."""
        totals = {"numRecordsIn": 0, "numRecordsOut": 0, "numLateRecordsDropped": 0, "pendingRecords": 0}
        for vertex in self._get(f"/jobs/{job_id}")["vertices"]:
            path = f"/jobs/{job_id}/vertices/{vertex['id']}/metrics"
            ids = [metric["id"] for metric in self._get(path)]
            chosen = [i for i in ids if _is_source_count(i) or i.endswith("numLateRecordsDropped")]
            if chosen:
                for metric in self._get(path, {"get": ",".join(chosen)}):
                    totals[metric["id"].rpartition(".")[2]] += _whole(metric["value"])
        read, rows, late, waiting = totals.values()
        return JobCounters(records_read=read, not_json=read - rows, late_dropped=late, waiting=waiting)

    def checkpoints(self, job_id: str) -> Checkpoints:
        """Return the checkpoint statistics of a job. Raises: ServiceUnavailable.

        Source: Flink, "REST API", /jobs/:jobid/checkpoints.
        """
        statistics = self._get(f"/jobs/{job_id}/checkpoints")
        # A checkpoint that failed before it began is counted but has no entry.
        counts, failed = statistics["counts"], statistics["latest"]["failed"] or {}
        reason = str(failed.get("failure_message") or "unknown reason")
        return Checkpoints(int(counts["completed"]), int(counts["failed"]), reason, _newest(statistics["latest"]))

    def restarts(self, job_id: str) -> int:
        """Return the number of restarts of a job since it was submitted. Raises: ServiceUnavailable."""
        metrics = self._get(f"/jobs/{job_id}/metrics", {"get": "numRestarts"})
        return int(float(metrics[0]["value"])) if metrics else 0

    def submit(self, name: str, *, plan: Plan, checkpoint: Path | None) -> str:
        """Submit the job, restored from `checkpoint` if given, and return its id.

        Raises: SubmitFailed if Flink did not accept it; ServiceUnavailable on a timeout.
        """
        flink = settings.FLINK_VENV / "lib/python3.11/site-packages/pyflink/bin/flink"
        python = str(settings.FLINK_VENV / "bin/python")
        command = [str(flink), "run", "-d", *(["-s", _flink_path(checkpoint)] if checkpoint else [])]
        command += [f"-Dexecution.checkpointing.dir={_flink_path(plan.folder)}"]
        command += [f"-Dpython.pythonpath={settings.ROOT}", "-py", str(settings.ROOT / "flink/job.py")]
        command += ["-pyclientexec", python, "-pyexec", python]
        command += ["--bootstrap", settings.KAFKA_BOOTSTRAP, "--connector-jar", str(settings.FLINK_CONNECTOR_JAR)]
        command += ["--name", name, "--topic-prefix", settings.KAFKA_TOPIC_PREFIX]
        command += ["--valid-from-ms", str(plan.valid_from_ms), "--clock-offset-ms", str(settings.CLOCK_OFFSET_MS)]
        command += ["--submitted-ms", str(now_ms())]
        access = json.dumps(kafka.java_properties())
        env = {**os.environ, "FLINK_CONF_DIR": str(settings.FLINK_CONF_DIR), ACCESS: access}
        try:
            with tempfile.TemporaryDirectory(prefix="flink-run-") as folder:
                # The client's default folder, /tmp/pyflink, belongs to whichever user created it first.
                env["JDK_JAVA_OPTIONS"] = f'{env.get("JDK_JAVA_OPTIONS", "")} "-Djava.io.tmpdir={folder}"'.strip()
                if locale.getencoding().lower() != "utf-8":
                    # Java takes the encoding of paths from the locale.
                    env["LC_ALL"] = "C.UTF-8"
                process = subprocess.run(  # noqa: S603  fixed arguments, no shell
                    command, env=env, capture_output=True, text=True, timeout=SUBMIT_TIMEOUT_S, check=False
                )
        except subprocess.TimeoutExpired as error:
            raise ServiceUnavailable(f"Flink did not accept the job within {SUBMIT_TIMEOUT_S} s") from error
        except OSError as error:
            raise SubmitFailed(f"{flink} could not be run: {error}") from error
        marker = "JobID "
        if process.returncode or marker not in process.stdout:
            raise SubmitFailed(_error_line(process.stdout + process.stderr))
        return process.stdout.partition(marker)[2].split()[0]

    def _get(self, path: str, params: dict[str, str] | None = None) -> Any:
        try:
            response = self._client.get(self._url + path, params=params)
            response.raise_for_status()
            return response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise ServiceUnavailable(f"Flink at {self._url} is not responding to {path}: {error}") from error


def _flink_path(path: Path) -> str:
    """Return a path as a URL for Flink, which does not decode percent-encoding such as %20."""
    return f"file://{path}"


def _job(overview: dict[str, Any]) -> Job:
    tasks = overview["tasks"]
    running = overview["state"] == "RUNNING" and tasks["running"] + tasks["finished"] == tasks["total"]
    return Job(overview["jid"], overview["state"], running)


def _savepoint(operation: dict[str, Any]) -> Path:
    location = operation.get("location")
    if location is None:
        raise SubmitFailed(_error_line(str(operation.get("failure-cause", {}).get("stack-trace", ""))))
    return Path(str(location).removeprefix("file:"))


def newest_checkpoint(root: Path, digest: str) -> tuple[Plan, Path] | None:
    """Return the newest complete checkpoint or savepoint of this plan, or None if there is none or it is too old.

    An incomplete checkpoint has no `_metadata`. If a checkpoint is too old, Kafka has deleted the records from which
    the job would resume.
    """
    complete = [*root.glob(f"{digest}-*/*/chk-*/_metadata"), *root.glob(f"{SAVEPOINTS}/{digest}-*/*/_metadata")]
    fresh = [path for path in complete if time.time() - path.stat().st_mtime < CHECKPOINT_MAX_AGE_S]
    if not fresh:
        return None
    newest = max(fresh, key=lambda path: path.stat().st_mtime_ns).parent
    folder = next(parent for parent in newest.parents if parent.name.startswith(f"{digest}-"))
    return _plan(folder), newest


def plan_of(root: Path, job_id: str) -> Plan | None:
    """Return the plan of a job from its checkpoint folder, or None if the job has not created the folder yet."""
    return next((_plan(folder.parent) for folder in root.glob(f"*/{job_id}")), None)


def _plan(folder: Path) -> Plan:
    digest, _, valid_from_ms = folder.name.rpartition("-")
    return Plan(digest, int(valid_from_ms))


def delete_other_checkpoints(root: Path, job_id: str) -> bool:
    """Delete the checkpoints of other jobs if this job has a complete one; return whether it has one."""
    if not any(root.glob(f"*/{job_id}/chk-*/_metadata")):
        return False
    savepoints = sorted((root / SAVEPOINTS).glob("*/*"), key=lambda path: path.stat().st_mtime_ns)
    others = [folder for folder in root.glob("*/*") if folder.parent.name != SAVEPOINTS and folder.name != job_id]
    # Keep the last savepoint, for a rollback.
    for folder in [*others, *savepoints[:-1]]:
        shutil.rmtree(folder, ignore_errors=True)
    return True


def _is_source_count(metric: str) -> bool:
    names = ("numRecordsIn", "numRecordsOut", "pendingRecords")
    return "Source__chat" in metric and metric.rpartition(".")[2] in names


def _whole(value: str) -> int:
    """Return a metric's value; NaN, which the Kafka client reports at first, becomes 0."""
    number = float(value)
    return 0 if math.isnan(number) else max(0, int(number))


def _newest(latest: dict[str, Any]) -> Checkpoint | None:
    completed = latest.get("completed")
    if not completed:
        return None
    at_ms = int(completed["latest_ack_timestamp"]) + int(settings.CLOCK_OFFSET_MS)
    return Checkpoint(at_ms, int(completed["state_size"]), int(completed["end_to_end_duration"]))


def _error_line(output: str) -> str:
    """Return the line of the client's output that contains the root cause, not only that the Python process exited."""
    candidates = [
        line.strip() for line in output.splitlines() if any(word in line for word in ("aused by", "Error", "tion: "))
    ]
    causes = [line for line in candidates if "Python process exits" not in line] or candidates
    return causes[-1] if causes else output.strip()[-500:]
