/** All drawing tools by name. */
import type { LabelTool } from "../types";
import { Box, ELLIPSE, RECTANGLE } from "./box";
import { Brush } from "./brush";
import { Freeform } from "./freeform";
import { Polygon } from "./polygon";
import type { DrawingTool, Easel } from "./tool";

export function createTools(easel: Easel): Record<LabelTool, DrawingTool> {
  const brush = new Brush(easel);
  return {
    brush,
    eraser: brush,
    freeform: new Freeform(easel),
    polygon: new Polygon(easel),
    rectangle: new Box(easel, RECTANGLE),
    ellipse: new Box(easel, ELLIPSE),
  };
}
