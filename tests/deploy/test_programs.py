"""Commands and configuration of the processes and servers."""

import re
from pathlib import Path

import pytest
import yaml

from deploy.local.commands import split
from deploy.local.layout import Layout
from deploy.local.programs import DEMO_EMAIL, PRODUCERS_MAX, Scope, Simulation, app_programs, producers_problems
from deploy.local.run import RunOptions
from deploy.local.servers import CONFIGURATION, TEMPLATES, flink_home, kafka_is_formatted, write_configuration


@pytest.fixture
def configured(layout: Layout) -> Layout:
    conf = flink_home(layout) / "conf"
    conf.mkdir(parents=True)
    (conf / "config.yaml").write_text("env:\n  java:\n    opts:\n      all: --add-opens=a --add-opens=b\n")
    write_configuration(layout)
    return layout


def test_simulation_options_are_passed_to_the_simulator(layout: Layout) -> None:
    twitch = app_programs(layout, Simulation(replay=Path("/data/chat.csv.gz"), speed="4"))[0]
    assert twitch.name == "twitch"
    assert list(twitch.command)[-4:] == ["--replay", "/data/chat.csv.gz", "--speed", "4"]
    assert "21008" in twitch.command


def test_simulate_history_gets_the_options_of_the_simulator_and_runs_once(layout: Layout) -> None:
    history = app_programs(layout, Simulation(channels="20", rate="5", seed="3", history="7"))[-1]
    assert (history.name, history.runs_once) == ("history", True)
    expected = f"simulate_history --demo-email {DEMO_EMAIL} --rate 5 --channels 20 --seed 3 --days 7"
    assert " ".join(history.command).endswith(expected)


@pytest.mark.parametrize("simulation", [Simulation(history="0"), Simulation(replay=Path("/data/chat.csv"))])
def test_an_instance_without_a_simulated_past_has_no_process_for_it(layout: Layout, simulation: Simulation) -> None:
    assert "history" not in [program.name for program in app_programs(layout, simulation)]


def test_valid_simulation_options_are_accepted(tmp_path: Path) -> None:
    recording = tmp_path / "chat.csv.gz"
    recording.touch()
    assert Simulation().problems() == []
    assert Simulation(replay=recording, speed="0.5").problems() == []
    assert Simulation(rate="1e3", channels="20", seed="-7", history="0").problems() == []


@pytest.mark.parametrize(
    ("simulation", "expected"),
    [
        (Simulation(rate="fast"), "RATE is 'fast': expected"),
        (Simulation(rate="0"), "RATE is '0': expected"),
        (Simulation(rate="nan"), "RATE is 'nan': expected"),
        (Simulation(channels="2.5"), "CHANNELS is '2.5': expected a whole number above 0"),
        (Simulation(channels="0"), "CHANNELS is '0': expected a whole number above 0"),
        (Simulation(history="-1"), "HISTORY is '-1': expected a whole number of days from 0 to 80"),
        (Simulation(history="81"), "HISTORY is '81': expected a whole number of days from 0 to 80"),
        (Simulation(seed="x"), "SEED is 'x': expected a whole number"),
        (Simulation(speed="4"), "SPEED is set without REPLAY"),
        (
            Simulation(replay=Path("/no/chat.csv")),
            "REPLAY is '/no/chat.csv': expected an existing .csv or .csv.gz file",
        ),
        (Simulation(replay=Path(__file__)), f"REPLAY is '{__file__}': expected an existing .csv or .csv.gz file"),
    ],
)
def test_errors_name_an_invalid_option_by_its_make_variable(simulation: Simulation, expected: str) -> None:
    (problem,) = simulation.problems()
    assert problem.startswith(expected)


def test_all_invalid_options_are_reported_together() -> None:
    simulation = Simulation(Path("/no/chat.txt"), "-1", "-1", "-1", "1.5")
    assert [problem.split()[0] for problem in simulation.problems()] == ["REPLAY", "SPEED", "RATE", "CHANNELS", "SEED"]


def test_every_producer_has_a_name_and_a_metrics_port(layout: Layout) -> None:
    programs = {program.name: list(program.command)[-4:] for program in app_programs(layout, Simulation(), 2)}
    assert programs["producer"] == ["--name", "producer-1", "--metrics-port", "21013"]
    assert programs["producer-2"] == ["--name", "producer-2", "--metrics-port", "21014"]
    assert "producer-3" not in programs


def test_the_number_of_producers_is_limited_by_their_ports() -> None:
    assert [producers_problems(producers) for producers in (None, "1", str(PRODUCERS_MAX))] == [[], [], []]
    assert [producers_problems(producers)[0].split()[0] for producers in ("0", "5", "two", "")] == ["PRODUCERS"] * 4


def test_ingest_only_starts_the_processes_between_twitch_and_kafka(configured: Layout) -> None:
    options = RunOptions(producers="2", scope=Scope.INGEST)
    names = [program.name for program in options.programs(configured, "java")]
    assert names == ["kafka", "valkey", "twitch", "worker", "beat", "producer", "producer-2"]


def test_the_servers_scope_excludes_app_processes(configured: Layout) -> None:
    names = [program.name for program in RunOptions(scope=Scope.SERVERS).programs(configured, "java")]
    assert names == ["kafka", "cassandra", "valkey", "flink-jobmanager", "flink-taskmanager"]


def test_the_real_twitch_needs_no_simulator(layout: Layout) -> None:
    real = Layout(layout.root, layout.var, layout.ports, {"TWITCH_CLIENT_ID": "i", "TWITCH_CLIENT_SECRET": "s"})
    assert "twitch" not in [program.name for program in app_programs(real, Simulation())]


def test_commands_are_split_at_double_dashes() -> None:
    assert split(["migrate", "--noinput", "--", "check"]) == [["migrate", "--noinput"], ["check"]]


def test_every_server_listens_on_loopback_with_the_ports_of_the_instance(configured: Layout) -> None:
    texts = {name: (configured.conf / target).read_text() for name, target in CONFIGURATION.items()}
    assert "listeners=PLAINTEXT://127.0.0.1:21001,CONTROLLER://127.0.0.1:21002" in texts["server.properties"]
    assert "port 21005\nbind 127.0.0.1" in texts["valkey.conf"]
    cassandra = yaml.safe_load(texts["cassandra.yaml"])
    assert (cassandra["native_transport_port"], cassandra["storage_port"]) == (21003, 21004)
    assert cassandra["disk_failure_policy"] == cassandra["commit_failure_policy"] == "die"
    assert cassandra["listen_address"] == cassandra["rpc_address"] == "127.0.0.1"
    flink = yaml.safe_load(texts["flink-config.yaml"])
    assert flink["rest"] == {"address": "127.0.0.1", "bind-address": "127.0.0.1", "port": 21006}
    assert flink["jobmanager"]["bind-host"] == flink["taskmanager"]["bind-host"] == "127.0.0.1"
    assert flink["env"]["java"]["opts"]["all"].startswith("--add-opens=a --add-opens=b ")


def test_no_placeholder_remains(configured: Layout) -> None:
    for name, target in CONFIGURATION.items():
        assert not re.findall(r"\$[a-z{]", (configured.conf / target).read_text()), name


def test_every_template_is_used() -> None:
    assert {path.name for path in TEMPLATES.iterdir()} == set(CONFIGURATION)


def test_kafka_is_formatted_once(configured: Layout) -> None:
    assert not kafka_is_formatted(configured)
    (configured.var / "kafka" / "meta.properties").write_text("")
    assert kafka_is_formatted(configured)
