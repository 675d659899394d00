// What the Read view is made of.
import { make } from "../answer.js";

const MARKUP = `
<section class="stage" aria-label="Slice">
  <div class="frame">
    <canvas data-part="canvas" tabindex="0" role="img" aria-label="No slice"></canvas>
    <p class="corner" data-part="place"></p>
    <p class="legend" data-part="legend" hidden>certain <span class="ramp"></span> unsure, 1 bit</p>
    <div class="empty" data-part="empty">
      <h2>Drop a slice, a scan or a series here</h2>
      <p>PNG, JPEG, TIFF, WebP, DICOM or NIfTI, files or a folder. It stays in the server's memory and is gone after the answer.</p>
      <p>Or try a phantom, drawn by a program:</p>
      <div class="thumbs" data-part="thumbs"></div>
    </div>
  </div>
  <label class="scroll" data-part="scroll" hidden>Slice
    <input data-part="slice" type="range" min="0" max="0" value="0"></label>
  <div class="tools">
    <div class="group" role="group" aria-label="Mask">
    <label>Mask <select data-part="style"><option value="outline">outline</option><option value="fill">fill</option>
      <option value="off">off</option></select></label>
    <label>Opacity <input data-part="opacity" type="range" min="0" max="1" step="0.05" value="1"></label>
    <label>Threshold <input data-part="threshold" type="range" min="0.01" max="0.99" step="0.01" value="0.5" disabled>
      <output data-part="thresholdValue">0.50</output></label>
    <label><input data-part="unsure" type="checkbox" disabled> Uncertainty</label>
    </div>
    <div class="group" role="group" aria-label="Picture">
    <label>Window <input data-part="window" type="range" min="1" max="255" value="255"></label>
    <label>Level <input data-part="level" type="range" min="0" max="255" value="127">
      <output data-part="windowValue">255 / 128</output></label>
    <span class="buttons"><button type="button" data-part="zoomOut" aria-label="Zoom out">−</button>
      <button type="button" data-part="zoomIn" aria-label="Zoom in">+</button>
      <button type="button" data-part="reset">Reset</button></span>
    </div>
  </div>
</section>
<aside aria-label="Reading">
  <div class="sources">
    <button type="button" class="main" data-part="open" aria-keyshortcuts="f">Open files</button>
    <input data-part="files" type="file" multiple hidden aria-label="Files">
    <label>or a phantom <select data-part="examples"><option value="">choose …</option></select></label>
  </div>
  <p class="quiet" data-part="hint">Nothing is read yet. A reading tells the class with its probabilities, the classes that cannot be ruled out,
    the mask with its area and diameter, how sure the network is of each pixel, and, where it had better not answer, that it does not.</p>
  <p class="status" data-part="status" role="status"></p>
  <div data-part="result" hidden>
    <div data-part="verdict" aria-live="polite"></div>
    <ul class="warnings" data-part="warnings"></ul>
    <div data-part="chances"></div>
    <div data-part="measures"></div>
    <div class="exports" role="group" aria-label="Export">
      <button type="button" data-part="saveMask">Mask PNG</button>
      <button type="button" data-part="saveRows">JSON</button>
      <button type="button" data-part="saveNifti" hidden>NIfTI</button>
      <button type="button" data-part="saveSegmentation" hidden>DICOM-SEG</button>
      <button type="button" data-part="saveReport" hidden>DICOM report</button>
    </div>
    <p class="quiet">Research use only. A network's reading is no diagnosis.</p>
  </div>
</aside>`;

export function panel() {
  const root = document.createElement("div");
  root.className = "read";
  root.innerHTML = MARKUP;
  return root;
}

/** Phantoms, drawn by brainmtl: no person's images. */
const EXAMPLES = [
  ["phantom_glioma.png", "Glioma, axial"],
  ["phantom_meningioma.png", "Meningioma, coronal"],
  ["phantom_pituitary.png", "Pituitary tumour, sagittal"],
  ["phantom_no_tumor.png", "No tumour, axial"],
  ["phantom_scan.nii.gz", "Scan of nine slices"],
];

/** Fill the list of examples, and their pictures where nothing is read yet. */
export function examples({ examples: select, thumbs }, read, fail) {
  const choose = async (name) => {
    select.value = name;
    if (!name) return;
    try {
      const answer = await fetch(`examples/${name}`);
      if (!answer.ok) throw new Error(answer.statusText);
      const content = await answer.blob();
      read([new File([content], name)]);
    } catch {
      fail(new Error("The example cannot be fetched: is the server running?"));
    }
  };
  for (const [file, name] of EXAMPLES) {
    select.append(new Option(name, file));
    const picture = file.endsWith(".png") ? make("img", { src: `examples/${file}`, alt: "" }) : make("span", { class: "stack", text: "9" });
    const thumb = make("button", { type: "button" }, picture, name);
    thumb.addEventListener("click", () => choose(file));
    thumbs.append(thumb);
  }
  select.addEventListener("change", () => choose(select.value));
}
