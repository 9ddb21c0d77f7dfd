"""A value of a source is kept as it is, or refused in a sentence; it never becomes another one."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import uuid

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ide.dataset.errors import ImportRefusedError
from ide.store.browse import JOINED_COLUMNS, Filters, browse_page
from ide.store.examples import example_parts, open_part, read_examples
from ide.store.importing.cells import kind_of_cell
from ide.store.payloads import PayloadReader
from tests.store.importing_tools import (
    bare_workspace,
    import_quietly,
    picture,
    texts,
    write_csv,
    write_json_lines,
)


@pytest.fixture
def workspace(tmp_path):
    return bare_workspace(tmp_path / "workspace")


def column(workspace, name, dataset="pets"):
    return read_examples(workspace, dataset)[name].to_pylist()


def import_cells(workspace, path, *cells, name="pets"):
    """Import a CSV with a column ``c`` of cells; return the column's type and values."""
    rows = [["text", "label", "c"]]
    rows += [[f"{path.stem} {k}", "x", cell] for k, cell in enumerate(cells)]
    import_quietly(workspace, write_csv(path, rows), name=name)
    found = read_examples(workspace, name)["c"]
    return found.type, found.to_pylist()


def parquet(path, **columns):
    n = len(next(iter(columns.values())))
    rows = {"text": [f"text {k}" for k in range(n)], "label": ["x", "y"] * n}
    table = pa.table({**{k: v[:n] for k, v in rows.items()}, **columns})
    pq.write_table(table, path)
    return path


@pytest.mark.parametrize(
    "cells",
    [
        ["+4917612345678", "+4917612345679"],
        ["1.10", "1.9", "1.1"],
        ["1", "1.0"],
        ["1e3", "A1"],
        ["12e3", "7e10"],
        ["1E5", "100000.0"],
        ["007.50", "5"],
        ["-0", "1"],
        [".5", "5."],
        ["1_000", "1000"],
        ["0x10", "0b1"],
        ["nan", "inf"],
        ["9007199254740993", "0.5"],
        ["9223372036854775808", "1"],
        ["True", "False"],
        ["true", "1"],
        [" 5", "5"],
        ["'=1+1", "'-5"],
        ["０１", "١٢"],
        ["0.12345678901234567890", "0.5"],
    ],
)
def test_a_column_with_a_cell_that_no_number_writes_stays_text(workspace, tmp_path, cells):
    assert import_cells(workspace, tmp_path / "t.csv", *cells) == (pa.string(), cells)


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["3", "", "-12"], pa.int64(), [3, None, -12]),
        (["9007199254740993", "1"], pa.int64(), [9007199254740993, 1]),
        (["0.5", "2"], pa.float64(), [0.5, 2.0]),
        (["12.0", "0.25"], pa.float64(), [12.0, 0.25]),
        (["true", "false"], pa.bool_(), [True, False]),
    ],
)
def test_a_column_of_numbers_as_they_are_written_is_of_numbers(
    workspace, tmp_path, cells, kind, values
):
    assert import_cells(workspace, tmp_path / "t.csv", *cells) == (kind, values)


@given(st.text(max_size=8) | st.floats().map(repr) | st.integers().map(str))
def test_a_number_is_written_back_as_the_same_characters(cell):
    kind = kind_of_cell(cell)
    if kind in ("whole", "big", "huge"):
        assert str(int(cell)) == cell
    if kind in ("fraction", "point zero"):
        assert repr(float(cell)) == cell


def test_an_appended_cell_is_of_the_columns_type_or_refused(workspace, tmp_path):
    import_cells(workspace, tmp_path / "a.csv", "1.5", "2.25")
    import_cells(workspace, tmp_path / "b.csv", "3.50", "4")
    assert sorted(column(workspace, "c")) == [1.5, 2.25, 3.5, 4.0]
    for wrong in ("9007199254740993", "v2", "0.12345678901234567890"):
        with pytest.raises(ImportRefusedError, match="column holds double"):
            import_cells(workspace, tmp_path / "c.csv", wrong)


def test_whole_numbers_beyond_a_floats_never_meet_fractions(workspace, tmp_path):
    import_cells(workspace, tmp_path / "a.csv", "5", "6")
    import_cells(workspace, tmp_path / "b.csv", "0.5")  # small ones may become floats
    assert sorted(column(workspace, "c")) == [0.5, 5.0, 6.0]
    import_cells(workspace, tmp_path / "wide.csv", "9007199254740993", name="wide")
    with pytest.raises(ImportRefusedError, match=r"c is '0\.5', and the dataset's column holds i"):
        import_cells(workspace, tmp_path / "d.csv", "0.5", name="wide")
    assert column(workspace, "c", "wide") == [9007199254740993]


def test_a_date_is_appended_to_dates(workspace, tmp_path):
    days = pa.array([dt.date(2024, 1, 1), None])
    import_quietly(workspace, parquet(tmp_path / "d.parquet", c=days))
    import_cells(workspace, tmp_path / "more.csv", "2024-02-29")
    assert dt.date(2024, 2, 29) in column(workspace, "c")
    with pytest.raises(ImportRefusedError, match="column holds date32"):
        import_cells(workspace, tmp_path / "wrong.csv", "2023-02-29")


def test_every_key_of_json_lines_is_a_column(workspace, tmp_path):
    rows = [{"text": f"sentence {k}"} for k in range(120)]
    rows[110] |= {"note": "check me"}
    rows[119] |= {"label": "good"}
    import_quietly(workspace, write_json_lines(tmp_path / "t.jsonl", rows))
    assert column(workspace, "note").count("check me") == 1
    assert column(workspace, "label").count("good") == 1
    assert column(workspace, "split").count("pool") == 119


def test_a_key_that_stands_twice_in_an_object_is_refused(workspace, tmp_path):
    (tmp_path / "t.jsonl").write_text('{"text": "a", "label": "x", "m": 1, "m": 2}\n')
    with pytest.raises(ImportRefusedError, match="'m' stands twice"):
        import_quietly(workspace, tmp_path / "t.jsonl")


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        (["9007199254740993", "0.5"], ["9007199254740993", "0.5"]),
        (["1e999", "1"], ["1e999", "1"]),
        (["0.12345678901234567890", "1"], ["0.12345678901234567890", "1"]),
        (["18446744073709551616", "1"], ["18446744073709551616", "1"]),
        (["true", "1"], ["true", "1"]),
        (["3", "0.5"], [3.0, 0.5]),
    ],
)
def test_numbers_of_json_keep_their_digits(workspace, tmp_path, values, kept):
    lines = [f'{{"text": "t{k}", "label": "x", "h": {v}}}\n' for k, v in enumerate(values)]
    (tmp_path / "t.jsonl").write_text("".join(lines))
    import_quietly(workspace, tmp_path / "t.jsonl")
    assert column(workspace, "h") == kept


def test_a_text_that_is_a_number_is_text_and_other_values_are_refused(workspace, tmp_path):
    rows = [{"text": 5, "label": "x"}, {"text": 0.5, "label": "y"}]
    import_quietly(workspace, write_json_lines(tmp_path / "t.jsonl", rows))
    reader, ids = PayloadReader(workspace, "pets"), column(workspace, "example_id")
    assert [reader.get(i)[0] for i in ids] == [b"5", b"0.5"]
    for k, value in enumerate((["a"], {"en": "a"}, True)):
        path = write_json_lines(tmp_path / f"{k}.jsonl", [{"text": value, "label": "x"}])
        with pytest.raises(ImportRefusedError, match=r"\.jsonl, line 1: the text is "):
            import_quietly(workspace, path)


UUID = uuid.UUID("12345678-1234-5678-1234-567812345678")
MOMENT = dt.datetime(2024, 1, 1, 12)
KEPT = {  # type in the source: values there, type and first value kept
    "half": (pa.array(np.array([0.5, 1], np.float16)), pa.float32(), 0.5),
    "uint64": (pa.array([2**63 + 5, 1], pa.uint64()), pa.uint64(), 2**63 + 5),
    "int64": (pa.array([2**60 + 1, 1]), pa.int64(), 2**60 + 1),
    "float32": (pa.array([0.1, 1], pa.float32()), pa.float32(), float(np.float32(0.1))),
    "guid": (pa.array([UUID.bytes, None], pa.uuid()), pa.string(), str(UUID)),
    "hash": (pa.array([b"\x01\xff", None], pa.binary(2)), pa.string(), "01ff"),
    "null": (pa.nulls(2), pa.string(), None),
    "dictionary": (pa.array(["a", "b"]).dictionary_encode(), pa.string(), "a"),
    "large": (pa.array(["a", "b"], pa.large_string()), pa.string(), "a"),
    "view": (pa.array(["a", "b"], pa.string_view()), pa.string(), "a"),
    "decimal": (
        pa.array([decimal.Decimal("1.10"), None], pa.decimal128(9, 2)),
        pa.decimal128(9, 2),
        decimal.Decimal("1.10"),
    ),
    "long decimal": (
        pa.array([decimal.Decimal("1.10"), None], pa.decimal256(50, 2)),
        pa.string(),
        "1.10",
    ),
    "date": (pa.array([MOMENT.date(), None]), pa.date32(), MOMENT.date()),
    "moment": (pa.array([MOMENT, None], pa.timestamp("us")), pa.timestamp("us"), MOMENT),
    "time": (pa.array([5_000_001], pa.time64("us")).take([0, 0]), pa.string(), "00:00:05.000001"),
    "duration": (pa.array([1500, None], pa.duration("ms")), pa.string(), "1500 ms"),
    "times": (pa.array([[MOMENT], None]), pa.string(), '["2024-01-01T12:00:00"]'),
    "nanoseconds": (
        pa.array([[1711848600123456789], None], pa.list_(pa.timestamp("ns"))),
        pa.string(),
        '["2024-03-31T01:30:00.123456789"]',
    ),
    "struct": (pa.array([{"d": MOMENT.date()}, None]), pa.string(), '{"d": "2024-01-01"}'),
    "decimals": (pa.array([[decimal.Decimal("1.10")], None]), pa.string(), '["1.10"]'),
    "map": (
        pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
        pa.string(),
        '[["k", 1]]',
    ),
}


def test_every_type_of_parquet_is_kept_and_browsed(workspace, tmp_path):
    columns = {name.replace(" ", "_"): values for name, (values, _, _) in KEPT.items()}
    import_quietly(workspace, parquet(tmp_path / "t.parquet", **columns))
    (part,) = example_parts(workspace, "pets")
    with open_part(workspace, part) as file:
        types = {f.name: f.type for f in file.schema_arrow}
        first = file.read().slice(0, 1).to_pylist()[0]
    for name, (_, kind, value) in KEPT.items():
        assert types[name.replace(" ", "_")] == kind, name
        assert first[name.replace(" ", "_")] == value, name
    assert browse_page(workspace, "pets", None, Filters()).n_rows == 2


def test_spans_of_time_are_kept_as_text_and_the_import_says_so(workspace, tmp_path):
    spans = pa.array([1500, None], pa.duration("ms"))
    result = import_quietly(workspace, parquet(tmp_path / "t.parquet", took=spans))
    assert column(workspace, "took") == ["1500 ms", None]
    (said,) = (note for note in result.notes if "spans of time" in note)
    assert "'took'" in said and "'1500 ms'" in said


def test_a_time_beyond_the_calendar_is_text(workspace, tmp_path):
    far = pa.array([316516204800, 0], pa.timestamp("s"))
    import_quietly(workspace, parquet(tmp_path / "t.parquet", v=far))
    assert column(workspace, "v")[0].startswith("12000-01-01 00:00:00")


@pytest.mark.parametrize(
    "values",
    [pa.array([[b"a"], None]), pa.array([{"b": b"a"}, None]), pa.array([b"x" * 65] * 2)],
    ids=["list of bytes", "struct of bytes", "bytes"],
)
def test_a_column_of_bytes_that_is_no_payload_is_refused_by_its_name(workspace, tmp_path, values):
    table = pa.table({"image": [picture(1)] * 2, "label": ["x", "y"], "odd": values})
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(ImportRefusedError, match="the column 'odd'"):
        import_quietly(workspace, tmp_path / "t.parquet")


def test_two_columns_of_one_name_are_refused(workspace, tmp_path):
    names = ["text", "label", "m", "m"]
    pq.write_table(pa.table([["a"], ["x"], [1], [2]], names=names), tmp_path / "t.parquet")
    with pytest.raises(ImportRefusedError, match="the column 'm' stands twice"):
        import_quietly(workspace, tmp_path / "t.parquet")


def hub_table(path, columns, **names):
    features = {k: {"names": v, "_type": "ClassLabel"} for k, v in names.items()}
    metadata = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), path)
    return path


def test_a_negative_class_label_is_no_label(workspace, tmp_path):
    columns = {"text": ["a", "b", "c"], "label": [0, 1, -1], "topic": [1, -1, 0]}
    path = tmp_path / "g.parquet"
    import_quietly(workspace, hub_table(path, columns, label=["neg", "pos"], topic=["sun", "rain"]))
    assert workspace.config("pets").classes == ("neg", "pos")
    assert column(workspace, "label") == ["neg", "pos", None]
    assert column(workspace, "split")[2] == "pool"
    assert column(workspace, "topic") == ["rain", None, "sun"]


def test_a_class_label_beyond_the_names_is_refused_with_its_row(workspace, tmp_path):
    path = hub_table(tmp_path / "g.parquet", {"text": ["a", "b"], "label": [0, 2]}, label=["x"])
    with pytest.raises(ImportRefusedError, match=r"g\.parquet, row 2: label is 2"):
        import_quietly(workspace, path)


def test_the_path_beside_an_images_bytes_is_kept(workspace, tmp_path):
    images = [{"bytes": picture(k), "path": f"{k}.png"} for k in range(2)]
    pq.write_table(pa.table({"image": images, "label": ["a", "b"]}), tmp_path / "t.parquet")
    import_quietly(workspace, tmp_path / "t.parquet")
    assert sorted(column(workspace, "path")) == ["0.png", "1.png"]
    none = [{"bytes": picture(k), "path": None} for k in range(2, 4)]
    images = pa.array(none, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    pq.write_table(pa.table({"image": images, "label": ["a", "b"]}), tmp_path / "n.parquet")
    import_quietly(workspace, tmp_path / "n.parquet", name="none")
    assert "path" not in read_examples(workspace, "none").column_names


class TestNamesOfColumns:
    def test_one_of_ours_gets_another_name_and_it_is_said(self, workspace, tmp_path):
        ours = sorted(JOINED_COLUMNS - {"example_id", "label", "split"})
        rows = [["text", "label", *ours], ["a", "x", *ours], ["b", "y", *ours]]
        result = import_quietly(workspace, write_csv(tmp_path / "t.csv", rows))
        assert column(workspace, "source_rank") == ["rank", "rank"]
        assert "the column 'rank' is kept as source_rank" in result.notes
        page = browse_page(workspace, "pets", None, Filters(where="source_annotator = 'annotator'"))
        assert page.n_rows == 2
        assert page.rows["annotator"].to_pylist() == [None, None]
        assert set(page.rows.column_names) >= {f"source_{name}" for name in ours}

    def test_no_two_are_kept_under_one_name(self, workspace, tmp_path):
        rows = [["text", "label", "rank", "source_rank"], ["a", "x", "1", "2"]]
        import_quietly(workspace, write_csv(tmp_path / "t.csv", rows))
        assert column(workspace, "source_rank") == [2]
        assert column(workspace, "source_source_rank") == [1]

    def test_what_an_older_version_let_in_is_shown_beside_ours(self, workspace, tmp_path):
        import_quietly(workspace, write_csv(tmp_path / "t.csv", [["text", "label"], *texts()]))
        (part,) = example_parts(workspace, "pets")
        old = pq.read_table(part).append_column("rank", pa.array([4, 3, 2, 1]))
        old = old.append_column("half", pa.array(np.ones(4, np.float16)))
        pq.write_table(old, part)
        page = browse_page(workspace, "pets", None, Filters())
        assert sorted(page.rows["source_rank"].to_pylist()) == [1, 2, 3, 4]
        assert set(page.rows["rank"].to_pylist()) == {None}
        rows = [["text", "label", "rank"], ["new", "good", "5"]]
        import_quietly(workspace, write_csv(tmp_path / "more.csv", rows))
        assert sorted(column(workspace, "rank")) == [1, 2, 3, 4, 5]


def test_what_spreadsheets_write_around_a_table_is_no_row(workspace, tmp_path):
    text = "sep=;\r\ntext;label;age;;\r\none;good;3;;\r\ntwo;bad;4;;\r\n;;;;\r\n"
    (tmp_path / "t.csv").write_text(text, newline="")
    assert import_quietly(workspace, tmp_path / "t.csv").n_new == 2
    assert read_examples(workspace, "pets").column_names == ["example_id", "split", "label", "age"]
    (tmp_path / "u.csv").write_text("text,label,\nthree,good,\nfour,bad,kept\n")
    import_quietly(workspace, tmp_path / "u.csv", name="u")
    assert column(workspace, "column_3", "u") == [None, "kept"]


@pytest.mark.parametrize(
    "label",
    ["a\u00a0b", "写真\u3000１", "می\u200cخوب", "👩\u200d🚀", "co\u00adop", "1.01\u202fPM", "🫩"],
)
def test_names_that_people_use_are_let_in(workspace, tmp_path, label):
    rows = [["text", "label", f"c\u00a0{label}"], ["a", label, "1"], ["b", "other", "2"]]
    import_quietly(workspace, write_csv(tmp_path / "t.csv", rows))
    assert label in workspace.config("pets").classes


@pytest.mark.parametrize("label", ["a\x07", "a\u2028b", "a\u202eb", "\u200b", "a\x85b", "a\ufffe"])
def test_names_that_show_nothing_or_something_else_are_refused(workspace, tmp_path, label):
    path = write_json_lines(tmp_path / "t.jsonl", [{"text": "a", "label": label}])
    with pytest.raises(ImportRefusedError, match="cannot be shown"):
        import_quietly(workspace, path)


def test_a_header_is_recognised_whatever_spaces_it_has(workspace, tmp_path):
    (tmp_path / "t.csv").write_text("te\u00a0xt,la\u00adbel\nhello,good\nbye,bad\n")
    assert import_quietly(workspace, tmp_path / "t.csv").classes == ("bad", "good")
