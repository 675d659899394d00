// The slice on its canvas: window and level, mask, zoom and pan. It holds no answer and asks for none.
import { outline } from "./slice.js";
import { ENTROPY } from "./uncertainty.js";

const TUMOUR = [230, 159, 0];
const UNSURE = [204, 121, 167];
const TRUTH = [86, 180, 233];
const [LEAST_ZOOM, MOST_ZOOM] = [0.5, 16];

export class Viewer {
  /** @param canvas to draw on. @param handlers `step(by)` scrolls; `windowed()` tells of a new window, `moved()` of zoom or pan. */
  constructor(canvas, handlers) {
    this.canvas = canvas;
    this.handlers = handlers;
    this.look = { window: 255, level: 127.5, style: "outline", opacity: { outline: 1, fill: 0.45 }, unsure: false };
    this.fit();
    new ResizeObserver(() => this.draw()).observe(canvas);
    this.#listen();
  }

  /** @param truth a second mask, of which only the outline is shown. */
  show(slice, mask, truth = null) {
    if (slice?.width !== this.slice?.width || slice?.height !== this.slice?.height) this.fit();
    this.slice = slice;
    this.mask = mask;
    this.border = slice && mask ? outline(mask, slice.width, slice.height) : null;
    this.truth = slice && truth ? outline(truth, slice.width, slice.height) : null;
    this.draw();
  }

  /** Look where another viewer looks. */
  follow({ zoom, centre, look }) {
    [this.zoom, this.centre] = [zoom, centre];
    this.set({ window: look.window, level: look.level });
  }

  set(changes) {
    Object.assign(this.look, changes);
    this.draw();
  }

  /** How much the mask covers, from 0 to 1; outline and fill remember theirs. */
  get opacity() {
    return this.look.opacity[this.look.style] ?? 0;
  }

  set opacity(share) {
    this.look.opacity[this.look.style] = share;
    this.draw();
  }

  fit() {
    this.zoom = 1;
    this.centre = [0, 0];
    this.draw();
  }

  zoomBy(factor) {
    this.zoom = clamp(this.zoom * factor, LEAST_ZOOM, MOST_ZOOM);
    this.draw();
    this.handlers.moved?.();
  }

  panBy(x, y) {
    this.centre = [this.centre[0] + x, this.centre[1] + y];
    this.draw();
    this.handlers.moved?.();
  }

  /** Two fingers went from one pair of points to another: what lies under them stays under them. */
  #pinch(from, to) {
    const [before, after] = [middle(from), middle(to)];
    const zoom = clamp(this.zoom * (apart(to) / apart(from)), LEAST_ZOOM, MOST_ZOOM);
    this.centre = this.centre.map((centre, axis) => after[axis] - ((before[axis] - centre) * zoom) / this.zoom);
    this.zoom = zoom;
    this.draw();
    this.handlers.moved?.();
  }

  windowBy(width, level) {
    this.look.window = clamp(this.look.window + width, 1, 255);
    this.look.level = clamp(this.look.level + level, 0, 255);
    this.handlers.windowed();
    this.draw();
  }

  draw() {
    const ratio = devicePixelRatio;
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const drawing = this.canvas.getContext("2d");
    if (!this.slice?.grey) return;
    const scale = Math.min(width / this.slice.width, height / this.slice.height) * this.zoom * ratio;
    const [x, y] = this.centre;
    drawing.setTransform(
      scale, 0, 0, scale,
      (width / 2 + x) * ratio - (scale * this.slice.width) / 2,
      (height / 2 + y) * ratio - (scale * this.slice.height) / 2,
    );
    drawing.imageSmoothingEnabled = scale < 6;
    drawing.imageSmoothingQuality = "high";
    drawing.drawImage(this.#paint(), 0, 0);
    if (this.look.style === "off") return;
    drawing.lineWidth = (1.75 * ratio) / scale;
    drawing.lineCap = "square";
    if (this.truth) this.#stroke(drawing, this.truth, TRUTH, 1);
    if (this.border) this.#stroke(drawing, this.border, TUMOUR, this.opacity);
  }

  #stroke(drawing, border, colour, opacity) {
    drawing.strokeStyle = `rgb(${colour.join(" ")} / ${opacity})`;
    drawing.stroke(border);
  }

  #paint() {
    const { width, height, grey, shades } = this.slice;
    const image = new ImageData(width, height);
    const { window, level, style, unsure } = this.look;
    const fill = style === "fill" && this.mask ? this.opacity : 0;
    for (let pixel = 0; pixel < grey.length; pixel++) {
      const shown = Math.min(255, Math.max(0, ((grey[pixel] - level) / window + 0.5) * 255));
      const share = fill && this.mask[pixel] ? fill : 0;
      const doubt = unsure && shades ? ENTROPY[shades[pixel]] : 0;
      for (let channel = 0; channel < 3; channel++) {
        const painted = shown * (1 - share) + TUMOUR[channel] * share;
        image.data[4 * pixel + channel] = painted * (1 - doubt) + UNSURE[channel] * doubt;
      }
      image.data[4 * pixel + 3] = 255;
    }
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext("2d").putImageData(image, 0, 0);
    return canvas;
  }

  #listen() {
    this.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (event.ctrlKey || !this.handlers.step(Math.sign(event.deltaY))) this.zoomBy(event.deltaY < 0 ? 1.1 : 1 / 1.1);
    }, { passive: false });
    this.canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    const fingers = new Map();
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, this.#place(event));
    });
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, (event) => fingers.delete(event.pointerId));
    this.canvas.addEventListener("pointermove", (event) => {
      if (!event.buttons || !fingers.has(event.pointerId)) return;
      const from = [...fingers.values()];
      fingers.set(event.pointerId, this.#place(event));
      if (from.length === 2) this.#pinch(from, [...fingers.values()]);
      else if (from.length > 2) return;
      else if (event.buttons === 2 || event.shiftKey) this.windowBy(event.movementX, -event.movementY);
      else this.panBy(event.movementX, event.movementY);
    });
  }

  /** Where a pointer is, from the middle of the canvas. */
  #place({ offsetX, offsetY }) {
    return [offsetX - this.canvas.clientWidth / 2, offsetY - this.canvas.clientHeight / 2];
  }
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const middle = ([one, other]) => [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2];
const apart = ([one, other]) => Math.max(1, Math.hypot(one[0] - other[0], one[1] - other[1]));
