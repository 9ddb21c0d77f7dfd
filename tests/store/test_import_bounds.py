"""What an import may hold: bombs are refused in a sentence, and cost grows with the rows alone."""

from __future__ import annotations

import cProfile
import pstats
import tomllib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ide.dataset.config import _classes
from ide.dataset.errors import ConfigError, ImportRefusedError
from ide.store.importing import bounds
from ide.store.importing.bounds import bounded_batches, open_bounded, take_first
from ide.store.importing.known import Known
from ide.store.importing.opening import open_source
from ide.store.importing.parquet import open_parquet
from ide.store.importing.source import Columns
from ide.store.importing.texts import add_classes
from ide.store.merging_texts import merge_values
from ide.store.workspace import Workspace
from tests.store.importing_tools import import_quietly, write_csv
from tests.store.tiny import tiny_workspace


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return tiny_workspace(tmp_path / "w", is_repository=False)


def rows_of(path) -> list:
    return list(open_parquet(path, Columns(), None).rows)


def repeated(path, n: int, value, **options) -> None:
    """Write a value once, and n rows that stand for it."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * n, pa.int32()), pa.array([value]))
    table = pa.table({"text": column, "label": ["a", "b"] * (n // 2)})
    pq.write_table(table, path, compression="zstd", store_schema=False, **options)


def test_a_small_file_that_stands_for_gigabytes_is_refused_and_never_held(tmp_path, monkeypatch):
    path = tmp_path / "bomb.parquet"
    repeated(path, 3_000, "a" * 900_000)  # 2.7 GB
    assert path.stat().st_size < 2_000
    monkeypatch.setattr(bounds, "MAX_UNPACKED_BYTES", 100_000_000)
    before = pa.default_memory_pool().max_memory()
    with pytest.raises(ImportRefusedError, match=r"bomb\.parquet, row \d+: a file of \d+ bytes"):
        rows_of(path)
    assert pa.default_memory_pool().max_memory() < max(before, 3 * bounds.MAX_BATCH_BYTES)


def test_a_file_that_says_itself_that_it_is_too_large_is_refused_before_it_is_read(
    tmp_path, monkeypatch
):
    path = tmp_path / "bomb.parquet"
    table = pa.table({"text": ["a" * 100_000] * 40, "label": ["a"] * 40})
    pq.write_table(table, path, compression="zstd", use_dictionary=False, row_group_size=10)
    monkeypatch.setattr(bounds, "MAX_UNPACKED_BYTES", 1_000_000)
    with pytest.raises(ImportRefusedError, match=r"unpacks to more than 1\.0 MB is not taken"):
        open_bounded(path)
    monkeypatch.setattr(bounds, "MAX_UNPACKED_BYTES", 10**9)
    monkeypatch.setattr(bounds, "MAX_GROUP_BYTES", 500_000)
    with pytest.raises(ImportRefusedError, match=r"row group 1 unpacks to 1\.0 MB"):
        open_bounded(path)


def test_a_row_beyond_the_bound_of_a_file_is_named(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    table = pa.table({"text": ["a", "b" * 5_000], "label": ["a", "b"]})
    pq.write_table(table, path)
    monkeypatch.setattr(bounds, "MAX_FILE_BYTES", 4_000)
    with pytest.raises(ImportRefusedError, match=r"a\.parquet, row 2: it unpacks to 5\.0 kB"):
        rows_of(path)


def test_batches_are_small_whatever_repeats_and_hold_what_the_file_holds(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    images = [b"\x89PNG" + bytes([i % 3]) * 1_000 for i in range(50)]
    table = pa.table(
        {
            "image": [{"bytes": x, "path": None} if i % 7 else None for i, x in enumerate(images)],
            "text": ["same"] * 49 + [None],
            "n": range(50),
            "tags": [["a", "b"]] * 50,
        }
    )
    pq.write_table(table, path)
    monkeypatch.setattr(bounds, "MAX_BATCH_BYTES", 3_500)
    batches = list(bounded_batches(open_bounded(path), path))
    assert max(batch.num_rows for batch in batches) <= 4
    assert pa.Table.from_batches(batches).to_pylist() == table.to_pylist()


def test_looking_for_the_columns_holds_no_hundred_large_rows():
    rows = ((str(i), {"image": b"x" * 2**20}) for i in range(100))
    assert len(take_first(rows, 100)) == 9


def test_a_row_of_a_csv_is_bounded_however_many_lines_it_spans(workspace, tmp_path, monkeypatch):
    from ide.store.importing import delimited

    monkeypatch.setattr(delimited, "MAX_ROW_CHARACTERS", 10_000)
    cells = ",".join(f'"{"x" * 90}\n"' for _ in range(200))
    (tmp_path / "a.csv").write_text(f"text,label\n{cells}\n")
    with pytest.raises(ImportRefusedError, match=r"a\.csv, line 2"):
        import_quietly(workspace, tmp_path / "a.csv", name="b")


TOMLS = {
    "one line": 'classes = ["cat", "dog"]\n',
    "one line, with a comma": 'classes = ["cat", "dog",]\n',
    "several lines": 'classes = [\n  "cat",  # meows\n  "dog",  # barks, mostly ]\n]\n',
    "no last comma": 'classes = [\n  "cat",\n  "dog"\n]\n',
    "no last comma, and a comment": 'classes = [\n  "cat",\n  "dog" # barks\n]\n',
    "a quoted key": '"classes" = ["cat", "dog"]\n',
    "the same list before": 'x = 1 # ["cat", "dog"]\nclasses = ["cat", "dog"]\n',
}


@pytest.mark.parametrize("how", TOMLS)
def test_classes_are_added_to_a_list_however_it_is_written_and_comments_stay(workspace, how):
    path = workspace.config_path("pets")
    before = TOMLS[how] + '[split]\nseed = 3 # ["cat", "dog"]\n'
    path.write_text(before)
    add_classes(workspace, "pets", ["pig", 'a "b"\\', "ox10", "ox9"])
    text = path.read_text()
    assert tomllib.loads(text)["classes"] == ["cat", "dog", 'a "b"\\', "ox9", "ox10", "pig"]
    comments = [line.partition("#")[2] for line in before.splitlines() if "#" in line]
    assert all(comment in text for comment in comments)


class Counted(str):
    """A name that counts how often names are compared."""

    __slots__ = ()
    n_compared = 0

    def __eq__(self, other):
        Counted.n_compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


class Lookups(set):
    """A set that counts how often it is asked."""

    n_lookups = 0

    def __contains__(self, item):
        self.n_lookups += 1
        return super().__contains__(item)


def n_compared(work) -> int:
    Counted.n_compared = 0
    work()
    return Counted.n_compared


def n_calls(work) -> int:
    """Count the calls that something makes: a measure of its cost that no machine changes."""
    profile = cProfile.Profile()
    profile.runcall(work)
    return pstats.Stats(profile).total_calls


def test_thousands_of_classes_are_read_and_merged_without_comparing_each_with_each():
    names = [Counted(f"class {i}") for i in range(2_000)]
    again = [Counted(f"class {i}") for i in range(2_000)] + [Counted("more")]
    assert n_compared(lambda: _classes({"classes": names}, "dataset.toml")) < 10_000
    assert n_compared(lambda: merge_values(names, again, [*names, Counted("x")])) < 20_000
    assert merge_values(names, again, [*names, Counted("x")]) == [*again, "x"]
    with pytest.raises(ConfigError, match="class 'class 7' stands twice"):
        _classes({"classes": [*names, "class 7"]}, "dataset.toml")


def test_adding_thousands_of_classes_costs_in_proportion(workspace):
    def add(n: int) -> int:
        workspace.config_path("pets").write_text('classes = ["cat"]\n')
        return n_calls(lambda: add_classes(workspace, "pets", [f"class {i}" for i in range(n)]))

    assert add(2_000) < 3 * add(1_000)
    assert len(workspace.config("pets").classes) == 1_001


def test_many_equal_rows_are_numbered_in_as_many_steps(workspace, tmp_path):
    def add(n: int) -> int:
        source = write_csv(tmp_path / "a.csv", [["text", "label"], *[["same", "cat"]] * n])
        known, taken = Known("b"), Lookups()
        known.taken = taken
        for row in open_source(str(source), columns=Columns(), modality=None).rows:
            known.place(row, row.payload)
        assert len(taken) == n
        return taken.n_lookups

    assert add(1_000) < 3 * add(500)
