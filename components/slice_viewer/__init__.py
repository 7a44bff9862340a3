"""The viewer, and what only a browser can do beside it, as Dash components: the Python face of `bundle.js`.

`src/` holds the TypeScript, `scripts/build_viewer.sh` builds the bundle, docs/contracts.md lists the properties. The
classes are written by hand: Dash's generator would add 115 packages to say the same. Dash learns of the bundle from the
package `components`.
"""

from typing import Any, ClassVar

from dash.development.base_component import Component


class _ViewerComponent(Component):
    """What both components tell Dash about themselves."""

    _children_props: ClassVar[list[str]] = []
    _base_nodes: ClassVar[list[str]] = ["children"]
    _namespace = "components"
    _prop_names: ClassVar[list[str]] = []
    _valid_wildcard_attributes: ClassVar[list[str]] = []

    def __init__(self, **props: Any) -> None:
        self.available_properties = self._prop_names
        self.available_wildcard_properties: list[str] = []
        super().__init__(**props)


class SliceViewer(_ViewerComponent):
    """One slice of a volume with its labels and a result, and all that must be instant around it.

    Keyword arguments (docs/contracts.md, "The viewer component", says which way each goes)
    -----------------
    id : str.
    apiRoot : str, where the routes of docs/contracts.md are; "/api".
    volume : `core.images.volumes.volume_id` of the volume, or None.
    classes : [{"id", "name", "color", "visible", "locked"}].
    activeClass : class id.
    tool : one of the names in docs/contracts.md.
    brushRadius : image pixels.
    slice : z, 0-based.
    window : {"lo", "hi"} true values, None for the manifest's.
    look : {"colormap", "gamma", "smooth", "transfer", "channels"}, None for plain grey.
    compare : another volume, shown beside the open one.
    beside : None or {"overlay", "titles": [{"name", "note"}, {"name", "note"}]}, another result on the same slices.
    place : where the window looks, for links; None while all is in view.
    objects : chosen objects, see docs/contracts.md; None while none is.
    request : {"url", "body", "what", "number"}, a change of objects to be made once for each number.
    pick : written by the component: {"id", "add", "number"}, the object that a click has chosen; None where none lies.
    cut : written by the component when the line that `objects` asked for is drawn, or given up.
    objectsRevision : written by the component: grows with each request, undo and redo.
    labelOpacity : 0 to 1.
    order : None, or labels to be proposed through the stack: {"method", "first", "last", "number"}.
    tileCacheMb : MiB of image and result tiles that all panes keep together; None: 256.
    moment : None, or labels of the past in place of those of now: as `overlay`, with "root", the path of its tiles.
    overlay : None or {"id", "classes", "opacity", "slices", "least"}.
    live : whether the live prediction follows what is painted; both ways.
    liveOnce : another number: predict what shows once.
    liveOptions : {"opacity", "hidden": [class id], "parameters"} of the live prediction.
    liveText : written by the component: how far the live prediction is.
    review : None or {"job", "by", "classes", "least"}, see docs/contracts.md; None again when the user leaves it.
    sibling : written by the component: path of a volume of the same array, at another time for instance, to be opened.
    present : written by the component: [{"tab", "name", "z", "color"}] of who else looks at the volume.
    manifest, annotated, saveState, classesRevision, error : written by the component.
    """

    _type = "SliceViewer"
    _prop_names: ClassVar[list[str]] = [
        "id",
        "activeClass",
        "annotated",
        "apiRoot",
        "beside",
        "brushRadius",
        "classes",
        "classesRevision",
        "compare",
        "cut",
        "error",
        "labelOpacity",
        "live",
        "liveOnce",
        "liveOptions",
        "liveText",
        "look",
        "manifest",
        "moment",
        "objects",
        "objectsRevision",
        "order",
        "overlay",
        "pick",
        "place",
        "present",
        "request",
        "review",
        "saveState",
        "sibling",
        "slice",
        "tileCacheMb",
        "tool",
        "volume",
        "window",
    ]


class ContrastHistogram(_ViewerComponent):
    """The grey values of a volume with two handles that set the window.

    Keyword arguments
    -----------------
    id : str.
    histogram : counts of equal bins.
    range : [lo, hi], true values at the ends of the histogram.
    window : {"lo", "hi"}, both ways; None stands for `auto`.
    auto : [lo, hi], what the button "Auto" takes.
    channels : [{"name", "color", "auto": [lo, hi]}] of channels that are not colours.
    look : {"colormap", "gamma", "smooth", "transfer", "channels"}, both ways; None stands for plain grey.
    """

    _type = "ContrastHistogram"
    _prop_names: ClassVar[list[str]] = ["id", "auto", "channels", "histogram", "look", "range", "window"]
