"""Progress: lines that whoever watches can read at any moment."""

from __future__ import annotations

from ide.store.progress import read_progress, report_progress


def test_what_is_reported_is_read_in_order(tmp_path, monkeypatch):
    path = tmp_path / "progress.jsonl"
    monkeypatch.setenv("UPWELL_PROGRESS", str(path))
    report_progress("compile", step=1, n_steps=2, loss=0.5, accuracy=float("nan"), note=None)
    report_progress("rank")
    first, second = read_progress(path)
    assert (first["stage"], first["step"], first["loss"]) == ("compile", 1, 0.5)
    assert "accuracy" not in first
    assert "note" not in first
    assert second["stage"] == "rank"


def test_half_a_line_waits_for_its_rest(tmp_path):
    path = tmp_path / "progress.jsonl"
    path.write_text('{"stage": "rank"}\n{"stage": "che')
    assert [event["stage"] for event in read_progress(path)] == ["rank"]


def test_a_stage_run_by_hand_reports_to_nobody(monkeypatch, tmp_path):
    monkeypatch.delenv("UPWELL_PROGRESS", raising=False)
    report_progress("rank")
    assert read_progress(tmp_path / "progress.jsonl") == []
