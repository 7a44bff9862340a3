"""Label Studio, without a browser: connect, bring annotations in, send slices out.

    python -m scripts.labelstudio setup --url URL --token TOKEN
    python -m scripts.labelstudio import --labelstudio-project-id N --name VOLUME [--dry-run] [--policy over]
    python -m scripts.labelstudio export [--train MODEL] --name VOLUME --labelstudio-name PROJECT [--slices unlabelled]
    python -m scripts.labelstudio ml-start [--train MODEL] [--labelstudio-ml-port 12290] [--conf 0.3] [--slidewindow]

NAME is the path of a volume, as the page's address names it. An export without --train sends the labels as
annotations; with it, what that model predicts, as predictions to be corrected. A second export adds what is missing.
ml-start lends models to Label Studio as the app does, until Ctrl-C; without --train the newest that fits a project.
The token may be of either kind; it is kept in STATE_DIR/labelstudio.json for its owner alone and never printed. Exit
code 2 and one sentence when something given is wrong.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import get_args

from flask import Flask
from werkzeug.serving import make_server

from core.errors import AppError, InvalidInputError
from core.images.intensity import describe_intensity
from core.images.volumes import VolumeSource
from core.labels.classes import LabelClass
from core.labels.exchange import open_labels
from core.labels.exchange.importing import Policy, Target, apply, report_on
from core.labels.slices import read_slice
from core.labelstudio.choices import table_of
from core.labelstudio.exporting import Shipment, project_for, send
from core.labelstudio.fetching import fetched
from core.labelstudio.preview import preview
from core.labelstudio.results import STYLES
from core.labelstudio.sources import ReadPair, StackSource, of_labels, regions_to_send
from core.labelstudio.tasks import Region
from core.labelstudio.weak import outlined
from core.labelstudio.windows import LEAST_SCORE, OVERLAP_PX, SIZE_PX, Windows
from core.learning.curation.table_csv import write_csv
from core.learning.jobs import parse_ranges
from scripts.command_line import EXIT_USER
from scripts.import_labels import told
from scripts.labelstudio_models import find_model, reader
from utils.images.tiled_volumes import TiledCatalog
from utils.labels.label_db import SqlLabelStore
from utils.labelstudio.labelstudio_client import HttpLabelStudio
from utils.services import DEFAULT_USER, build_services
from utils.settings import Settings, read_settings

ML_PORT = 12290  # as LSL has it


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options, read_settings())
    except AppError as error:
        print(error, file=sys.stderr)
        return EXIT_USER
    return 0


def setup(options: argparse.Namespace, settings: Settings) -> None:
    """Try the address and the token, and keep them."""
    with closing(HttpLabelStudio.from_settings(settings)) as studio:
        account = studio.connect(options.url, options.token or sys.stdin.readline())
    print(f"Connected to Label Studio {account.version} as {account.email}")


def import_(options: argparse.Namespace, settings: Settings) -> None:
    """Report what the annotations of a project would change, and change it; or write its choices as a table."""
    if options.choices:
        return _write_choices(options, settings)
    volume = _open(options.name, settings)
    info = volume.info
    weak = partial(outlined, volume=volume, window=describe_intensity(volume).window) if options.weak else list
    with closing(HttpLabelStudio.from_settings(settings)) as studio:
        found = fetched(studio, options.labelstudio_project_id, info.path, options.annotator, change=weak)
    with closing(SqlLabelStore(settings.labels_uri)) as labels, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "annotations.json"
        path.write_text(json.dumps(found))
        file = open_labels(path, info.shape)
        report = report_on(file, Target(info.shape, labels.classes(info.path), info.voxel_size_um))
        print(*told(report), sep="\n")
        if options.dry_run:
            return None
        user = settings.user_name or DEFAULT_USER
        receipt = apply(labels, info.path, file, report, options.policy, user=user, told=lambda _: None)
    return print(f"{len(receipt.changed)} tiles changed, revision {receipt.revision}")


def _write_choices(options: argparse.Namespace, settings: Settings) -> None:
    number = options.labelstudio_project_id
    with closing(HttpLabelStudio.from_settings(settings)) as studio:
        table = table_of(studio.tasks(number), studio.project(number).config, options.annotator)
    options.choices.write_text(write_csv(table), newline="")
    print(f"{len(table)} rows, {len(table.classes)} classes: {options.choices}")


def export(options: argparse.Namespace, settings: Settings) -> None:
    """Send slices with labels or predictions to a project; or only count what would go."""
    volume = _open(options.name, settings)
    with (
        closing(HttpLabelStudio.from_settings(settings)) as studio,
        closing(SqlLabelStore(settings.labels_uri)) as labels,
    ):
        shipment, read = _shipped(options, settings, volume, labels)
        if options.dry_run:
            return print("", *preview(shipment, StackSource(volume, read), told=_tell).told(), sep="\n")
        project = project_for(studio, options.labelstudio_name, shipment.classes)
        sent = send(studio, project, shipment, StackSource(volume, read), told=_tell)
    return print(f"\n{sent.told()} {project.url}")


def _shipped(
    options: argparse.Namespace, settings: Settings, volume: VolumeSource, labels: SqlLabelStore
) -> tuple[Shipment, ReadPair]:
    """What is sent, and what reads its labels."""
    classes, version, read = _what(options, settings, volume, labels)
    shipment = Shipment(
        volume=volume.info.path,
        slices=_slices(options, volume, labels.annotated_slices(volume.info.path)),
        regions=regions_to_send(_size(volume), region=_region(options.region, _size(volume)), tile_px=options.tile),
        window=tuple(options.window) if options.window else describe_intensity(volume).window,
        classes=classes,
        role="predictions" if options.train else "annotations",
        version=version,
        style=options.style,
        least_score=options.conf if options.train else 0.0,
    )
    return shipment, read


def ml_start(options: argparse.Namespace, settings: Settings) -> None:
    """Serve the routes of the app's backend alone, until somebody ends it."""
    from callbacks.http import errors, labelstudio_backend  # late: only this command serves
    from callbacks.http.labelstudio_answers import Wishes

    if options.train:
        find_model(options.train, settings)
    services = build_services(settings)
    server = Flask("labelstudio")
    errors.register(server)
    wishes = Wishes(options.train, options.conf, _windows(options), options.import_at_once)
    labelstudio_backend.add_routes(server, services, wishes)
    serving = make_server(options.host, options.labelstudio_ml_port, server, threaded=True)
    address = f"http://{options.host}:{serving.server_port}{labelstudio_backend.ROOT}/{services.labelstudio.secret()}"
    print(f"Add this address as a model of your project in Label Studio: {address}", flush=True)
    with suppress(KeyboardInterrupt):
        serving.serve_forever()


def _what(
    options: argparse.Namespace, settings: Settings, volume: VolumeSource, labels: SqlLabelStore
) -> tuple[Sequence[LabelClass], str, ReadPair]:
    """(classes, name of the version, reader) of what is sent."""
    path = volume.info.path
    if not options.train:
        return labels.classes(path), "", of_labels(lambda z: read_slice(labels, path, z, _size(volume)))
    model = find_model(options.train, settings)
    return model.classes, model.name, reader(model, volume, settings, _windows(options))


def _windows(options: argparse.Namespace) -> Windows | None:
    if not options.slidewindow:
        return None
    return Windows(tuple(options.slidewindow_size), options.overlap, options.merge)


def _slices(options: argparse.Namespace, volume: VolumeSource, labelled: Sequence[int]) -> Sequence[int]:
    depth = volume.info.shape[0]
    named = {
        "labelled": list(labelled),
        "all": list(range(depth)),
        "unlabelled": sorted(set(range(depth)) - set(labelled)),
    }
    wanted = options.slices or ("unlabelled" if options.train else "labelled")
    try:
        slices = named[wanted] if wanted in named else [z - 1 for z in parse_ranges(wanted)]
    except ValueError as error:
        raise InvalidInputError(f"{wanted!r} names no slices.", f"Write {', '.join(named)}, or 1-20,35.") from error
    outside = [z for z in slices if not 0 <= z < depth]
    if outside or not slices:
        which = f"Slice {outside[0] + 1} does not exist" if outside else f"No slice is {wanted}"
        raise InvalidInputError(f"{which}; the volume has {depth}.", "Choose others with --slices.")
    return slices


def _region(numbers: Sequence[int] | None, shape: tuple[int, int]) -> Region | None:
    if not numbers:
        return None
    x, y, width, height = numbers
    region = Region(y, x, y + height, x + width)
    if not region.lies_in(shape):
        raise InvalidInputError(f"This part does not lie in slices of {shape[1]} x {shape[0]}.", "Correct --region.")
    return region


def _open(path: str, settings: Settings) -> VolumeSource:
    key = settings.data_tiled_api_key.get_secret_value()
    return TiledCatalog(settings.data_tiled_uri, key, timeout_s=settings.tiled_timeout_s).open(path)


def _size(volume: VolumeSource) -> tuple[int, int]:
    return volume.info.shape[1], volume.info.shape[2]


def _tell(done: float) -> None:
    print(f"\r{done:4.0%}", end="", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.labelstudio", description="Exchange with Label Studio.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_setup(commands.add_parser("setup", help="connect"))
    _add_import(commands.add_parser("import", help="annotations into the labels of a volume"))
    _add_export(commands.add_parser("export", help="slices with labels or predictions into a project"))
    _add_ml_start(commands.add_parser("ml-start", help="answer the questions of Label Studio"))
    return parser


def _add_ml_start(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--train", default="", metavar="MODEL", help="a trained model, by name or id")
    parser.add_argument("--labelstudio-ml-port", type=int, default=ML_PORT, metavar="PORT", help="0: any that is free")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    at_once = "annotations become labels as soon as they are submitted, in all projects"
    parser.add_argument("--import-at-once", action="store_true", help=at_once)
    _add_prediction(parser)
    parser.set_defaults(run=ml_start)


def _add_setup(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", required=True, help="address of its page, e.g. http://localhost:8080")
    parser.add_argument("--token", help="legacy or personal access token; without it, a line of the input")
    parser.set_defaults(run=setup)


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--labelstudio-project-id", type=int, required=True, metavar="N")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--name", metavar="VOLUME", help="its labels get the annotations")
    where.add_argument("--choices", type=Path, metavar="TABLE.csv", help="write the choices as a label table")
    parser.add_argument("--policy", choices=get_args(Policy), default="over")
    parser.add_argument("--annotator", default="", help="id or e-mail; only this person's annotations")
    parser.add_argument("--weak", action="store_true", help="boxes and points become the objects they stand for")
    parser.add_argument("--dry-run", action="store_true", help="only the report")
    parser.set_defaults(run=import_)


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--train", default="", metavar="MODEL", help="a trained model, by name or id")
    parser.add_argument("--name", required=True, metavar="VOLUME")
    parser.add_argument("--labelstudio-name", required=True, metavar="PROJECT", help="title or id; made if new")
    parser.add_argument("--slices", default="", help="labelled, unlabelled, all, or numbers from 1 such as 1-20,35")
    parser.add_argument("--region", type=int, nargs=4, metavar=("X", "Y", "WIDTH", "HEIGHT"), help="of each slice")
    parser.add_argument("--tile", type=int, default=0, metavar="PX", help="cut slices into tasks of at most this side")
    parser.add_argument("--window", type=float, nargs=2, metavar=("BLACK", "WHITE"), help="true values")
    parser.add_argument("--dry-run", action="store_true", help="only count what would be sent, by class and score")
    parser.add_argument("--style", choices=list(STYLES), default="brush")
    _add_prediction(parser)
    parser.set_defaults(run=export)


def _add_prediction(parser: argparse.ArgumentParser) -> None:
    """How a model predicts."""
    parser.add_argument("--conf", type=float, default=LEAST_SCORE, help="least score of an object, 0 to 1")
    parser.add_argument("--slidewindow", action="store_true", help="predict window by window")
    parser.add_argument("--slidewindow-size", type=int, nargs=2, default=SIZE_PX, metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--overlap", type=int, default=OVERLAP_PX, metavar="PX", help="of windows")
    parser.add_argument("--merge", choices=("semantic", "instances"), default="semantic", help="of windows")


if __name__ == "__main__":
    sys.exit(main())
