"""The small image files that the tests' Tiled server serves: every kind of container and of pixel people bring.

Each is written from an array that `ARRAYS` keeps, so that what comes back can be compared voxel by voxel.
"""

from pathlib import Path

import h5py
import numpy as np
import tifffile
import zarr
from numpy.typing import NDArray
from PIL import Image

RNG = np.random.default_rng(2)
STACK = RNG.integers(0, 4000, (6, 70, 90)).astype("u2")
FLOATS = RNG.normal(size=(3, 40, 50)).astype("f4")
FLOATS[0, 0, :3] = np.nan, np.inf, -np.inf

MOVIE = RNG.integers(0, 4000, (3, 6, 70, 90)).astype("u2")  # t, z, y, x
CELLS = RNG.integers(0, 4000, (2, 2, 6, 40, 50)).astype("u2")  # t, c, z, y, x
COARSE = 7  # every pixel of a stored level 1, which is no mean of its level 0

ARRAYS: dict[str, NDArray] = {
    "folders/deep/scan": STACK,  # one sequence in a folder: the folder is the row
    "pages": STACK,
    "image": STACK[0],
    "rgb": RNG.integers(0, 255, (70, 90, 3)).astype("u1"),
    "rgb16_stack": RNG.integers(0, 65535, (3, 40, 50, 3)).astype("u2"),
    "floats": FLOATS,
    "bigendian": STACK.astype(">u2"),
    "int16": (STACK.astype("i4") - 2000).astype("i2"),
    "mask": STACK > 2000,
    "half": FLOATS.astype("f2"),
    "double": FLOATS.astype(">f8"),
    "wide": STACK.astype("i8") * 1_000_003,
    "nested/entry/data/data": STACK,  # HDF5, beside a list of angles
    "single": STACK.astype("i4"),  # HDF5 with one array: the file is the row
    "plain": STACK,  # zarr
    "ome": STACK,  # OME-Zarr: the largest of its arrays
    "movie": MOVIE[0],  # the volume at t = 0
    "hyper": np.moveaxis(CELLS[0], 0, -1),  # OME-TIFF of five axes
    "planar": RNG.integers(0, 255, (3, 40, 50, 3)).astype("u1"),  # TIFF with colour planes one after the other
    "cells": np.moveaxis(CELLS[0], 0, -1),  # OME-Zarr of five axes
    "levels": RNG.integers(0, 255, (1, 1401, 600)).astype("u1"),  # OME-Zarr with a coarser level
    "pyramid": RNG.integers(0, 255, (3, 1401, 600)).astype("u2"),  # TIFF, levels in SubIFDs
    "pyramid_pages": RNG.integers(0, 255, (1401, 600, 3)).astype("u1"),  # TIFF, levels as pages, and a thumbnail
    "sizes": RNG.integers(0, 255, (1, 1401, 600)).astype("u1"),  # HDF5, levels as s0 and s1
    "imaris": RNG.integers(0, 255, (4, 1401, 600)).astype("u1"),  # its coarser level has half the slices
    "viewer": RNG.integers(0, 60_000, (4, 1401, 600)).astype("u2"),  # BigDataViewer; likewise, kept as int16
    "photo": RNG.integers(0, 255, (70, 90, 3)).astype("u1"),  # PNG
    "photos": RNG.integers(0, 65535, (3, 40, 50)).astype("u2"),  # a folder of numbered PNG files of 16 bits
    "palette": RNG.integers(0, 2, (40, 50, 1)).astype("u1") * np.uint8([10, 200, 30]),  # PNG with a colour table
    "tall": RNG.integers(0, 255, (1, 1400, 600)).astype("u1"),  # two tiles wide, three high, three levels
}
COARSER = {
    "levels",
    "pyramid",
    "pyramid_pages",
    "sizes",
    "imaris",
    "viewer",
}  # have a stored level 1 of 700 x 300 pixels of value COARSE
UNREADABLE = {
    "cut": "cut.tif",
    "torn": "torn.png",
    "complex": "complex64",
    "sixfold": "6 axes",
}  # path -> a word of the reason


def write_image_files(folder: Path) -> None:
    """Write one file or folder for each entry of `ARRAYS` and `UNREADABLE`, and files that are no images."""
    _write_sequence(folder / "folders" / "deep" / "scan")
    for name in ("pages", "image", "floats", "bigendian", "int16", "tall"):
        byteorder = ">" if name == "bigendian" else None
        tifffile.imwrite(folder / f"{name}.tif", ARRAYS[name], byteorder=byteorder, photometric="minisblack")
    for name in ("rgb", "rgb16_stack"):
        tifffile.imwrite(folder / f"{name}.tif", ARRAYS[name], photometric="rgb")
    _write_planes(folder)
    for name in ("mask", "half", "double", "wide"):
        np.save(folder / f"{name}.npy", ARRAYS[name])
    np.save(folder / "movie.npy", MOVIE)
    _write_pictures(folder)
    _write_hdf5(folder)
    _write_zarr(folder)
    _write_ome(folder / "cells.zarr", [CELLS], "tczyx", omero={"channels": [{"label": "DNA"}, {"label": "actin"}]})
    _write_ome(folder / "levels.zarr", [ARRAYS["levels"], np.full((1, 700, 300), COARSE, "u1")], "zyx")
    _write_pyramids(folder)
    _write_unreadable(folder)


def _write_planes(folder: Path) -> None:
    planes = np.moveaxis(ARRAYS["planar"], -1, 1)
    tifffile.imwrite(folder / "planar.tif", planes, photometric="rgb", planarconfig="separate")
    channels = {"Name": ["DNA", "actin"], "Color": [65535, 16711935]}  # 0xRRGGBBAA: blue and green
    facts = {"axes": "TCZYX", "Channel": channels}
    tifffile.imwrite(folder / "hyper.tif", CELLS, ome=True, photometric="minisblack", metadata=facts)


def _write_pyramids(folder: Path) -> None:
    with tifffile.TiffWriter(folder / "pyramid.tif") as file:
        options = {"tile": (256, 256), "compression": "zlib", "photometric": "minisblack"}
        file.write(ARRAYS["pyramid"], subifds=1, metadata={"axes": "ZYX"}, **options)
        file.write(np.full((3, 700, 300), COARSE, "u2"), subfiletype=1, **options)
    with tifffile.TiffWriter(folder / "pyramid_pages.tif") as file:
        options = {"tile": (256, 256), "photometric": "rgb", "metadata": None}
        file.write(ARRAYS["pyramid_pages"], **options)
        file.write(np.full((700, 300, 3), COARSE, "u1"), subfiletype=1, **options)
        file.write(np.zeros((50, 90), "u1"), photometric="minisblack", metadata=None)


def _write_sequence(folder: Path) -> None:
    folder.mkdir(parents=True)
    for z, image in enumerate(STACK):
        tifffile.imwrite(folder / f"slice_{z:04d}.tif", image)


def _write_pictures(folder: Path) -> None:
    Image.fromarray(ARRAYS["photo"]).save(folder / "photo.png")
    Image.fromarray(ARRAYS["palette"]).quantize(2).save(folder / "palette.png")
    (folder / "photos").mkdir()
    for z, image in enumerate(ARRAYS["photos"], start=9):
        Image.fromarray(image).save(folder / "photos" / f"slice{z}.png")


def _write_hdf5(folder: Path) -> None:
    with h5py.File(folder / "nested.h5", "w") as file:
        file["entry/data/data"] = STACK
        file["entry/data/angles"] = np.arange(6.0)
    with h5py.File(folder / "single.h5", "w") as file:
        file["volume"] = ARRAYS["single"]
    with h5py.File(folder / "sizes.h5", "w") as file:
        file["s0"], file["s1"] = ARRAYS["sizes"], np.full((1, 700, 300), COARSE, "u1")
    write_imaris(folder / "imaris.ims", [ARRAYS["imaris"][None, None], np.full((1, 1, 2, 700, 300), COARSE, "u1")])
    with h5py.File(folder / "viewer.h5", "w") as file:
        file["t00000/s00/0/cells"] = ARRAYS["viewer"].view("i2")
        file["t00000/s00/1/cells"] = np.full((2, 700, 300), COARSE, "i2")


def write_imaris(path: Path, levels: list[NDArray], *, voxel_um: float = 1, channels: tuple[tuple[str, str], ...] = ()):
    """An Imaris file of (t, c, z, y, x) arrays, the largest first, with its padding; (name, "r g b") of channels."""
    with h5py.File(path, "w") as file:
        for level, pixels in enumerate(levels):
            for t, c in np.ndindex(pixels.shape[:2]):
                group = file.create_group(f"DataSet/ResolutionLevel {level}/TimePoint {t}/Channel {c}")
                group["Data"] = np.pad(pixels[t, c], [(0, 1), (0, 7), (0, 24)])
                group.attrs.update(_letters({f"ImageSize{a}": n for a, n in zip("ZYX", pixels.shape[2:], strict=True)}))
        image, sizes = file.create_group("DataSetInfo/Image"), levels[0].shape[2:]
        extent = {f"ExtMax{place}": size * voxel_um for place, size in zip((2, 1, 0), sizes, strict=True)}
        lowest = {f"ExtMin{place}": 0 for place in range(3)}
        image.attrs.update(_letters({**dict(zip("ZYX", sizes, strict=True)), **extent, **lowest, "Unit": "um"}))
        for place, (name, color) in enumerate(channels):
            file.create_group(f"DataSetInfo/Channel {place}").attrs.update(_letters({"Name": name, "Color": color}))


def _letters(facts: dict[str, object]) -> dict[str, NDArray]:
    """Attributes as Imaris writes them: arrays of single characters."""
    return {name: np.array(list(str(value)), "S1") for name, value in facts.items()}


def _write_zarr(folder: Path) -> None:
    zarr.create_array(str(folder / "plain.zarr"), shape=STACK.shape, dtype="u2", chunks=(1, 70, 90))[:] = STACK
    group = zarr.open_group(str(folder / "ome.zarr"), mode="w")
    for level, pixels in enumerate((STACK, STACK[:, ::2, ::2])):
        array = group.create_array(str(level), shape=pixels.shape, dtype="u2", chunks=(1, *pixels.shape[1:]))
        array[:] = pixels
    scales = [{"type": "scale", "scale": [2.0, 0.5, 0.5]}]
    group.attrs["ome"] = {
        "version": "0.5",
        "multiscales": [
            {
                "axes": [{"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"],
                "datasets": [{"path": str(level), "coordinateTransformations": scales} for level in range(2)],
            }
        ],
    }


def _write_ome(path: Path, levels: list[NDArray], axes: str, **more: object) -> None:
    group = zarr.open_group(str(path), mode="w")
    for level, pixels in enumerate(levels):
        group.create_array(str(level), shape=pixels.shape, dtype=pixels.dtype, chunks=pixels.shape)[:] = pixels
    scales = {"axes": [{"name": name} for name in axes], "datasets": [{"path": str(n)} for n in range(len(levels))]}
    group.attrs["ome"] = {"version": "0.5", "multiscales": [scales], **more}


def _write_unreadable(folder: Path) -> None:
    (folder / "cut.tif").write_bytes(b"II*\0garbage")
    (folder / "torn.png").write_bytes(b"\x89PNG")
    np.save(folder / "complex.npy", np.ones((4, 5, 6), "c8"))
    np.save(folder / "sixfold.npy", np.ones((2, 3, 4, 5, 6, 7)))
    np.save(folder / "spectrum.npy", np.arange(5.0))
    (folder / "table.csv").write_text("a,b\n1,2\n")
    (folder / "notes.txt").write_text("not an image")
