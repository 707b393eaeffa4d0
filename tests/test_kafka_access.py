"""Kafka credentials of the processes and of the stream job."""

from __future__ import annotations

from pytest_django import Settings

from flink.sql import JobConfig, statements
from twitchly import kafka


def test_the_job_gets_only_the_address_if_kafka_has_no_security(settings: Settings) -> None:
    assert kafka.java_properties() == {}
    definitions, _ = statements(JobConfig("127.0.0.1:9"))
    assert "security" not in "".join(definitions)


def test_the_job_gets_the_same_credentials_in_java_properties(settings: Settings) -> None:
    settings.KAFKA_SECURITY, settings.KAFKA_SASL_MECHANISM = "SASL_SSL", "SCRAM-SHA-256"
    settings.KAFKA_USERNAME, settings.KAFKA_PASSWORD = "counter", """it's "q\\d" """
    settings.KAFKA_CA_FILE = "/ca.pem"
    result = kafka.java_properties()
    assert result["ssl.truststore.location"] == "/ca.pem"
    assert result["sasl.jaas.config"].endswith(
        """.scram.ScramLoginModule required username="counter" password="it's \\"q\\\\d\\" ";"""
    )
    definitions, _ = statements(JobConfig("127.0.0.1:9", access=result))
    tables = [text for text in definitions if "'connector' = 'kafka'" in text]
    assert len(tables) == 6
    for text in tables:
        assert "'properties.security.protocol' = 'SASL_SSL'" in text
        assert "password=\"it''s " in text


def test_sasl_plain_uses_its_own_login_module(settings: Settings) -> None:
    settings.KAFKA_SECURITY, settings.KAFKA_SASL_MECHANISM = "SASL_PLAINTEXT", "PLAIN"
    settings.KAFKA_USERNAME, settings.KAFKA_PASSWORD = "u", "p"
    result = kafka.java_properties()
    assert ".plain.PlainLoginModule required" in result["sasl.jaas.config"]
    assert "ssl.truststore.location" not in result


def test_the_repr_of_a_job_has_no_password() -> None:
    assert "hidden" not in repr(JobConfig("127.0.0.1:9", access={"sasl.jaas.config": "hidden"}))
