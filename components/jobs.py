"""Job cards: what a job does, how far it is, how it ended, and what can be done with it."""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html

from components import ids

Job = Mapping[str, Any]
STATES = {
    "queued": "Waiting",
    "running": "Running",
    "paused": "Paused",
    "done": "Done",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
DOING = {"train": "Training", "segment": "Segmenting", "export": "Exporting"}
ENDED = ("done", "failed", "cancelled")
RESUMABLE = ("paused", "failed", "cancelled")
GO_ON = "Start it again: slices that are done stay, and training goes on from its last epoch"
PAUSE = "It takes no processor time until it goes on; it keeps its memory, and its turn"
TURNS = {
    "first": ("First", "Let this job be the next"),
    "earlier": ("Earlier", "Let this job go before the one ahead of it"),
    "later": ("Later", "Let the next job go before this one"),
}


def strip() -> html.Div:
    """The small strip of the top bar; empty while nothing runs."""
    return html.Div(id=ids.JOB_STRIP, className="job-strip")


def strip_content(jobs: Sequence[Job]) -> list[Any]:
    """The job that runs, in one line; nothing when none does."""
    running = next((job for job in reversed(jobs) if job["state"] == "running"), None)
    if running is None:
        return []
    left = time_left(running["seconds_left"])
    facts = f"{percent(running['progress'])}{', ' if left else ''}{left}"
    name = html.Span(f"{DOING[running['kind']]} {running['name']}", className="job-strip-name")
    return [name, html.Span(facts, className="job-strip-facts"), _bar(running)]


def cards(jobs: Sequence[Job], logs: Mapping[str, str]) -> list[Any]:
    """A card for each job, the most urgent first; `logs` holds the text of the open logs by job id."""
    if not jobs:
        return [empty("No jobs yet.", "Train a model: its progress and its scores show here.")]
    return [card(job, logs.get(job["id"])) for job in sorted(jobs, key=_urgency)]


def _urgency(job: Job) -> tuple[bool, bool, int]:
    """What works comes first, then what waits in the order of turns, then what has ended."""
    return job["state"] in ENDED, job["state"] == "queued", job["place"]


def card(job: Job, log: str | None) -> html.Article:
    """One job. log : its text when it is open."""
    told = (_head(job), _facts(job), _progress(job), _scores(job), _note(job), _error(job))
    parts = (*told, _actions(job, log), _log(job, log))
    return html.Article(
        [part for part in parts if part is not None],
        className="job-card",
        **{"data-job": job["id"], "data-state": job["state"], "aria-label": job["name"]},
    )


def shape(job: Job) -> list[Any]:
    """What decides which parts a card has; while it is equal, only `progress` and the log change."""
    turn = (job["place"], job["behind"])
    return [job["id"], job["state"], bool(job["slices_done"]), bool(job["scores"]), job["note"], *turn]


def progress(job: Job) -> list[html.Div]:
    """The bar and the words below it."""
    left = time_left(job["seconds_left"])
    words = [html.Span(job["message"]), html.Span(f"{percent(job['progress'])}{', ' if left else ''}{left}")]
    return [_bar(job), html.Div(words, className="job-words")]


def notice(message: str, hint: str) -> html.Div:
    """Why a list cannot be renewed at the moment."""
    return html.Div(
        [html.Strong(message), " ", hint, " Trying again by itself."], className="models-notice", role="alert"
    )


def empty(message: str, hint: str) -> html.Div:
    """What to do where nothing is yet."""
    return html.Div([html.Strong(message), html.Span(hint)], className="models-empty")


def percent(fraction: float) -> str:
    """
    >>> percent(0.456)
    '45 %'
    """
    return f"{int(fraction * 100)} %"


def time_left(seconds: float | None) -> str:
    """Seconds as people say them; empty when it cannot be told.

    >>> time_left(131)
    'about 2 min left'
    """
    if seconds is None:
        return ""
    if seconds < 5:
        return "a few seconds left"
    if seconds < 55:
        return f"about {5 * round(seconds / 5)} s left"
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"about {minutes} min left"
    hours, minutes = divmod(minutes, 60)
    return f"about {hours} h {minutes} min left" if minutes else f"about {hours} h left"


def duration(seconds: float) -> str:
    """How long something took.

    >>> duration(75)
    '1 min 15 s'
    """
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _head(job: Job) -> html.Header:
    state = job["state"]
    badge = [html.Span(className=f"icon job-icon-{state}"), STATES[state]]
    return html.Header([html.H3(job["name"], title=job["name"]), html.Span(badge, className=f"job-state job-{state}")])


def _facts(job: Job) -> html.Div:
    what = f"{DOING[job['kind']]}, {job['algorithm']}"
    facts = [html.Span(what), html.Span(job["volume"], title="Dataset")]
    if job["started"] and job["ended"]:
        facts.append(html.Span(f"took {duration(job['ended'] - job['started'])}"))
    return html.Div(facts, className="job-facts")


def _progress(job: Job) -> html.Div | None:
    if job["state"] in ENDED:
        return None
    return html.Div(progress(job), id=ids.job_progress(job["id"]), className="job-progress")


def _bar(job: Job) -> html.Div:
    filled = html.Div(style={"width": f"{100 * job['progress']:.1f}%"})
    facts = {"aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": str(int(100 * job["progress"]))}
    return html.Div(filled, className="job-bar", role="progressbar", **facts, **{"aria-label": job["name"]})


def _scores(job: Job) -> html.Div | None:
    """Mean IoU and the IoU of each class, on regions that training did not see."""
    mean = job["scores"].get("mean_iou")
    if mean is None:
        return None
    each = [
        _class_score(row, score)
        for row in job["classes"]
        if (score := job["scores"].get(f"iou/{row['id']}")) is not None
    ]
    title = "Overlap (IoU) on labelled regions kept out of training: 1 is perfect, 0 is none"
    return html.Div([html.Span(["Mean IoU ", html.Strong(f"{mean:.2f}")]), *each], className="job-scores", title=title)


def _class_score(row: Mapping[str, Any], score: float) -> html.Span:
    return html.Span([html.Span(className="swatch", style={"background": row["color"]}), f"{row['name']} {score:.2f}"])


def _note(job: Job) -> html.Div | None:
    """What training has to say: a lower score than before, a loss that ran away, smaller batches."""
    if not job["note"]:
        return None
    return html.Div([html.Span(className="icon icon-hint"), html.Span(job["note"])], className="job-note")


def _error(job: Job) -> html.Div | None:
    if job["state"] != "failed":
        return None
    return html.Div([html.Strong(job["error"] or "The job failed."), html.Span(job["hint"])], className="job-error")


def _actions(job: Job, log: str | None) -> html.Div:
    show = _button("show", job, "Show on image", disabled=not job["slices_done"]) if _may_show(job) else None
    open_log = _button(
        "log", job, "Log" if log is None else "Close log", **{"aria-expanded": str(log is not None).lower()}
    )
    stop = None if job["state"] in ENDED else _cancellation(job)
    parts = (_again(job), show, *_turns(job), open_log, _rest(job), stop)
    return html.Div([part for part in parts if part is not None], className="job-actions")


def _again(job: Job) -> html.Button | None:
    title = GO_ON if job["state"] in ENDED else None
    return _button("resume", job, "Go on", title=title) if job["state"] in RESUMABLE else None


def _rest(job: Job) -> html.Button | None:
    can = job["state"] == "running" and job["can_rest"]
    return _button("pause", job, "Pause", title=PAUSE) if can else None


def _turns(job: Job) -> list[html.Button]:
    """How a waiting job changes places with others."""
    useful = {"first": job["place"] > 1, "earlier": job["place"] > 2, "later": job["behind"] > 0}
    return [_button(way, job, text, title=title) for way, (text, title) in TURNS.items() if useful[way]]


def _may_show(job: Job) -> bool:
    return bool(job["slices_done"]) or job["state"] not in ENDED


def _button(action: str, job: Job, text: str, **options: Any) -> html.Button:
    return html.Button(text, id=ids.job_action(action, job["id"]), className="button", **options)


def _cancellation(job: Job) -> html.Details:
    """Asks once: hours of work may go."""
    sure = html.Button("Stop the job", id=ids.job_action("cancel", job["id"]), className="button danger")
    question = html.Div([html.Span("Slices that are done stay."), sure], className="job-question")
    return html.Details([html.Summary("Cancel", className="button"), question], className="job-cancel")


def _log(job: Job, text: str | None) -> html.Div | None:
    if text is None:
        return None
    return html.Div(html.Pre(text or "Nothing yet.", id=ids.job_log(job["id"])), className="job-log", tabIndex=0)
