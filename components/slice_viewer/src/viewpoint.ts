/** Where a canvas looks: panned, zoomed, fitted to the image, or following another canvas. `camera.ts` has the arithmetic. */
import * as cameras from "./camera";
import type { Engine } from "./engine";
import { placeOf, type Place } from "./place";
import { pixelAspect, pointOf } from "./planes";
import type { Camera, Point } from "./types";

export class Viewpoint {
  /** Nobody has moved the image: it is fitted again when the window changes. */
  fitted = true;
  private wantedPlace: Place | null = null;

  constructor(private readonly engine: Engine) {}

  get canvasSize(): cameras.Size {
    const { width, height } = this.camera;
    return { width, height };
  }

  private get camera(): Camera {
    return this.engine.camera.get();
  }

  private get imageSize(): cameras.Size {
    const { x1, y1 } = this.engine.picture!.area;
    return { width: x1, height: y1 };
  }

  fit(): void {
    this.fitted = true;
    if (this.engine.picture === null) return;
    this.setCamera(cameras.fit(this.imageSize, this.canvasSize, this.camera.pixelRatio, pixelAspect(this.engine.manifest)));
    this.engine.redraw();
  }

  /** Zoom around screen point `at`; around the middle when none is given. */
  zoom(factor: number, at?: Point): void {
    const { width, height } = this.camera;
    this.look((camera, image) => cameras.zoomAt(camera, at ?? { x: width / 2, y: height / 2 }, factor, image));
  }

  /** Move the image by screen pixels. */
  pan(dx: number, dy: number): void {
    this.look((camera, image) => cameras.panBy(camera, dx, dy, image));
  }

  lookAt(point: Point): void {
    this.look((camera, image) => cameras.lookAt(camera, point, image));
  }

  /** Take over another canvas's view: the same middle at the same size. */
  follow(other: Camera): void {
    const { width, height, pixelRatio } = this.camera;
    if (this.engine.picture === null || width <= 1) return;
    this.fitted = false;
    this.setCamera(cameras.resized(other, { width, height }, pixelRatio));
    this.engine.redraw();
  }

  /** Where the window looks; null while everything is in view as it opened. */
  get place(): Place | null {
    const { axis, slice, status } = this.engine.shell.get();
    if (status !== "shown" || (this.fitted && axis === "z")) return null;
    return placeOf(this.camera, axis, slice);
  }

  /** Look at a place, now or as soon as the volume is open. */
  showPlace(place: Place): void {
    const { engine } = this;
    this.wantedPlace = engine.picture === null || this.camera.width <= 1 ? place : null;
    if (this.wantedPlace !== null) return;
    engine.goToVoxel(place.voxel); // before the plane turns, or tiles of another plane of its axis are asked for, too
    engine.setAxis(place.axis);
    const point = pointOf(place.axis, place.voxel);
    this.look((camera, image) => cameras.lookAt(cameras.zoomTo(camera, place.zoom * camera.pixelRatio, image), point, image));
  }

  /** A volume is open, or the window has another size: look where it was asked for, else keep what is in view. */
  settle(): void {
    this.refit();
    if (this.wantedPlace !== null && this.engine.picture !== null) this.showPlace(this.wantedPlace);
    this.engine.redraw();
  }

  resize(size: cameras.Size, pixelRatio: number): void {
    this.setCamera(cameras.resized(this.camera, size, pixelRatio));
    this.settle();
  }

  /** Client (CSS) coordinates of an image point, and back. */
  toClient(point: Point): Point {
    const { left, top } = this.engine.stage.getBoundingClientRect();
    const { pixelRatio } = this.camera;
    const { x, y } = this.camera.imageToScreen(point);
    return { x: left + x / pixelRatio, y: top + y / pixelRatio };
  }

  fromClient({ x, y }: Point): Point {
    const { left, top } = this.engine.stage.getBoundingClientRect();
    const { camera } = this;
    return camera.screenToImage({ x: (x - left) * camera.pixelRatio, y: (y - top) * camera.pixelRatio });
  }

  private setCamera(camera: Camera): void {
    const { picture } = this.engine;
    this.engine.camera.set(camera);
    if (picture !== null) picture.ready = false; // until the next frame says so
  }

  private look(change: (camera: Camera, image: cameras.Size) => Camera): void {
    if (this.engine.picture === null) return;
    this.fitted = false;
    this.setCamera(change(this.camera, this.imageSize));
    this.engine.redraw();
  }

  /** Keep what nobody has moved fitted, or where the leader looks. */
  private refit(): void {
    const { leader } = this.engine;
    if (!this.fitted) return;
    if (leader === null) return this.fit();
    this.follow(leader.camera.get());
    this.fitted = true;
  }
}
