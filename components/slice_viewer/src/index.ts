/** The bundle's entry: Dash looks for its components in `window.<package>`. */
import { ContrastHistogram } from "./ui/ContrastHistogram";
import { SliceViewer } from "./ui/SliceViewer";

const page = window as unknown as { components?: object };
page.components = { ...page.components, SliceViewer, ContrastHistogram };
