"""The example of docs/own-algorithm.md, second half: segment by what was learned. ``python segment.py PARAMETERS``."""

import json
import sys
from pathlib import Path

import numpy as np
from tiled_node import TiledNode, smoothed, tell


def main(parameters_file: str) -> None:
    """Write `seg_result` below `uid_save`: int8 (slices, Y, X), each value the place of a class."""
    parameters = json.loads(Path(parameters_file).read_text())
    places, model = parameters["io_parameters"], parameters["model_parameters"]
    learned = json.loads((Path(places["models_dir"]) / "means.json").read_text())
    classes, means = np.array([int(place) for place in learned]), np.array(list(learned.values()))
    images = TiledNode(places["data_tiled_uri"], places["data_tiled_api_key"])
    results = TiledNode(places["seg_tiled_uri"], places["seg_tiled_api_key"])
    slices, (_, height, width) = places["slices"], images.metadata()["structure"]["shape"]
    facts = {"data_uri": places["data_tiled_uri"], "mask_idx": slices, "uid": places["uid_save"]}
    results.create_container(places["uid_save"], facts)
    path = f"{places['uid_save']}/seg_result"
    results.create_array(path, (len(slices), height, width))
    for row, z in enumerate(slices):
        image = smoothed(images.read_slice(z), model["smooth_px"])
        nearest = np.abs(image[..., None] - means).argmin(axis=-1)
        results.write_slice(path, row, classes[nearest].astype(np.int8))
        done = f"Segmented {row + 1} of {len(slices)} slices"
        tell(progress=(row + 1) / len(slices), message=done, slices_done=[z])  # the page shows it from now on


if __name__ == "__main__":
    main(sys.argv[1])
