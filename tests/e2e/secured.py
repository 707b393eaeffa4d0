"""Kafka, Cassandra and Valkey that require TLS and a password, in their own folder."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key, pkcs12

from deploy.local.layout import ROOT, Layout
from deploy.local.ports import Ports, free_block
from deploy.local.prerequisites import find_java
from deploy.local.servers import kafka_format_command, server_programs, valkey_server, write_configuration
from simulator.certificate import CERTIFICATE, KEY, server_context

USER, PASSWORD = "twitchly", "it's-secret"
# Cassandra's default superuser.
CASSANDRA_USER = CASSANDRA_PASSWORD = "cassandra"
REDIS_PASSWORD = "valkey-password"
STORE_PASSWORD = "of the key's file"


class TlsProxy:
    """TLS termination for a plain port, because the tests' Valkey is built without TLS."""

    def __init__(self, port: int, to_port: int, context: ssl.SSLContext) -> None:
        self._port, self._to_port, self._context = port, to_port, context
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()
        serving = asyncio.start_server(self._serve, "127.0.0.1", self._port, ssl=self._context)
        asyncio.run_coroutine_threadsafe(serving, self._loop).result(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        await asyncio.gather(_forward(reader, to_writer), _forward(to_reader, writer), return_exceptions=True)


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


class Secured:
    """The servers, and the environment with the credentials for them."""

    def __init__(self) -> None:
        self.var = Path(tempfile.mkdtemp(prefix="tw-tls-"))
        self.layout = Layout(ROOT, self.var, Ports(free_block()), {})
        self.layout.create_folders()
        java = find_java()
        assert java is not None
        self._java = java
        self._running: list[subprocess.Popen[bytes]] = []
        self.ca = self.var / "tls" / CERTIFICATE
        context, ports = server_context(self.var / "tls", datetime.now(UTC)), self.layout.ports
        self._tls_proxy = TlsProxy(ports["Valkey"], ports["simulated IRC"], context)

    def start(self) -> None:
        write_configuration(self.layout)
        kafka, cassandra, *_ = server_programs(self.layout, self._java)
        self._secure_kafka()
        self._secure_cassandra()
        # The default of 10 s waits for other nodes, of which there are none.
        quick = [cassandra.command[0], "-Dcassandra.superuser_setup_delay_ms=100", *cassandra.command[1:]]
        for name, command in (("kafka", kafka.command), ("cassandra", quick), ("valkey", self._valkey())):
            with self.layout.log_file(name).open("wb") as log:
                self._running.append(subprocess.Popen(list(command), cwd=self.var, stdout=log, stderr=log))
        self._tls_proxy.start()

    def remove(self) -> None:
        self._tls_proxy.stop()
        for process in self._running:
            process.kill()
            process.wait()
        shutil.rmtree(self.var, ignore_errors=True)

    @property
    def env(self) -> dict[str, str]:
        ports, secrets = self.layout.ports, self.var / "secrets"
        secrets.mkdir(exist_ok=True)
        (secrets / "kafka").write_text(f"{PASSWORD}\n")
        return {
            "PATH": os.environ["PATH"],
            "TWITCHLY_VAR": str(self.var),
            "TWITCHLY_PORT": str(ports.web),
            "SECRET_KEY": "fifty characters or more, as in a production environment",
            "KAFKA_SECURITY": "SASL_SSL",
            "KAFKA_USERNAME": USER,
            "KAFKA_PASSWORD_FILE": str(secrets / "kafka"),
            "KAFKA_CA_FILE": str(self.ca),
            "CASSANDRA_USERNAME": CASSANDRA_USER,
            "CASSANDRA_PASSWORD": CASSANDRA_PASSWORD,
            "CASSANDRA_TLS": "1",
            "CASSANDRA_CA_FILE": str(self.ca),
            "REDIS_URL": f"rediss://:{REDIS_PASSWORD}@127.0.0.1:{ports['Valkey']}",
            "REDIS_CA_FILE": str(self.ca),
        }

    def popen(self, *words: str, **env: str) -> subprocess.Popen[str]:
        """Start Python with the environment; empty variables are omitted."""
        variables = {name: value for name, value in {**self.env, **env}.items() if value}
        pipe = subprocess.PIPE
        return subprocess.Popen([sys.executable, *words], cwd=ROOT, env=variables, stdout=pipe, stderr=pipe, text=True)

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run Python and wait until it exits."""
        process = self.popen(*words, **env)
        try:
            out, err = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def manage(self, *words: str, **env: str) -> str:
        result = self.run("manage.py", *words, **env)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def _secure_kafka(self) -> None:
        path, port = self.layout.conf / "server.properties", self.layout.ports["Kafka"]
        both = self.var / "tls" / "server.pem"
        both.write_text(self.ca.read_text() + (self.var / "tls" / KEY).read_text())
        # The inter-broker listener uses the port of the simulated Twitch's TLS, because no simulator runs here.
        inside = f"INSIDE://127.0.0.1:{self.layout.ports['simulated TLS']}"
        text = path.read_text().replace(f"PLAINTEXT://127.0.0.1:{port}", f"SASL_SSL://127.0.0.1:{port},{inside}")
        module = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        path.write_text(
            f"{text}\ninter.broker.listener.name=INSIDE\n"
            "listener.security.protocol.map=SASL_SSL:SASL_SSL,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT\n"
            f"ssl.keystore.type=PEM\nssl.keystore.location={both}\n"
            f"sasl.enabled.mechanisms=SCRAM-SHA-512\nlistener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={module}\n"
        )
        user = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
        result = subprocess.run(
            [*kafka_format_command(self.layout, self._java), "--add-scram", user], capture_output=True
        )
        assert result.returncode == 0, result.stderr

    def _secure_cassandra(self) -> None:
        key = load_pem_private_key((self.var / "tls" / KEY).read_bytes(), None)
        certificate = x509.load_pem_x509_certificate(self.ca.read_bytes())
        store = self.var / "tls" / "server.p12"
        encryption = BestAvailableEncryption(STORE_PASSWORD.encode())
        store.write_bytes(pkcs12.serialize_key_and_certificates(b"server", key, certificate, None, encryption))  # type: ignore[arg-type]
        path = self.layout.conf / "cassandra.yaml"
        options = {"enabled": "true", "optional": "false", "keystore": f'"{store}"', "store_type": "PKCS12"}
        options["keystore_password"] = f'"{STORE_PASSWORD}"'
        inside = ", ".join(f"{name}: {value}" for name, value in options.items())
        text = re.sub(r"(?m)^(authenticator|client_encryption_options):.*\n", "", path.read_text())
        path.write_text(f"{text}\nauthenticator: PasswordAuthenticator\nclient_encryption_options: {{{inside}}}\n")

    def _valkey(self) -> Sequence[str]:
        port = str(self.layout.ports["simulated IRC"])
        options = ["--port", port, "--bind", "127.0.0.1", "--save", "", "--requirepass", REDIS_PASSWORD]
        return [str(valkey_server(self.layout)), *options]
