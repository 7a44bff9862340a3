"""Sample data: drawn with exact truth, or fetched from a server that stops in the middle."""

import hashlib
import io
import json
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import tifffile

from core.errors import InvalidInputError, UnavailableError
from core.images import synthetic
from utils.download_sample_data import ROOT, SAMPLES, Sample, download, main, make_samples
from utils.downloads import archive_name, fetch
from utils.served.tiff_files import layout_of

SMALL = (
    Sample("beads", synthetic.BEAD_PACK_CLASSES, lambda: synthetic.bead_pack(slices=3, side=160, seed=5), voxel_um=0.5),
    Sample(
        "fibres",
        synthetic.FIBRE_CLASSES,
        lambda: synthetic.fibre_stack(slices=3, side=160, seed=5),
        voxel_um=0.5,
        sequence=True,
    ),
)


@pytest.mark.parametrize(
    ("drawn", "dtype", "classes"),
    [
        (lambda: list(synthetic.bead_pack(slices=2, side=512)), np.float32, 3),
        (lambda: list(synthetic.fibre_stack(slices=2, side=512)), np.uint16, 3),
        (lambda: [synthetic.alloy_micrograph(side=1024)], np.uint8, 3),
    ],
    ids=["beads", "fibres", "alloy"],
)
def test_drawn_classes_differ_in_grey_and_repeat_with_the_seed(drawn, dtype, classes):
    first, again = drawn(), drawn()
    image, truth = first[-1].image, first[-1].truth
    assert image.dtype == dtype
    assert truth.shape == image.shape
    assert sorted(np.unique(truth)) == list(range(1, classes + 1))
    greys = sorted(float(np.median(image[truth == c])) for c in range(1, classes + 1))
    spread = float(np.std(image))
    assert min(np.diff(greys)) > 0.2 * spread
    np.testing.assert_array_equal(again[-1].image, image)
    np.testing.assert_array_equal(again[-1].truth, truth)


def test_the_samples_are_what_the_readme_promises():
    assert [sample.name for sample in SAMPLES] == ["bead_pack", "fibres", "alloy_8192"]
    first = next(iter(SAMPLES[0].draw()))
    assert first.image.shape == (1024, 1024)
    assert first.image.dtype == np.float32


def test_samples_are_written_whole_and_kept(tmp_path):
    assert all("is made" in line for line in make_samples(tmp_path, SMALL))
    beads, truth = tifffile.imread(tmp_path / "beads.tif"), tifffile.imread(tmp_path / "truth" / "beads.tif")
    drawn = list(SMALL[0].draw())
    np.testing.assert_array_equal(beads, [d.image for d in drawn])
    np.testing.assert_array_equal(truth, [d.truth for d in drawn])
    assert layout_of(tmp_path / "beads.tif").metadata["voxel_size_um"] == pytest.approx([0.5] * 3)
    assert len(list((tmp_path / "fibres").glob("slice_*.tif"))) == 3
    assert json.loads((tmp_path / "truth" / "classes.json").read_text())["beads"]["2"] == "binder"
    assert not list(tmp_path.rglob("*.part"))

    written = (tmp_path / "beads.tif").stat().st_mtime_ns
    assert all("already" in line for line in make_samples(tmp_path, SMALL))
    assert (tmp_path / "beads.tif").stat().st_mtime_ns == written
    (tmp_path / "beads.tif").unlink()
    assert ["is made" in line for line in make_samples(tmp_path, SMALL)] == [True, False]
    assert all("is made" in line for line in make_samples(tmp_path, SMALL, force=True))


def test_the_command_runs_as_a_file_from_anywhere(tmp_path):
    command = [sys.executable, str(ROOT / "utils" / "download_sample_data.py"), "--url", "ftp://nowhere/a.zip"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 2
    assert (
        done.stderr
        == "'ftp://nowhere/a.zip' is not an http or https address. Give the full URL of a .zip or .tar file.\n"
    )


# --- downloads ---


class Files(ThreadingHTTPServer):
    """A server of `contents`. `cut_after` breaks the connection of answers without a Range after so many bytes.

    `tag` names the state of its files; it may be left out, as servers do.
    """

    contents: dict[str, bytes]
    cut_after: int | None = None
    ranges: list[str]
    tag: str = ""


class Handler(BaseHTTPRequestHandler):
    server: Files

    def do_GET(self) -> None:
        body = self.server.contents.get(self.path)
        if body is None:
            self.send_error(404)
            return
        asked = self.headers.get("Range") if self.headers.get("If-Range", self.server.tag) == self.server.tag else None
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if asked:
            self.server.ranges.append(asked)
        if start >= len(body):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(body)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(body) - start))
        if self.server.tag:
            self.send_header("ETag", self.server.tag)
        self.end_headers()
        stop = len(body) if asked or self.server.cut_after is None else self.server.cut_after
        self.wfile.write(body[start:stop])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def files() -> Iterator[Files]:
    server = Files(("127.0.0.1", 0), Handler)
    server.contents, server.ranges = {}, []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def url_of(files: Files, name: str) -> str:
    return f"http://127.0.0.1:{files.server_address[1]}/{name}"


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        for name, content in members.items():
            bundle.writestr(name, content)
    return buffer.getvalue()


def tarred(member: tarfile.TarInfo, content: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    member.size = len(content)
    with tarfile.open(fileobj=buffer, mode="w:gz") as bundle:
        bundle.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_an_archive_is_checked_and_unpacked_under_its_name(files, tmp_path, capsys):
    files.contents["/scan.zip"] = zipped(**{"a/one.tif": b"1", "two.tif": b"22"})
    arguments = ["--url", url_of(files, "scan.zip"), "--into", str(tmp_path)]
    assert main([*arguments, "--sha256", sha256(files.contents["/scan.zip"]).upper()]) == 0
    assert (tmp_path / "scan" / "a" / "one.tif").read_bytes() == b"1"
    assert [path.name for path in tmp_path.iterdir()] == ["scan"]
    assert "100 %" in capsys.readouterr().err
    assert main(arguments) == 0
    assert "already" in capsys.readouterr().out


def test_a_tar_file_is_unpacked_too(files, tmp_path):
    files.contents["/scan.tar.gz"] = tarred(tarfile.TarInfo("one.tif"), b"1")
    download(url_of(files, "scan.tar.gz"), tmp_path, sha256=None)
    assert (tmp_path / "scan" / "one.tif").read_bytes() == b"1"


def test_an_interrupted_download_goes_on_where_it_stopped(files, tmp_path):
    files.contents["/a.zip"] = zipped(x=bytes(300_000))
    files.cut_after = 100_000
    with pytest.raises(UnavailableError, match="Run the same command again"):
        download(url_of(files, "a.zip"), tmp_path, sha256=None)
    download(url_of(files, "a.zip"), tmp_path, sha256=sha256(files.contents["/a.zip"]))
    assert files.ranges == ["bytes=100000-"]
    assert (tmp_path / "a" / "x").stat().st_size == 300_000


def test_a_file_that_changes_between_two_tries_is_fetched_from_its_beginning(files, tmp_path):
    files.contents["/a.zip"] = zipped(x=bytes(300_000))
    files.cut_after, files.tag = 100_000, '"first"'
    with pytest.raises(UnavailableError):
        download(url_of(files, "a.zip"), tmp_path, sha256=None)
    files.contents["/a.zip"] = zipped(y=bytes(200_000))
    files.cut_after, files.tag = None, '"second"'
    download(url_of(files, "a.zip"), tmp_path, sha256=None)
    assert files.ranges == []
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "y"]


def test_a_download_that_was_whole_before_is_not_fetched_again(files, tmp_path):
    files.contents["/a.zip"] = zipped(x=b"1")
    (tmp_path / ".b.part").write_bytes(files.contents["/a.zip"])
    found = fetch(url_of(files, "a.zip"), tmp_path / "b", sha256=None, progress=lambda *_: None)
    assert found == sha256(files.contents["/a.zip"])


def test_a_half_download_longer_than_the_file_is_dropped(files, tmp_path):
    files.contents["/a.zip"] = zipped(x=b"1")
    (tmp_path / ".b.part").write_bytes(bytes(10_000))
    fetch(url_of(files, "a.zip"), tmp_path / "b", sha256=sha256(files.contents["/a.zip"]), progress=lambda *_: None)
    assert (tmp_path / "b").read_bytes() == files.contents["/a.zip"]


def test_a_wrong_checksum_leaves_nothing_behind(files, tmp_path):
    files.contents["/a.zip"] = zipped(x=b"1")
    with pytest.raises(InvalidInputError, match=r"The SHA-256 of .* is [0-9a-f]{64}, not 00"):
        download(url_of(files, "a.zip"), tmp_path, sha256="00")
    assert list(tmp_path.iterdir()) == []


def outside_link() -> tarfile.TarInfo:
    link = tarfile.TarInfo("link")
    link.type, link.linkname = tarfile.SYMTYPE, "../../etc"
    return link


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.zip", zipped(**{"../evil.txt": b"x"})),
        ("a.zip", zipped(**{"/evil.txt": b"x"})),
        ("a.tar.gz", tarred(tarfile.TarInfo("../evil.txt"), b"x")),
        ("a.tar.gz", tarred(outside_link())),
        ("a.zip", b"no archive at all"),
    ],
    ids=["zip up", "zip absolute", "tar up", "tar link", "not an archive"],
)
def test_an_archive_that_leads_outside_or_is_none_is_refused(files, tmp_path, name, content):
    files.contents[f"/{name}"] = content
    with pytest.raises(InvalidInputError):
        download(url_of(files, name), tmp_path / "data", sha256=None)
    assert list((tmp_path / "data").iterdir()) == []
    assert not list(tmp_path.rglob("evil.txt"))


def test_a_missing_file_and_a_dead_server_are_said_in_a_sentence(files, tmp_path, capsys):
    assert main(["--url", url_of(files, "none.zip"), "--into", str(tmp_path)]) == 2
    assert "answers 404. Check the address." in capsys.readouterr().err
    assert main(["--url", "http://127.0.0.1:9/none.zip", "--into", str(tmp_path)]) == 2
    assert "Run the same command again." in capsys.readouterr().err


@pytest.mark.parametrize("url", ["https://a.org/", "https://a.org/data.rar", "https://a.org/.zip", "file:///a.zip"])
def test_only_archives_over_http_are_taken(url):
    with pytest.raises(InvalidInputError):
        archive_name(url)


def test_the_folder_of_an_archive_never_leads_elsewhere():
    assert archive_name("https://a.org/x/..%2F..%2Fb.zip") == ("b", "b.zip")
    assert Path(archive_name("https://a.org/%2Fetc%2Fb.tgz")[0]).name == "b"
