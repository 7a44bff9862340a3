"""The example of docs/own-algorithm.md, first half: learn the mean grey of each class. ``python train.py PARAMETERS``.

It needs numpy and nothing of this project, so that it can be copied and changed.
"""

import json
import sys
from pathlib import Path

import numpy as np
from tiled_node import TiledNode, smoothed, tell


def main(parameters_file: str) -> None:
    """Read the painted slices of the mask and the images under them; leave what was learned in `models_dir`."""
    parameters = json.loads(Path(parameters_file).read_text())
    places, model = parameters["io_parameters"], parameters["model_parameters"]
    images = TiledNode(places["data_tiled_uri"], places["data_tiled_api_key"])
    masks = TiledNode(places["mask_tiled_uri"], places["mask_tiled_api_key"])
    slices = masks.metadata()["metadata"]["mask_idx"]
    greys: dict[int, list[np.ndarray]] = {}
    for row, z in enumerate(slices):
        image = smoothed(images.read_slice(z), model["smooth_px"])
        mask = masks.read_slice(row, "mask")  # -1 where nothing is painted, else the place of the class
        for place in np.unique(mask[mask >= 0]).tolist():
            greys.setdefault(place, []).append(image[mask == place])
        tell(progress=(row + 1) / len(slices), message=f"Read {row + 1} of {len(slices)} painted slices")
    means = {place: float(np.concatenate(parts).mean()) for place, parts in greys.items()}
    if len(means) < 2:
        sys.exit("Paint two classes at least.")  # the last line of what fails is shown on the page
    (Path(places["models_dir"]) / "means.json").write_text(json.dumps(means))


if __name__ == "__main__":
    main(sys.argv[1])
