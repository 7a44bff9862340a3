/** Entrance to the label layer; see `LabelLayer` in `../types`. */
import type { LabelLayer, ViewerHost } from "../types";
import { Layer } from "./layer";

export function createLabelLayer(host: ViewerHost): LabelLayer {
  return new Layer(host);
}
