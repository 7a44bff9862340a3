"""An export job: ``python scripts/export_job.py PARAMETERS.json``.

Writes the labels of a volume, or a result, into a file that the page offers for download. The app's supervisor starts
it; `scripts/job_run.py` keeps its ledger, `scripts/export.py` is the same for people at a command line.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # started by its path

from core.labels.exchange import find_format
from core.labels.exchange.exporting import export, facts_of
from core.learning.segmenter import Progress
from scripts.job_run import JobRun, main
from scripts.job_slices import open_volume
from scripts.label_sources import reader
from utils.exchange_files import DiskExchange


def write_file(run: JobRun) -> None:
    """Export the slices asked for."""
    request = run.request
    count = len(request.slices)
    run.begin("Opening the volume", start=0.0, stop=0.0)
    info = open_volume(run).info
    facts = facts_of(info, request.classes, request.slices, name=request.volume.rsplit("/", 1)[-1])
    read = reader(run.settings, request.volume, info.shape, result=str(request.parameters["source"]))
    folder = DiskExchange.from_settings(run.settings).export_folder(run.id)
    run.begin(f"Writing {count} slices", start=0.0, stop=1.0)
    kind = find_format(str(request.parameters["format"]))
    export(
        kind, folder, facts, read,
        told=lambda done: run.report(Progress(done, f"Wrote {round(done * count)} of {count} slices")),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(write_file, sys.argv[1:]))
