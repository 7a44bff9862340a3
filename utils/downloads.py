"""One archive from the network: fetched with resume, checked, and unpacked where nothing can escape.

Half a download stays beside the target as `.NAME.part`, with what tells this state of the file from others, and the
next call continues it; nothing appears under its own name before it is whole.
"""

import hashlib
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx

from core.errors import InvalidInputError, UnavailableError

TELL_EVERY = 1 << 20
ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")

Progress = Callable[[int, int | None], None]
"""Called with bytes so far and bytes in all, None when the server does not say."""


def archive_name(url: str) -> tuple[str, str]:
    """(name of the folder, name of the file) for an archive's URL.

    >>> archive_name("https://example.org/a/beads%20v2.tar.gz?raw=1")
    ('beads v2', 'beads v2.tar.gz')

    Raises
    ------
    InvalidInputError
        If it is not http(s), or does not end like an archive.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise InvalidInputError(
            f"{url!r} is not an http or https address.", "Give the full URL of a .zip or .tar file."
        )
    name = Path(unquote(parts.path)).name
    for ending in ENDINGS:
        stem = name[: -len(ending)].strip(". ")
        if name.lower().endswith(ending) and stem:
            return stem, name
    raise InvalidInputError(f"{name or url!r} is not an archive.", f"Its name must end in {', '.join(ENDINGS)}.")


def fetch(url: str, target: Path, *, sha256: str | None, progress: Progress) -> str:
    """Download `url` to `target`, continuing an interrupted download, and return its SHA-256.

    Raises
    ------
    UnavailableError
        If the server does not answer, or stops in the middle; what came stays for the next try.
    InvalidInputError
        If the checksum differs; the download is deleted.
    """
    part = target.with_name(f".{target.name}.part")
    try:
        with httpx.Client(follow_redirects=True, timeout=30) as client:
            _append(client, url, part, progress)
    except httpx.HTTPStatusError as error:
        raise UnavailableError(f"{url} answers {error.response.status_code}.", "Check the address.") from error
    except httpx.HTTPError as error:
        raise UnavailableError(f"{url} cannot be read to the end ({error}).", "Run the same command again.") from error
    found = digest(part)
    _state_of(part).unlink(missing_ok=True)
    if sha256 is not None and found != sha256.lower():
        part.unlink()
        raise InvalidInputError(f"The SHA-256 of {url} is {found}, not {sha256}.", "Check both; the file was deleted.")
    part.replace(target)
    return found


def _append(client: httpx.Client, url: str, part: Path, progress: Progress) -> None:
    """Ask for what is missing of `part`; a server that cannot continue, or has another file now, sends everything."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity", **(_rest_from(have, part) if have else {})}
    with client.stream("GET", url, headers=headers) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            if response.headers.get("Content-Range") != f"bytes */{have}":
                part.unlink()  # longer than the file is now
                _append(client, url, part, progress)
            return
        response.raise_for_status()
        resumed = response.status_code == httpx.codes.PARTIAL_CONTENT
        if not resumed:
            _state_of(part).write_text(_state(response.headers))
        done = have if resumed else 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length else None
        told = done
        with part.open("ab" if resumed else "wb") as file:
            for (
                piece
            ) in response.iter_bytes():  # as they come: a fixed size would drop the last ones of a broken answer
                file.write(piece)
                done += len(piece)
                if done - told >= TELL_EVERY or done == total:
                    progress(done, total)
                    told = done


def _rest_from(have: int, part: Path) -> dict[str, str]:
    """Headers that ask for all but the first bytes, provided that the file is still the one that was begun."""
    known = _state_of(part).read_text() if _state_of(part).exists() else ""
    return {"Range": f"bytes={have}-", **({"If-Range": known} if known else {})}


def _state(headers: httpx.Headers) -> str:
    """What changes when the file does; a weak ETag may not be asked for, and some servers say nothing."""
    tag = headers.get("ETag", "")
    return headers.get("Last-Modified", "") if not tag or tag.startswith("W/") else tag


def _state_of(part: Path) -> Path:
    return part.with_name(f"{part.name}.state")


def digest(path: Path) -> str:
    """SHA-256 of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip or tar file as `folder`, which must not exist yet.

    Raises
    ------
    InvalidInputError
        If it is no archive, is damaged, is larger than the disk, or holds a path or link that leads outside.
    """
    building = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        _unpack_zip(archive, building) if zipfile.is_zipfile(archive) else _unpack_tar(archive, building)
        building.replace(folder)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise InvalidInputError(f"{archive.name} cannot be unpacked ({error}).", "Download it again.") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _unpack_zip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as bundle:
        _check_room(archive, sum(member.file_size for member in bundle.infolist()), folder)
        for member in bundle.infolist():
            target = (folder / member.filename).resolve()
            if not target.is_relative_to(folder.resolve()) or "\\" in member.filename:
                raise InvalidInputError(f"{archive.name} holds {member.filename!r}, which leads outside the folder.")
        bundle.extractall(folder)


def _unpack_tar(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as bundle:
        _check_room(archive, sum(member.size for member in bundle), folder)
        bundle.extractall(folder, filter="data")  # refuses absolute paths, "..", links outside and devices


def _check_room(archive: Path, need: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if need > free:
        raise InvalidInputError(f"{archive.name} unpacks to {need / 2**30:.1f} GiB; {free / 2**30:.1f} GiB are free.")
