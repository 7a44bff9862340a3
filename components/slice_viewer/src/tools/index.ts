/** All drawing tools by name. */
import type { LabelTool } from "../types";
import { Accept } from "./accept";
import { BackgroundBox, Box, ELLIPSE, RECTANGLE } from "./box";
import { Brush } from "./brush";
import { Click } from "./click";
import { Fill, Wand } from "./flood";
import { Freeform } from "./freeform";
import { Line } from "./line";
import { LiveWire } from "./livewire";
import { Picker } from "./picker";
import { Polygon } from "./polygon";
import { GrabCut, Grow } from "./region";
import { SuperpixelBrush, ThresholdBrush } from "./strokes";
import type { DrawingTool, Easel } from "./tool";

export function createTools(easel: Easel): Record<LabelTool, DrawingTool> {
  const brush = new Brush(easel);
  return {
    brush,
    eraser: brush,
    picker: new Picker(easel),
    threshold: new ThresholdBrush(easel),
    superpixel: new SuperpixelBrush(easel),
    line: new Line(easel),
    freeform: new Freeform(easel),
    polygon: new Polygon(easel),
    livewire: new LiveWire(easel),
    rectangle: new Box(easel, RECTANGLE),
    ellipse: new Box(easel, ELLIPSE),
    background: new BackgroundBox(easel),
    fill: new Fill(easel),
    wand: new Wand(easel),
    watershed: new Grow(easel, "watershed"),
    random_walker: new Grow(easel, "random_walker"),
    grabcut: new GrabCut(easel),
    click: new Click(easel),
    accept: new Accept(easel),
  };
}
