"""The benchmarks page shows the measured figures and no others."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench import report

MACHINE = {
    "at": "2026-01-02T03:04:05Z",
    "processor": "one",
    "cores": 2,
    "memory_gb": 8.0,
    "system": "Linux",
    "python": "3.11",
    "commit": "abc1234",
}
FIGURES: dict[str, dict[str, Any]] = {
    "scaling": {
        "seconds": 60,
        "steps": [
            {"channels": 500, "messages/s": 2_000, "cores": 0.25},
            {"channels": 5_000, "messages/s": 20_000, "cores": 1.1},
        ],
    },
    "sockets": {"pages": 1_000, "deliveries/CPU-s": 12_345, "memory": [(0.0, 160.0)]},
    "latency": {"median_ms": 1_234, "cores": {"web": 0.1}, "peak_mb": {"web": 99}, "percentiles_ms": [1, 2]},
    "hour": {
        "minutes": 75.0,
        "hour_at_s": 120.0,
        "samples": {"memory MB web": [(0.0, 90.0), (15.0, 91.0), (30.0, 95.5)], "checkpoint MB": [(0.0, 1.0)]},
        "ledger": {"sent": 9_000_000, "windows": 12_345, "differences": 0},
    },
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bench").mkdir()
    for name, figures in FIGURES.items():
        (tmp_path / "bench" / f"{name}.json").write_text(json.dumps({"machine": MACHINE, **figures}))
    monkeypatch.setenv("TWITCHLY_VAR", str(tmp_path))
    monkeypatch.setattr(report, "PAGE", tmp_path / "benchmarks.md")
    monkeypatch.setattr(report, "PLOTS", tmp_path / "plots")
    return tmp_path


def test_the_page_shows_the_figures_with_time_and_commit(folder: Path) -> None:
    assert report.main() == 0
    page = (folder / "benchmarks.md").read_text()
    assert "| scaling | 2026-01-02T03:04:05Z | abc1234 |" in page
    assert "| 5,000 | 20,000 | 1.1 |" in page
    assert "| median ms | 1,234 |" in page
    assert "## 1,000 live pages on one web process" in page
    assert "| deliveries/CPU-s | 12,345 |" in page
    assert "| memory MB web | 90.0 | 95.5 | 95.5 |" in page
    assert "9,000,000 messages and 12,345 windows were compared with the ledger; differences: 0." in page


def test_a_benchmark_without_figures_has_no_section(folder: Path) -> None:
    report.main()
    assert "## Sinks" not in (folder / "benchmarks.md").read_text()


def test_plots_depend_only_on_the_figures(folder: Path) -> None:
    report.main()
    plots = {path.stem: path.read_text() for path in (folder / "plots").glob("*.svg")}
    assert sorted(plots) == ["hour", "latency", "scaling"]
    report.main()
    assert {path.stem: path.read_text() for path in (folder / "plots").glob("*.svg")} == plots


def test_the_report_names_the_command_to_run_if_there_are_no_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TWITCHLY_VAR", str(tmp_path))
    assert report.main() == 1
    assert "run `make bench`" in capsys.readouterr().out


def test_columns_of_numbers_are_right_aligned() -> None:
    assert report.markdown(["name", "n"], [["a", 1_000], ["b", 2.5]]) == [
        "| name | n |",
        "| --- | ---: |",
        "| a | 1,000 |",
        "| b | 2.5 |",
    ]
