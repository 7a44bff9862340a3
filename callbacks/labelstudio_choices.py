"""Choices of a Label Studio project into a label table: a report of what would change, then one act."""

from typing import Any

from dash import Dash, Input, Output, State

from callbacks.choices import unless_offered
from callbacks.events import changed
from callbacks.labelstudio_sending import Volume, chosen_project, open_path
from components import ids, labelstudio, stores
from core.errors import AppError
from core.labelstudio.tagging import Plan, planned, write
from core.services import Services


def register(app: Dash, services: Services) -> None:
    """The tables of the volume, and what choices would change in one."""

    @app.callback(
        Output(ids.LS_TABLE, "options"),
        Output(ids.LS_TABLE, "value"),
        Input(stores.PLACE, "data"),
        Input(stores.EXCHANGE_VOLUME, "data"),
        State(ids.LS_TABLE, "value"),
        prevent_initial_call=True,
    )
    def offer_tables(place: str, volume: Volume, table: str) -> Any:
        is_seen = place == "exchange" and volume is not None
        options = labelstudio.table_options(services.curation.tables(volume=open_path(volume)) if is_seen else ())
        return options, unless_offered(options, table, labelstudio.OWN_TABLE)

    @app.callback(
        Output(ids.LS_CHOICES_TOLD, "children"),
        Output(ids.LS_CHOICES_WRITE, "hidden"),
        Input(ids.LS_CHOICES_LOOK, "n_clicks"),
        Input(ids.LS_CHOICES_WRITE, "n_clicks"),
        Input(ids.LS_PROJECT, "value"),
        Input(ids.LS_TABLE, "value"),
        Input(stores.EXCHANGE_VOLUME, "data"),
        running=[(Output(ids.LS_CHOICES_LOOK, "className"), "button busy", "button")],
        prevent_initial_call=True,
    )
    def take_choices(_look: int, _write: int, project: str, table: str, volume: Volume) -> Any:
        if not changed(ids.LS_CHOICES_LOOK, ids.LS_CHOICES_WRITE):
            return None, True  # what was reported is of something else
        try:
            plan = _plan(services, project, table, volume)
            if changed(ids.LS_CHOICES_LOOK):
                return labelstudio.choices_planned(plan), not (plan.marks or plan.is_new)
            return _written(services, plan), True
        except AppError as error:
            return labelstudio.told(error.message, error.hint), True


def _plan(services: Services, project: str, table: str, volume: Volume) -> Plan:
    info = services.volumes.open(open_path(volume)).info
    there = services.labelstudio.project(chosen_project(project))
    wanted = "" if table == labelstudio.OWN_TABLE else table
    user = services.current_user()
    return planned(services.labelstudio, services.curation, there, info, table=wanted, user=user)


def _written(services: Services, plan: Plan) -> list[Any]:
    count = write(services.curation, plan, user=services.current_user())
    labels = "1 label" if count == 1 else f"{count:,} labels"
    return labelstudio.told(
        f"{labels} written into {plan.table.name!r}.", "See it in Curate, where undo takes them back."
    )
