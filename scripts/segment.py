"""Train on a few labelled slices and segment the whole stack, without a browser.

    python -m scripts.segment IMAGES MASKS --algorithm "Pixel classifier" --out OUT.tif [--param key=value]...

IMAGES and MASKS are TIFF stacks, folders of TIFFs or Tiled URIs of equal shape. In MASKS each value is a class id, 255
(uint8) or -1 (int8) means unlabelled. OUT is a uint8 stack of class ids. It runs the code of the jobs. The last line on
stdout is JSON. Exit code 2 and one sentence when something given is wrong. Keys of Tiled: DATA_TILED_API_KEY and
MASK_TILED_API_KEY.
"""

import argparse
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from core.errors import AppError, InvalidInputError, NotEnoughLabelsError, ParameterError
from core.images.volumes import VolumeSource, read_slice
from core.labels.mask_values import UNLABELLED, MaskValues, values_in
from core.learning.class_shares import ESTIMATE, read_shares, write_shares
from core.learning.descriptors import validate_parameters
from core.learning.neighbours import SliceWindow
from core.learning.segmenter import LabelledSlice, Progress, Segmenter
from scripts.algorithms import context_of, prepared, train
from scripts.command_line import EXIT_USER, add_choices, find_algorithm, open_images, pairs, tell
from scripts.pipelines import read_ahead
from utils.allocator import keep_freed_memory
from utils.settings import Settings, read_settings

BIG_TIFF_BYTES = 4 << 30  # classic TIFF ends there


@dataclass(frozen=True)
class Labelled:
    """slices : those with a labelled pixel. values : how classes are written in the file. pixels : by written value."""

    slices: list[LabelledSlice]
    values: MaskValues
    pixels: dict[int, int]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        facts = segment(options, read_settings())
    except AppError as error:
        print(error, file=sys.stderr)
        return EXIT_USER
    print(json.dumps(facts))
    return 0


def segment(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    """Train, predict, write; returns what the last line says."""
    descriptor = find_algorithm(options.algorithm, settings)
    parameters = validate_parameters(descriptor, pairs(options.param))
    wishes = validate_parameters(descriptor, pairs(options.refine), "prediction_model")
    images = open_images(options.images, settings.data_tiled_api_key.get_secret_value(), settings)
    masks = open_images(options.masks, settings.mask_tiled_api_key.get_secret_value(), settings)
    _check_shapes(images, masks)
    _check_target(options.out)
    context = context_of(descriptor.model_name, parameters, start=options.start)
    labelled = read_labelled(images, masks, context=context)
    wishes = in_class_ids(wishes, labelled.values)  # wrong ones are refused before the training
    segmenter, report = train(
        descriptor.model_name,
        labelled.slices,
        parameters,
        seed=options.seed,
        device=options.device,
        report=tell,
        start=options.start,
    )
    if report.note:
        print(report.note, file=sys.stderr)
    started = time.monotonic()
    chosen = prepared(segmenter, wishes, images)
    write_stack(options.out, images.info.shape, predictions(chosen, images, labelled.values))
    return {
        "seconds": {**report.seconds, "inference": time.monotonic() - started},
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "labelled_pixels": labelled.pixels,
        "scores": _named(report.scores, labelled.values),
        "out": str(options.out),
    }


def in_class_ids(wishes: dict[str, Any], values: MaskValues) -> dict[str, Any]:
    """Prediction parameters as jobs have them: class shares name the values of the masks here, class ids there."""
    told = wishes.get("class_shares", "")
    if not told or told == ESTIMATE:
        return wishes
    ids = dict(zip(values.values, values.class_ids, strict=True))
    shares = read_shares(told)
    if unknown := [value for value in shares if value not in ids]:
        raise ParameterError(f"{unknown[0]} is no class of the masks.", f"They have {', '.join(map(str, ids))}.")
    return wishes | {"class_shares": write_shares({ids[value]: share for value, share in shares.items()})}


def read_labelled(images: VolumeSource, masks: VolumeSource, *, context: int) -> Labelled:
    """The slices with labels, in the class ids of the house; images are read for those and their neighbours only.

    Raises
    ------
    InvalidInputError
        If the masks hold values that are no class.
    NotEnoughLabelsError
        If no pixel, or one class only, is labelled.
    """
    kept: dict[int, NDArray[Any]] = {}
    counts: Counter[int] = Counter()
    for z in range(masks.info.shape[0]):
        mask = read_slice(masks, z)
        here = values_in(mask) - set(UNLABELLED)
        counts.update({value: int((mask == value).sum()) for value in here})
        if here:
            kept[z] = mask
    values = MaskValues.of(counts)
    if not counts:
        raise NotEnoughLabelsError(
            "No pixel of the masks is labelled.", "255 or -1 means unlabelled, all else a class."
        )
    if len(counts) == 1:
        raise NotEnoughLabelsError(f"Only the class {values.values[0]} is labelled.", "Label a second class too.")
    return Labelled(_with_images(images, kept, values, context), values, dict(sorted(counts.items())))


def _with_images(
    images: VolumeSource, masks: dict[int, NDArray[Any]], values: MaskValues, context: int
) -> list[LabelledSlice]:
    window = SliceWindow.over(images, context=context)
    slices = []
    for z, mask in masks.items():
        image, around = window(z)
        slices.append(LabelledSlice(z, image, values.labels_of(mask), around))
    return slices


def predictions(segmenter: Segmenter, images: VolumeSource, values: MaskValues) -> Iterator[NDArray[np.uint8]]:
    """Each slice as values of the masks, in order; a few slices are in memory, the next ones are read meanwhile."""
    count = images.info.shape[0]
    window = SliceWindow.over(images, context=segmenter.context)
    for z, seen in read_ahead(range(count), window):
        yield values.mask_of(segmenter.predict(*seen).labels)
        tell(Progress((z + 1) / count, f"Segmented {z + 1} of {count} slices"))


def write_stack(out: Path, shape: tuple[int, int, int], slices: Iterator[NDArray[np.uint8]]) -> None:
    """Write a multi-page TIFF under its name only when it is whole."""
    part = out.with_name(f".{out.name}.part")
    big = int(np.prod(shape)) > BIG_TIFF_BYTES
    try:
        with tifffile.TiffWriter(part, bigtiff=big) as tif:
            tif.write(
                slices,
                shape=shape,
                dtype=np.uint8,
                photometric="minisblack",
                compression="zlib",
                rowsperstrip=shape[1],  # a strip a page, as the pages come
            )
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.segment", description="Train on a few labelled slices and segment the whole stack."
    )
    parser.add_argument("images", metavar="IMAGES", help="TIFF stack, folder of TIFFs, or Tiled URI")
    parser.add_argument("masks", metavar="MASKS", help="the same shape; a value a class, 255 or -1 unlabelled")
    add_choices(parser)
    parser.add_argument("--start", type=Path, metavar="FOLDER", help="an encoder of scripts.pretrain to start from")
    parser.add_argument(
        "--refine", action="append", default=[], metavar="KEY=VALUE", help="of the segmentation, as above"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="OUT.tif")
    return parser


def _check_shapes(images: VolumeSource, masks: VolumeSource) -> None:
    theirs, ours = masks.info.shape, images.info.shape
    if theirs != ours:
        raise InvalidInputError(
            f"The masks are {_words(theirs)}, the images {_words(ours)}.", "Both must have the same slices and size."
        )


def _check_target(out: Path) -> None:
    """Before hours of work, not after."""
    if out.is_dir() or not out.resolve().parent.is_dir():
        raise InvalidInputError(f"{out} cannot be written.", "Name a file in a folder that exists.")


def _words(shape: tuple[int, int, int]) -> str:
    return f"{shape[0]} slices of {shape[2]} x {shape[1]}"


def _named(scores: Any, values: MaskValues) -> dict[str, float]:
    """Scores by the values of the masks: "iou/1" of class id 1 becomes "iou/0" where value 0 is the first class."""
    written = {str(class_id): str(value) for class_id, value in zip(values.class_ids, values.values, strict=True)}
    named = {}
    for name, score in scores.items():
        kind, _, class_id = name.partition("/")
        named[f"{kind}/{written[class_id]}" if class_id else kind] = round(score, 4)
    return named


if __name__ == "__main__":
    keep_freed_memory()
    sys.exit(main())
