/** The whole slice in a corner, with a frame around what the window shows. Only there when the window does not show all. */
import * as React from "react";
import type { Engine } from "../engine";
import type { Picture } from "../picture";
import { useStore } from "../store";
import type { Point } from "../types";

const SIDE_CSS_PX = 152;

export function Minimap({ engine }: { engine: Engine }): React.ReactElement | null {
  const { manifest, minimapShown } = useStore(engine.shell);
  useStore(engine.camera);
  const { picture } = engine;
  if (manifest === null || picture === null || !minimapShown || showsAll(engine, picture)) return null;
  return <Map engine={engine} picture={picture} />;
}

function showsAll(engine: Engine, { area }: Picture): boolean {
  const { x0, y0, x1, y1 } = engine.camera.get().view();
  return x0 <= area.x0 && y0 <= area.y0 && x1 >= area.x1 && y1 >= area.y1;
}

function Map({ engine, picture }: { engine: Engine; picture: Picture }): React.ReactElement {
  const canvas = React.useRef<HTMLCanvasElement>(null);
  const frame = useStore(engine.frames);
  const { aspect } = engine.camera.get();
  const across = SIDE_CSS_PX / Math.max(picture.area.x1, picture.area.y1 * aspect);
  const scale = { x: across, y: across * aspect };
  React.useEffect(() => paint(canvas.current!, picture), [frame, picture]);
  const go = (event: React.PointerEvent<HTMLElement>): void => {
    if (event.buttons !== 1) return;
    const box = event.currentTarget.getBoundingClientRect();
    engine.view.lookAt({ x: (event.clientX - box.left) / scale.x, y: (event.clientY - box.top) / scale.y });
  };
  const grab = (event: React.PointerEvent<HTMLElement>): void => {
    event.currentTarget.setPointerCapture(event.pointerId);
    go(event);
  };
  return (
    <div className="sv-minimap" aria-label="Minimap: drag to move the view" onPointerDown={grab} onPointerMove={go}>
      <canvas ref={canvas} style={{ width: picture.area.x1 * scale.x, height: picture.area.y1 * scale.y }} />
      <span className="sv-view" style={frameStyle(engine, picture, scale)} />
    </div>
  );
}

/** Draw the coarsest tile; the canvas scales it down. */
function paint(canvas: HTMLCanvasElement, { manifest, thumbnail }: Picture): void {
  const [height, width] = manifest.levels[manifest.levels.length - 1];
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const image = thumbnail();
  if (image !== null) canvas.getContext("2d")!.putImageData(image, 0, 0);
}

function frameStyle(engine: Engine, { area }: Picture, scale: Point): React.CSSProperties {
  const view = engine.camera.get().view();
  const left = Math.max(0, view.x0) * scale.x;
  const top = Math.max(0, view.y0) * scale.y;
  return {
    left,
    top,
    width: Math.max(6, Math.min(area.x1, view.x1) * scale.x - left),
    height: Math.max(6, Math.min(area.y1, view.y1) * scale.y - top),
  };
}
