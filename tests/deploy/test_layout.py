"""Folders, settings and secrets of an instance."""

from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.layout import InvalidSetting, Layout, demo_password, read_layout, read_variables, write_run_env


def test_the_environment_overrides_dot_env(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# a comment\nTWITCHLY_PORT=9100\nTWITCH_CLIENT_ID='id'\n")
    assert read_layout({}, tmp_path).ports.web == 9100
    assert read_layout({"TWITCHLY_PORT": "9200"}, tmp_path).ports.web == 9200


def test_the_folder_defaults_to_var_in_the_project(tmp_path: Path) -> None:
    assert read_layout({}, tmp_path).var == tmp_path / "var"


@pytest.mark.parametrize("port", ["80", "65001", "abc", "-1", "８０００"])
def test_the_error_for_an_invalid_port_names_the_variable(port: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="TWITCHLY_PORT"):
        read_layout({"TWITCHLY_PORT": port}, tmp_path)


def test_twitch_is_simulated_unless_both_credentials_are_set(tmp_path: Path) -> None:
    both = {"TWITCH_CLIENT_ID": "id", "TWITCH_CLIENT_SECRET": "secret"}
    assert read_layout({"TWITCH_CLIENT_ID": "id"}, tmp_path).simulated
    assert not read_layout(both, tmp_path).simulated
    assert not read_layout({"TWITCH_CLIENT_ID": "id", "TWITCH_CLIENT_SECRET_FILE": "/s"}, tmp_path).simulated


def test_run_env_keeps_the_secret_key_and_is_private(layout: Layout) -> None:
    first = write_run_env(layout, {"FLINK_CONF_DIR": "/a b/it's"})
    second = write_run_env(layout, {})
    assert first["SECRET_KEY"] == second["SECRET_KEY"]
    assert len(first["SECRET_KEY"]) >= 50
    assert (layout.var / "run.env").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[:30],
        lambda text: text[: text.index("\n") - 1],
        lambda text: text[: text.index("\n") - 20] + "'\n",
        lambda text: text[text.index("\n") + 1 :],
        lambda text: text[:-5],
        lambda text: "\x00" * len(text),
    ],
    ids=["empty", "cut in the key", "cut before the quote", "short key", "no key", "cut at the end", "zeros"],
)
def test_a_damaged_run_env_is_rejected_and_not_changed(layout: Layout, damage: Callable[[str], str]) -> None:
    write_run_env(layout, {})
    path = layout.var / "run.env"
    damaged = damage(path.read_text())
    path.write_text(damaged)
    with pytest.raises(InvalidSetting, match=r"run.env is damaged.*backup"):
        write_run_env(layout, {})
    assert path.read_text() == damaged


def test_run_env_may_be_empty_if_a_key_is_configured(layout: Layout) -> None:
    (layout.root / ".env.example").write_text("# SECRET_KEY=\n")
    (layout.var / "run.env").touch()
    configured = Layout(layout.root, layout.var, layout.ports, {"SECRET_KEY": "a" * 50})
    assert write_run_env(configured, {})["SECRET_KEY"] == "a" * 50


def test_an_empty_password_file_gets_a_new_password(layout: Layout) -> None:
    layout.password_file.write_text("\n")
    assert len(demo_password(layout)) >= 12


def test_no_secret_key_is_generated_if_a_file_provides_one(layout: Layout) -> None:
    (layout.root / ".env.example").write_text("# SECRET_KEY=\n")
    configured = Layout(layout.root, layout.var, layout.ports, {"SECRET_KEY_FILE": "/secrets/key"})
    variables = write_run_env(configured, {})
    assert variables["SECRET_KEY_FILE"] == "/secrets/key"
    assert "SECRET_KEY" not in variables


def test_run_env_is_read_back_unchanged(layout: Layout) -> None:
    variables = write_run_env(layout, {"FLINK_CONF_DIR": "/a b/it's #1\\x"})
    assert read_variables(layout.var / "run.env") == variables


def test_run_env_contains_only_settings_that_are_set(layout: Layout) -> None:
    (layout.root / ".env.example").write_text("# Channels.\nCHANNELS_WANTED=500\n# CLOCK_OFFSET_MS=0\n")
    configured = Layout(layout.root, layout.var, layout.ports, {"CLOCK_OFFSET_MS": "5", "HOME": "/root"})
    variables = write_run_env(configured, {})
    assert variables["CLOCK_OFFSET_MS"] == "5"
    assert "CHANNELS_WANTED" not in variables
    assert "HOME" not in variables


def test_the_demo_password_is_private_and_generated_only_once(layout: Layout) -> None:
    assert demo_password(layout) == demo_password(layout)
    assert len(demo_password(layout)) >= 16
    assert layout.password_file.stat().st_mode & 0o777 == 0o600
    assert layout.var.stat().st_mode & 0o777 == 0o700
