"""What learns in a session: embeddings of all images, a head over them, and, where there is an encoder, its tuning."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.learning.curation.embeddings import standardised
from core.learning.curation.pooled import pooled_all
from core.learning.curation.table import Item, LabelTable
from core.learning.segmenter import Progress, Report
from scripts.active_learning.images import ImageFolder
from scripts.active_learning.settings import ModelSettings, PipelineSettings
from scripts.encoders import open_encoder

if TYPE_CHECKING:
    from networks.heads import HeadTraining
    from networks.pretraining.encoder import Encoder

MODEL_FILE, WEIGHTS_FILE = "model.json", "weights.safetensors"
Points = NDArray[np.float32]


@dataclass(frozen=True)
class Learner:
    """folder : of the images. settings, model : as the two files say. report : called as work goes on."""

    folder: ImageFolder
    settings: PipelineSettings
    model: ModelSettings
    report: Report

    @cached_property
    def encoder(self) -> "Encoder | None":
        """Of model_path, or of encoder_path; None where pixels are pooled instead."""
        where = self.settings.model_path or self.model.encoder_path
        return open_encoder(Path(where), device=self.device) if where else None

    @property
    def device(self) -> str:
        return self.settings.device if self.settings.device != "auto" else self.model.device

    def embed(self, table: LabelTable) -> Points:
        """(n, d) of every image."""
        if self.encoder is None:
            window, pixels = self.folder.window, (self.folder.read(item) for item in table.items)
            return standardised(np.stack(list(self._told(pooled_all(pixels, window), len(table)))))
        squares = self.folder.squares(table.items, self._side(self.encoder), self.encoder.normalisation)
        return _embedded(self.encoder, self._told(squares, len(table)), self.settings.active_label_batch_size)

    def image_points(self, path: Path, table: LabelTable, points: Points) -> Points:
        """(d,) of a reference image: of the row it is, else made anew among the others."""
        for row, item in enumerate(table.items):
            if Path(item.filename).resolve() == path.resolve():
                return points[row]
        with_it = LabelTable.of([*table.items, Item("reference", "", str(path))])
        return self.embed(with_it)[-1]

    def step(self, table: LabelTable, points: Points, mode: str) -> tuple[Any, Points, Points]:
        """Train as `mode` says; gives the model, (n, 1) chances, and the embeddings, new ones where they were tuned."""
        if mode == "f":
            return self._tuned(table)
        from networks.heads import Lesson, chances, train_head

        head = train_head(Lesson(points, self._tags(table), self._held(table)), self.training, self._epoch)
        return head, chances(head, points), points

    @cached_property
    def training(self) -> "HeadTraining":
        """From the options of both files."""
        from networks.heads import HeadTraining

        chosen = self.model
        return HeadTraining(
            shape=chosen.classifier_type,
            hidden=chosen.c_hidden_dim,
            dropout=chosen.c_dropout,
            rate=chosen.c_linear_lr,
            final_rate=chosen.c_final_lr,
            scheduler=chosen.c_scheduler_type,
            gamma=chosen.c_gamma,
            decay_epochs=chosen.c_decay_epochs,
            momentum=chosen.c_momentum,
            weight_decay=chosen.c_weight_decay,
            epochs=chosen.epochs,
            batch_size=self.settings.train_dataset_batch_size,
            encoder_rate=chosen.e_lr,
            seed=chosen.seed,
        )

    def save(self, model: Any, folder: Path) -> None:
        """Weights as safetensors and what they are as JSON: no pickle."""
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        weights = {name: value.cpu().contiguous() for name, value in model.state_dict().items()}
        save_file(weights, folder / WEIGHTS_FILE)
        known = {
            "kind": type(model).__name__,
            "classes": [self.settings.pos_class],
            "encoder": self.settings.model_path or self.model.encoder_path or "pooled pixels",
            "image_size": self.settings.image_size,
            "training": asdict(self.training),
        }
        (folder / MODEL_FILE).write_text(json.dumps(known, indent=2))

    def _tuned(self, table: LabelTable) -> tuple[Any, Points, Points]:
        from networks.heads import Lesson, chances, fine_tune

        encoder = self.encoder
        if encoder is None:
            raise InvalidInputError(
                "Step f tunes an encoder, and there is none.",
                "Name one as model_path (python -m scripts.pretrain makes it), or use step l.",
            )
        side = self._side(encoder)
        seen = np.flatnonzero(table.training | table.testing)
        squares = np.stack(list(self.folder.squares([table.items[row] for row in seen], side, encoder.normalisation)))
        lesson = Lesson(squares, self._tags(table)[seen], self._held(table)[seen])
        model = fine_tune(encoder.network, lesson, self.training, self._epoch)
        batches = _batches(self.folder.squares(table.items, side, encoder.normalisation), 128)
        parts = [(chances(model, batch), _unit(model, batch)) for batch in batches]
        said, points = (np.concatenate(column) for column in zip(*parts, strict=True))
        return model, said, points

    def _tags(self, table: LabelTable) -> NDArray[np.int8]:
        """Excluded rows have none."""
        return np.where(table.exclude[:, None], -1, table.tags).astype(np.int8)

    def _held(self, table: LabelTable) -> NDArray[np.bool_]:
        return table.validation.copy()

    def _side(self, encoder: "Encoder") -> int:
        """What the encoder's grid allows, near image_size."""
        stride = encoder.network.stride
        return max(self.settings.image_size // stride, 1) * stride

    def _epoch(self, epoch: int, loss: float) -> None:
        self.report(Progress(epoch / self.model.epochs, f"Epoch {epoch} of {self.model.epochs}, loss {loss:.3f}"))

    def _told(self, parts: Iterable[Points], count: int) -> Iterator[Points]:
        for number, part in enumerate(parts, start=1):
            if number % 50 == 0 or number == count:
                self.report(Progress(number / count, f"Embedded {number} of {count} images"))
            yield part


def _embedded(encoder: "Encoder", squares: Iterable[Points], batch_size: int) -> Points:
    import torch

    from networks.pretraining.embedding import pooled

    with torch.inference_mode():
        parts = [
            torch.nn.functional.normalize(pooled(encoder.network, torch.from_numpy(batch)), dim=1).numpy()
            for batch in _batches(squares, batch_size)
        ]
    return np.concatenate(parts)


def _unit(model: Any, batch: Points) -> Points:
    import torch

    with torch.inference_mode():
        return np.asarray(model.embed(torch.from_numpy(batch)).numpy())


def _batches(squares: Iterable[Points], size: int) -> Iterator[Points]:
    kept: list[Points] = []
    for square in squares:
        kept.append(square)
        if len(kept) == size:
            yield np.stack(kept)
            kept = []
    if kept:
        yield np.stack(kept)
