"""The table of trained models: sorted by a click on a column, filtered by its menu, downloaded as CSV."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

import dash_ag_grid as dag

from components import ids
from components.grids import GRID_THEME
from components.times import minute
from core.learning.comparison import warning
from core.learning.models import TrainedModel

Row = Mapping[str, Any]
SCORE_TEXT = (
    "params.value == null ? 'no score' : d3.format('.2f')(params.value) + (params.data.warning ? ' \u2193' : '')"
)
SCORE_HELP = "Mean over the classes of the overlap (IoU) on labelled regions kept out of training; 1 is perfect"
_COLUMNS = (
    {
        "field": "thumbnail",
        "headerName": "",
        "width": 64,
        "cellRenderer": "ModelPicture",  # assets/model_table.js
        "filter": False,
        "sortable": False,
        "resizable": False,
    },
    {"field": "name", "headerName": "Name", "flex": 3, "minWidth": 176, "tooltipField": "name"},
    {
        "field": "score",
        "headerName": "Mean IoU",
        "headerTooltip": SCORE_HELP,
        "flex": 1,
        "minWidth": 112,
        "filter": "agNumberColumnFilter",
        "valueFormatter": {"function": SCORE_TEXT},
        "cellClassRules": {"score-worse": "params.data.warning"},
        "tooltipField": "scores",
    },
    {"field": "stage", "headerName": "Stage", "flex": 1, "minWidth": 104},
    {"field": "when", "headerName": "Date", "flex": 2, "minWidth": 144},
    {"field": "volume", "headerName": "Trained on", "flex": 2, "minWidth": 120, "tooltipField": "volume"},
    {"field": "algorithm", "headerName": "Algorithm", "flex": 2, "minWidth": 120},
    {"field": "tags", "headerName": "Tags", "flex": 1, "minWidth": 96, "tooltipField": "description"},
)


def table() -> dag.AgGrid:
    """Without rows."""
    return dag.AgGrid(
        id=ids.MODEL_TABLE,
        rowData=[],
        columnDefs=list(_COLUMNS),
        defaultColDef={"filter": True, "sortable": True, "resizable": True, "suppressHeaderMenuButton": True},
        csvExportParams={"fileName": "models.csv"},
        dashGridOptions={
            "theme": {"function": GRID_THEME},
            "suppressColumnVirtualisation": True,
            "rowHeight": 48,
            "suppressCellFocus": False,
            "rowSelection": {
                "mode": "multiRow",
                "checkboxes": True,
                "headerCheckbox": False,
                "enableClickSelection": True,
            },
            "enableCellTextSelection": True,
            "localeText": {"noRowsToShow": "No model yet. What you train is listed here with its score."},
            "tooltipShowDelay": 400,
        },
        getRowId="params.data.id",
        className="model-table",
    )


def rows(models: Sequence[TrainedModel], timezone: tzinfo) -> list[dict[str, Any]]:
    """A row for each model, newest first."""
    return [_row(model, timezone, warning(model, models)) for model in models]


def options(table_rows: Sequence[Row]) -> list[dict[str, str]]:
    """Those of the models that can segment, as a select offers them."""
    return [{"label": row["name"], "value": row["id"]} for row in table_rows if row["segments"] and not row["archived"]]


def thumbnail_url(model: TrainedModel) -> str:
    """Where the picture of what the model predicted first is; "" where there is none."""
    return f"api/models/{model.id}/thumbnail" if model.has_thumbnail else ""


def _row(model: TrainedModel, timezone: tzinfo, warned: str) -> dict[str, Any]:
    return {
        "id": model.id,
        "name": model.name,
        "algorithm": model.algorithm,
        "segments": bool(model.classes),
        "starts": model.starts,
        "score": model.scores.get("mean_iou"),
        "labelled_pixels": model.labelled_pixels,
        "scores": " ".join(part for part in (warned, _each_class(model)) if part),
        "warning": warned,
        "volume": model.volume,
        "stage": "archived" if model.archived else model.stage,
        "tags": ", ".join(model.tags),
        "description": model.description,
        "archived": model.archived,
        "thumbnail": thumbnail_url(model),
        "when": minute(model.created, timezone),
    }


def _each_class(model: TrainedModel) -> str:
    """The score of each class in words; algorithms write it under the class's id."""
    if not model.classes:
        return f"Trained without labels; {model.starts} can start from it"
    scores = [(each.name, model.scores.get(f"iou/{each.id}")) for each in model.classes]
    told = ", ".join(f"{name} {score:.2f}" for name, score in scores if score is not None)
    return told or "Too few labels to keep some out of training"
