"""How fast a network segments a stack from disk to disk, beside the bare forward pass of the same network.

Slices are read from a zarr array (or from Tiled), normalised, predicted in tiles with their halo, and labels and
confidence are written to zarr, as a job does. The bare pass runs the same network on a ready tile, again and again.
The weights are as drawn: they change no time.
"""

import argparse
import os
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import zarr
from numpy.typing import NDArray

from core.images.volumes import VolumeSource, read_slice
from core.learning.normalisation import Normalisation
from core.learning.segmenter import Prediction
from networks.architectures import find_architecture
from networks.checkpoints import Checkpoint
from networks.devices import choose_device
from networks.predict import TILE_PX, half_precision
from networks.segmenter import NetworkSegmenter
from scripts.pipelines import pipelined
from utils.images.tiled_volumes import open_uri

FULL = (2160, 2560, 2560)  # what the time is projected to
BARE_S = 5.0  # how long the bare pass is watched
CLASSES = 3
HEAD = (
    "| network | device | from | bare pass, Mpixel/s | disk to disk, Mpixel/s | ratio | peak memory, GB "
    "| 2160 x 2560 x 2560 |"
)


@dataclass(frozen=True)
class Measured:
    """bare, whole : pixels a second."""

    network: str
    device: str
    source: str
    bare: float
    whole: float
    peak_gb: float

    def row(self) -> str:
        """Of the table."""
        minutes = np.prod(np.array(FULL, float)) / self.whole / 60
        speeds = f"{self.bare / 1e6:.2f} | {self.whole / 1e6:.2f} | **{self.whole / self.bare:.2f}**"
        return f"| {self.network} | {self.device} | {self.source} | {speeds} | {self.peak_gb:.1f} | {minutes:.1f} min |"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--algorithm", default="U-Net")
    parser.add_argument("--base-channels", type=int, help="of the network; default: the algorithm's")
    parser.add_argument("--size", type=int, default=2560, help="of a slice, in pixels")
    parser.add_argument("--slices", type=int, default=3)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--uri", help="a volume in Tiled to read, in place of a zarr array made for it")


def run(options: argparse.Namespace) -> None:
    """Print the table."""
    print(f"{HEAD}\n|{'---|' * 8}")
    segmenter = make_segmenter(options)
    before = bare_speed(segmenter)
    with tempfile.TemporaryDirectory() as folder:
        whole = whole_speed(segmenter, options, Path(folder))
    bare = (before + bare_speed(segmenter)) / 2  # on both sides, as other work on the machine comes and goes
    device = next(segmenter.checkpoint.model.parameters()).device
    source = "Tiled" if options.uri else "zarr"
    print(Measured(options.algorithm, device_name(device), source, bare, whole, peak_gb(device)).row())


def make_segmenter(options: argparse.Namespace) -> NetworkSegmenter:
    """As drawn, on its device."""
    found = find_architecture(options.algorithm)
    wanted = {} if options.base_channels is None else {"base_channels": options.base_channels}
    parameters = found.parameters.chosen_from(wanted)
    torch.manual_seed(0)
    model = found.build(1, CLASSES, parameters, seed=0).eval()
    model.to(choose_device(options.device), memory_format=torch.channels_last)  # type: ignore[call-overload]
    ids = tuple(range(1, CLASSES + 1))
    return NetworkSegmenter(Checkpoint(options.algorithm, model, 1, ids, parameters, Normalisation((0.0,), (1.0,)), {}))


@torch.inference_mode()
def bare_speed(segmenter: NetworkSegmenter) -> float:
    """Pixels a second of the network alone, on one ready tile."""
    model = segmenter.checkpoint.model
    device = next(model.parameters()).device
    side = TILE_PX[device.type]
    tile = torch.rand(1, segmenter.checkpoint.architecture.slices, side, side, device=device)
    tile = tile.to(memory_format=torch.channels_last)
    with half_precision(device):
        _pass(model, tile)
        count, began = 0, time.perf_counter()
        while (took := time.perf_counter() - began) < BARE_S:
            _pass(model, tile)
            count += 1
    return count * side**2 / took


def _pass(model: torch.nn.Module, tile: torch.Tensor) -> None:
    model(tile)
    if tile.device.type == "cuda":
        torch.cuda.synchronize()


def whole_speed(segmenter: NetworkSegmenter, options: argparse.Namespace, folder: Path) -> float:
    """Pixels a second from disk to disk."""
    stack: Any = open_tiled(options.uri) if options.uri else make_stack(folder / "images.zarr", options)
    count, height, width = stack.info.shape if options.uri else stack.shape
    count = min(count, options.slices)
    out = [_new_array(folder / name, (count, height, width), np.uint8) for name in ("labels.zarr", "confidence.zarr")]

    def read(z: int) -> NDArray[Any]:
        return read_slice(stack, z) if options.uri else stack[z]

    def write(z: int, made: Prediction) -> None:
        for array, pixels in zip(out, (made.labels, made.confidence), strict=True):
            array[z] = pixels

    began = time.perf_counter()
    around = segmenter.context
    pipelined(
        range(count), read=read, work=lambda image: segmenter.predict(image, (image,) * (2 * around)), write=write
    )
    return count * height * width / (time.perf_counter() - began)


def open_tiled(uri: str) -> VolumeSource:
    return open_uri(uri, api_key=os.environ.get("DATA_TILED_API_KEY", ""))


def make_stack(path: Path, options: argparse.Namespace) -> Any:
    """uint16 noise over waves: what zarr compresses no better than a detector's image."""
    side = options.size
    y, x = np.mgrid[:side, :side]
    waves = 12000 + 4000 * np.sin(y / 40) * np.cos(x / 55)
    array = _new_array(path, (options.slices, side, side), np.uint16)
    for z in range(options.slices):
        array[z] = (waves + np.random.default_rng(z).normal(0, 600, waves.shape)).astype(np.uint16)
    return array


def _new_array(path: Path, shape: tuple[int, int, int], dtype: Any) -> Any:
    return zarr.create_array(str(path), shape=shape, chunks=(1, *shape[1:]), dtype=dtype)


def device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return "1 processor thread" if threads == 1 else f"{threads} processor threads"


def peak_gb(device: torch.device) -> float:
    """Of the process; of the GPU where it ran there."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
