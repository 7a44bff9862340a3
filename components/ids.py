"""Every id of the page, once. Pattern ids are functions, so that nobody types their keys twice."""

from typing import Any

# the frame
PAGE = "page"
LOCATION = "location"
THEME_SWITCH = "theme-switch"
SAVE_STATE = "save-state"
USER = "user"
USER_CARD = "user-card"
USER_NAME = "user-name"
USER_SAVE = "user-save"
PEOPLE = "people"
MESSAGES = "messages"
SIDEBAR = "sidebar"
SIDEBAR_TOGGLE = "sidebar-toggle"
ANNOTATE_PLACE = "annotate-place"
MODELS_PLACE = "models-place"
CURATE_PLACE = "curate-place"
CURATE = "curate"
CURATE_MAP = "curate-map"
CURATE_MAP_BAR = "curate-map-bar"
EXCHANGE_PLACE = "exchange-place"

# the viewer
VIEWER = "viewer"

# datasets
DATASET_BUTTON = "dataset-button"
DATASET_NAME = "dataset-name"
DATASET_FACTS = "dataset-facts"
DATASET_PICKER = "dataset-picker"
DATASET_SEARCH = "dataset-search"
DATASET_REFRESH = "dataset-refresh"
DATASET_POLL = "dataset-poll"
DATASET_LIST = "dataset-list"
DATASET_CLOSE = "dataset-close"

# classes
CLASS_LIST = "class-list"
CLASS_ADD = "class-add"

# history
HISTORY_PANEL = "history"
HISTORY_LIST = "history-list"
HISTORY_MORE = "history-more"
HISTORY_COMPARE = "history-compare"
HISTORY_LISTS = "history-lists"
SNAPSHOT_NAME = "snapshot-name"
SNAPSHOT_KEEP = "snapshot-keep"
SNAPSHOT_LIST = "snapshot-list"
MOMENT_BANNER = "moment-banner"
MOMENT_TEXT = "moment-text"
MOMENT_BACK = "moment-back"
MOMENT_COMPARE = "moment-compare"
MOMENT_RESTORE = "moment-restore"
MOMENT_JUMP = "moment-jump"
MOMENT_PREVIOUS = "moment-previous"
MOMENT_NEXT = "moment-next"

# contrast
CONTRAST = "contrast"

# live prediction
LIVE_ON = "live-on"
LIVE_ONCE = "live-once"
LIVE_STATE = "live-state"
LIVE_CLASSES = "live-classes"
LIVE_OPACITY = "live-opacity"

# overlay
RESULT_SELECT = "result-select"
RESULT_OPACITY = "result-opacity"
RESULT_BESIDE = "result-beside"
RESULT_BESIDE_FIELD = "result-beside-field"
RESULT_LEGEND = "result-legend"
RESULT_SHOWN = "result-shown"
RESULT_CLASSES = "result-classes"
RESULT_STATE = "result-state"
ORIGIN = "origin"
ORIGIN_FACTS = "origin-facts"
ORIGIN_MODEL = "origin-model"
LABEL_OPACITY = "label-opacity"
ACCEPT = "accept"
ACCEPT_SCOPE = "accept-scope"
ACCEPT_RANGE = "accept-range"
ACCEPT_FIRST = "accept-first"
ACCEPT_LAST = "accept-last"
ACCEPT_CONFIDENCE = "accept-confidence"
ACCEPT_LEAST = "accept-least"
ACCEPT_OPTIONS = "accept-options"
ACCEPT_BUTTON = "accept-button"
ACCEPT_STATE = "accept-state"
ACCEPT_ADD = "accept-add"
SUGGEST_WAY = "suggest-way"
SUGGEST_BUTTON = "suggest-button"
SUGGEST_TEXT = "suggest-text"
GROWTH = "growth"
ALIKE_VIEW = "alike-view"
ALIKE_PAINTED = "alike-painted"
REVIEW = "review"
REVIEW_BY = "review-by"
REVIEW_SIZE = "review-size"
REVIEW_LEAST = "review-least"
REVIEW_BUTTON = "review-button"

# objects
OBJECTS_OPEN = "objects-open"
OBJECTS_CLOSE = "objects-close"
OBJECTS_DRAWER = "objects-drawer"
OBJECTS_CLASS = "objects-class"
OBJECTS_DIMS = "objects-dims"
OBJECTS_STATE = "objects-state"
OBJECTS_PICK = "objects-pick"
OBJECTS_CANCEL = "objects-cancel"
OBJECTS_AGAIN = "objects-again"
OBJECTS_TABLE = "objects-table"
OBJECTS_MERGE = "objects-merge"
OBJECTS_SPLIT = "objects-split"
OBJECTS_DELETE = "objects-delete"
OBJECTS_MOVE = "objects-move"
OBJECTS_CHOICE = "objects-choice"
OBJECTS_CSV = "objects-csv"

# through the stack
STACK_METHOD = "stack-method"
STACK_FIRST = "stack-first"
STACK_LAST = "stack-last"
STACK_PROPOSE = "stack-propose"

# models and jobs
ALGORITHM_SELECT = "algorithm-select"
ALGORITHM_ABOUT = "algorithm-about"
TRAINING_FORM = "training-form"
TRAINING_ADVICE = "training-advice"
TRAIN_START = "train-start"
TRAIN_START_FIELD = "train-start-field"
MODEL_NAME = "model-name"
TRAIN_SCOPE = "train-scope"
TRAIN_SCOPE_FIELD = "train-scope-field"
TRAIN_BUTTON = "train-button"
MODEL_SELECT = "model-select"
SEGMENT_SCOPE = "segment-scope"
SEGMENT_RANGE = "segment-range"
SEGMENT_FIRST = "segment-first"
SEGMENT_LAST = "segment-last"
SEGMENT_FORM = "segment-form"
SEGMENT_FORM_FOLD = "segment-form-fold"
CLASS_SHARES = "class-shares"
CLASS_SHARES_SWITCH = "class-shares-switch"
CLASS_SHARES_FOLD = "class-shares-fold"
CLASS_SHARES_ROWS = "class-shares-rows"
CLASS_SHARES_ESTIMATE = "class-shares-estimate"
CLASS_SHARES_NOTE = "class-shares-note"
SEGMENT_BUTTON = "segment-button"
SEGMENT_ADVICE = "segment-advice"
JOB_PROBLEM = "job-problem"
JOB_LIST = "job-list"
JOB_STRIP = "job-strip"
MODEL_TABLE = "model-table"
MODEL_DOWNLOAD = "model-download"
MODEL_PROBLEM = "model-problem"
MODEL_ARCHIVED = "model-archived"
MODEL_CARD = "model-card"
MODEL_CARE_NOTE = "model-care-note"
MODEL_RENAME = "model-rename"
MODEL_STAGE = "model-stage"
MODEL_TAGS = "model-tags"
MODEL_DESCRIPTION = "model-description"
MODEL_FACTS = "model-facts"
MODEL_BUNDLE = "model-bundle"
MODEL_SAVE = "model-save"
MODEL_ARCHIVE = "model-archive"
MODEL_DELETE = "model-delete"
MODEL_LOAD = "model-load"
ALGORITHM_LIST = "algorithm-list"
ALGORITHM_LOAD = "algorithm-load"
ALGORITHM_NOTE = "algorithm-note"
MODEL_SCORES = "model-scores"
INFRASTRUCTURE = "infrastructure"
CURVE = "curve"
CURVE_SELECT = "curve-select"
CURVE_PREVIEW = "curve-preview"

# exchange
EXPORT_SOURCE = "export-source"
EXPORT_FORMAT = "export-format"
EXPORT_SCOPE = "export-scope"
EXPORT_RANGE = "export-range"
EXPORT_FIRST = "export-first"
EXPORT_LAST = "export-last"
EXPORT_BUTTON = "export-button"
EXPORT_ADVICE = "export-advice"
EXPORT_LIST = "export-list"
IMPORT_DROP = "import-drop"
IMPORT_FIRST = "import-first"
IMPORT_REPORT = "import-report"
IMPORT_CHOICES = "import-choices"
IMPORT_POLICY = "import-policy"
IMPORT_BUTTON = "import-button"
IMPORT_DISCARD = "import-discard"
IMPORT_DONE = "import-done"
LS_URL = "labelstudio-url"
LS_TOKEN = "labelstudio-token"
LS_CONNECT = "labelstudio-connect"
LS_TEST = "labelstudio-test"
LS_DISCONNECT = "labelstudio-disconnect"
LS_FORM = "labelstudio-form"
LS_CONNECTED = "labelstudio-connected"
LS_STATUS = "labelstudio-status"
LS_WORK = "labelstudio-work"
LS_TICK = "labelstudio-tick"
LS_PROJECT = "labelstudio-project"
LS_TITLE = "labelstudio-title"
LS_TITLE_FIELD = "labelstudio-title-field"
LS_SOURCE = "labelstudio-source"
LS_ROLE = "labelstudio-role"
LS_STYLE = "labelstudio-style"
LS_LEAST = "labelstudio-least"
LS_LEAST_FIELD = "labelstudio-least-field"
LS_SCOPE = "labelstudio-scope"
LS_RANGE = "labelstudio-range"
LS_FIRST = "labelstudio-first"
LS_LAST = "labelstudio-last"
LS_PART = "labelstudio-part"
LS_TILE = "labelstudio-tile"
LS_TILE_FIELD = "labelstudio-tile-field"
LS_REGION = "labelstudio-region"
LS_X = "labelstudio-x"
LS_Y = "labelstudio-y"
LS_WIDTH = "labelstudio-width"
LS_HEIGHT = "labelstudio-height"
LS_SEND = "labelstudio-send"
LS_PREVIEW = "labelstudio-preview"
LS_STOP = "labelstudio-stop"
LS_PROGRESS = "labelstudio-progress"
LS_WEAK = "labelstudio-weak"
LS_FETCH = "labelstudio-fetch"
LS_FETCHED = "labelstudio-fetched"
LS_TABLE = "labelstudio-table"
LS_CHOICES_LOOK = "labelstudio-choices-look"
LS_CHOICES_WRITE = "labelstudio-choices-write"
LS_CHOICES_TOLD = "labelstudio-choices-told"
LS_BACKEND = "labelstudio-backend"
LS_FOLLOW = "labelstudio-follow"
LS_LEND = "labelstudio-lend"
LS_LENT = "labelstudio-lent"

Pattern = dict[str, Any]
_PARAMETER = {"train_model": "parameter", "prediction_model": "prediction"}


def place_tab(place: Any) -> Pattern:
    """The tab of a place: "annotate", "models", "curate" or "exchange"."""
    return {"type": "place-tab", "place": place}


def moment(revision: Any) -> Pattern:
    """A row of the history: shows the labels right after an edit."""
    return {"type": "moment", "revision": revision}


def named_moment(name: Any, revision: Any) -> Pattern:
    """A moment with a name."""
    return {"type": "named-moment", "name": name, "revision": revision}


def moment_end(end: Any, revision: Any, name: Any) -> Pattern:
    """Makes a moment, with a name or "", one end, "a" or "b", of a comparison; revision 0 is now."""
    return {"type": "moment-end", "end": end, "revision": revision, "name": name}


def snapshot_drop(name: Any) -> Pattern:
    """Takes the name of a moment away."""
    return {"type": "snapshot-drop", "snapshot": name}


def parameter(key: Any, group: str = "train_model") -> Pattern:
    """A field of an algorithm's form, for training or for prediction."""
    return {"type": _PARAMETER[group], "key": key}


def parameter_error(key: Any, group: str = "train_model") -> Pattern:
    """The message beside a field."""
    return {"type": f"{_PARAMETER[group]}-error", "key": key}


def parameter_aside(key: Any, group: str = "train_model") -> Pattern:
    """What stands at the right of a field's title: its range, or where its slider is."""
    return {"type": f"{_PARAMETER[group]}-aside", "key": key}


def class_share(class_id: Any) -> Pattern:
    """The slider of how much of the image a class covers."""
    return {"type": "class-share", "class": class_id}


def class_share_text(class_id: Any) -> Pattern:
    """What stands beside that slider."""
    return {"type": "class-share-text", "class": class_id}


def job_action(action: str, job_id: Any) -> Pattern:
    """A control of a job: a wish that `callbacks/jobs.py` names, "show" (its result on the image), or "log"."""
    return {"type": f"job-{action}", "job": job_id}


def model_result(job_id: Any) -> Pattern:
    """The button of a model's card that shows a result it has made."""
    return {"type": "model-result", "job": job_id}


def algorithm_compare(name: Any) -> Pattern:
    """The button that asks for the versions of an algorithm side by side."""
    return {"type": "algorithm-compare", "name": name}


def algorithm_versions(name: Any) -> Pattern:
    """Where they are shown."""
    return {"type": "algorithm-versions", "name": name}


def job_log(job_id: Any) -> Pattern:
    """Where a job's log is shown."""
    return {"type": "job-log-text", "job": job_id}


def job_progress(job_id: Any) -> Pattern:
    """The bar of a job that has not ended, and the words below it."""
    return {"type": "job-progress", "job": job_id}


def export_cancel(job_id: Any) -> Pattern:
    """The button that stops an export."""
    return {"type": "export-cancel", "job": job_id}
