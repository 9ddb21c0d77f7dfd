"""A dataset's own checks: of a query that gives more than is taken, that is said."""

from __future__ import annotations

from ide.store.files import write_text
from ide.store.state import current_labels
from pipelines import own_checks
from pipelines.check_input import read_check_input
from tests.store.tiny import tiny_workspace


def test_a_query_that_gives_more_rows_than_are_taken_says_so(tmp_path, monkeypatch):
    """Previously what was beyond the last row that is taken counted as nothing found."""
    pets = tiny_workspace(tmp_path / "work", is_repository=False)
    monkeypatch.setattr(own_checks, "MAX_ROWS", 4)
    folder = pets.checks_path("pets")
    write_text(folder / "few.sql", "SELECT example_id FROM pets.labels LIMIT 4")
    write_text(folder / "many.sql", "SELECT example_id FROM pets.labels")
    labels = current_labels(pets, "pets")
    dataset = read_check_input(pets, "pets", labels, None, damage=[], ignored_edits=[])
    found, broken = own_checks.run_own_checks(pets, "pets", dataset, on_progress=lambda _: None)
    assert found["check"].to_pylist() == ["few"] * 4 + ["many"] * 4
    (said,) = broken
    assert said.startswith("datasets/pets/checks/many.sql: it gave more than the 4 rows")
