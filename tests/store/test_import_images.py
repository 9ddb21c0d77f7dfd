"""What a person sees of an image, and what the network is given, is what the source shows."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from ide.dataset.errors import ImportRefusedError
from ide.store.examples import read_examples
from ide.store.payloads import PayloadReader
from ide.store.thumbnails import thumbnail
from models.images import decode
from pipelines.media import measure_media
from tests.store.importing_tools import bare_workspace, import_quietly, picture, write_pictures

RAMP = np.linspace(0, 1, 32 * 32).reshape(32, 32)
SIDEWAYS = 6  # EXIF: to be turned by a quarter


@pytest.fixture
def workspace(tmp_path):
    return bare_workspace(tmp_path / "workspace")


def import_file(workspace, tmp_path, name: str, data: bytes, **options):
    """Import one file of class a beside a plain one of b; return its payload, MIME and notes."""
    for label, file, content in (("a", name, data), ("b", "x.png", picture(1))):
        (tmp_path / "s" / label).mkdir(parents=True, exist_ok=True)
        (tmp_path / "s" / label / file).write_bytes(content)
    result = import_quietly(workspace, tmp_path / "s", **options)
    by_label = read_examples(workspace, "pets", ["example_id", "label"]).to_pylist()
    (example_id,) = [row["example_id"] for row in by_label if row["label"] == "a"]
    payload, mime, _ = PayloadReader(workspace, "pets").get(example_id)
    return payload, mime, result.notes


def turned(format: str, *, xmp: bool = False, **options) -> bytes:
    """A wide picture with red at its top left, that is to be shown upright and high."""
    image, exif, buffer = Image.new("RGB", (60, 40), "gray"), Image.Exif(), io.BytesIO()
    image.paste("red", (0, 0, 30, 10))
    exif[0x0112] = SIDEWAYS
    if xmp:
        said = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><d tiff:Orientation="{SIDEWAYS}"/></x:xmpmeta>'
        image.save(buffer, format, xmp=said.encode(), **options)
    else:
        image.save(buffer, format, exif=exif, **options)
    return buffer.getvalue()


def browser_shows(payload: bytes) -> tuple[int, int]:
    """The size at which Chromium draws: JPEG is turned as its EXIF says, the rest lies as it is."""
    with Image.open(io.BytesIO(payload)) as image:
        if image.format not in ("JPEG", "MPO"):
            return image.size
        exif = Image.Exif()
        exif.load(image.info.get("exif", b""))
        return image.size[::-1] if exif.get(0x0112, 1) >= 5 else image.size


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("p.jpg", turned("JPEG")),
        ("p.jpg", turned("JPEG", xmp=True)),
        ("p.jpg", turned("MPO", save_all=True, append_images=[Image.new("RGB", (60, 40))])),
        ("p.webp", turned("WEBP", lossless=True)),
        ("p.png", turned("PNG")),
        ("p.tif", turned("TIFF")),
    ],
    ids=["jpeg", "jpeg by xmp", "mpo", "webp", "png", "tiff"],
)
def test_a_turned_photo_is_upright_for_people_and_for_the_network(workspace, tmp_path, name, data):
    payload, mime, _ = import_file(workspace, tmp_path, name, data)
    with Image.open(io.BytesIO(payload)) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    assert browser_shows(payload) == upright.size == (40, 60)
    assert np.asarray(upright)[5, 35, 0] > 200 > np.asarray(upright)[5, 5, 0]  # red, top right
    assert mime == ("image/jpeg" if payload == data else "image/png")
    assert (payload == data) == (name == "p.jpg" and b"xmpmeta" not in data)


def frames(format: str, **options) -> bytes:
    buffer = io.BytesIO()
    first, *others = [Image.new("RGB", (40, 40), c) for c in ("black", "red", "green")]
    first.save(buffer, format, save_all=True, append_images=others, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("format", ["GIF", "TIFF", "WEBP", "PNG"])
def test_of_several_frames_the_first_is_seen_and_it_is_said(workspace, tmp_path, format):
    payload, _, notes = import_file(workspace, tmp_path, f"p.{format.lower()}", frames(format))
    with Image.open(io.BytesIO(payload)) as image:
        assert getattr(image, "n_frames", 1) == 1
        assert max(image.convert("RGB").getpixel((9, 9))) < 9
    assert notes == ("1 with more than one frame or page; the first is what is seen",)


def sixteen_bits(format: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray((RAMP * 65_535).astype("<u2")).save(buffer, format)
    return buffer.getvalue()


def tiff(values: np.ndarray, *, bits: int, photometric: int, order: str) -> bytes:
    """A TIFF of one gray strip, as cameras and microscopes write it."""
    data = values.astype(f"{order}u2").tobytes()
    mark, size = (b"MM\0*" if order == ">" else b"II*\0"), values.shape[0]
    fields = {256: size, 257: size, 258: bits, 259: 1, 262: photometric, 277: 1, 278: size}
    entries = [(tag, 3, value) for tag, value in fields.items()]
    entries = sorted([*entries, (273, 4, 8), (279, 4, len(data))])
    number = lambda value, n: int(value).to_bytes(n, "big" if order == ">" else "little")  # noqa: E731
    rows = b"".join(
        number(tag, 2) + number(kind, 2) + number(1, 4)
        + (number(value, 2) + b"\0\0" if kind == 3 else number(value, 4))
        for tag, kind, value in entries
    )  # fmt: skip
    return mark + number(8 + len(data), 4) + data + number(len(entries), 2) + rows + b"\0" * 4


DEEP = (RAMP * 65_535).round()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("d.tif", sixteen_bits("TIFF")),
        ("d.pgm", sixteen_bits("PPM")),
        ("d.png", sixteen_bits("PNG")),
        ("d.tif", tiff(DEEP, bits=16, photometric=1, order=">")),
        ("d.tif", tiff(DEEP, bits=16, photometric=1, order="<")),
        ("d.tif", tiff(65_535 - DEEP, bits=16, photometric=0, order="<")),
    ],
    ids=["tiff", "pgm", "png", "big-endian", "little-endian", "white is zero"],
)
def test_gray_of_16_bits_is_as_bright_for_the_check_the_report_and_the_network(
    workspace, tmp_path, name, data
):
    payload, mime, _ = import_file(workspace, tmp_path, name, data)
    with Image.open(io.BytesIO(payload)) as image:
        assert (image.mode, mime) == ("I;16", "image/png")
        assert np.abs(np.asarray(image, np.float64) / 65_535 - RAMP).max() < 1e-4
    shown = Image.open(io.BytesIO(base64.b64decode(thumbnail(payload).split(",")[1])))
    given = decode([payload], 32, 1)[0, 0]
    media = measure_media(workspace, "pets")
    measured = max(media["brightness"].to_pylist())
    assert np.abs(np.asarray(shown.convert("L"), np.float64) - given).max() <= 1
    assert abs(given.mean() / 255 - 0.5) < 0.01 and abs(measured - 0.5) < 0.01


@pytest.mark.parametrize(
    "values",
    [RAMP.astype("f4"), (RAMP * 1000).astype("f4"), (RAMP * 1e5).astype("i4")],
    ids=["float to 1", "float to 1000", "32 bits"],
)
def test_pixels_without_a_black_and_a_white_are_refused(workspace, tmp_path, values):
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "TIFF")
    with pytest.raises(ImportRefusedError, match=r"s/a/p\.tif: its pixels are .*8 or 16 bits of"):
        import_file(workspace, tmp_path, "p.tif", buffer.getvalue())


class TestBrokenFiles:
    @pytest.fixture
    def source(self, tmp_path):
        source = write_pictures(tmp_path / "p", n=30)
        for k in (3, 7, 11, 15, 19):
            (source / "cat" / f"{k}.png").write_bytes(picture(k)[:50])
        return source

    def test_are_all_named_at_once(self, workspace, source):
        with pytest.raises(ImportRefusedError) as caught:
            import_quietly(workspace, source)
        sentence = str(caught.value)
        assert sentence.startswith("5 examples cannot be read. p/cat/3.png: the image is broken")
        assert "The others: p/cat/7.png, p/cat/11.png, p/cat/15.png, p/cat/19.png." in sentence
        assert "--skip-broken" in sentence and workspace.datasets() == []

    def test_are_twenty_and_a_number(self, workspace, source):
        for k in range(26):
            (source / "cat" / f"{k}.png").write_bytes(b"nothing")
        with pytest.raises(ImportRefusedError, match=r"^26 .* and 6 more\. Mend them"):
            import_quietly(workspace, source)

    def test_are_left_out_when_asked_for(self, workspace, source):
        result = import_quietly(workspace, source, skip_broken=True)
        assert result.n_new == 55
        assert result.notes[0].startswith("5 broken examples were left out: p/cat/3.png, p/cat/7")
