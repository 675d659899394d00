// What the Read view is made of.
const MARKUP = `
<section class="stage" aria-label="Slice">
  <div class="frame">
    <canvas data-part="canvas" tabindex="0" role="img" aria-label="No slice"></canvas>
    <p class="corner" data-part="place"></p>
    <div class="empty" data-part="empty">
      <h1>Drop a slice, a scan or a series here</h1>
      <p>PNG, JPEG, TIFF, WebP, DICOM or NIfTI. It stays in the server's memory and is gone after the answer.</p>
    </div>
  </div>
  <label class="scroll" data-part="scroll" hidden>Slice
    <input data-part="slice" type="range" min="0" max="0" value="0"></label>
  <div class="tools">
    <label>Mask <select data-part="style"><option value="outline">outline</option><option value="fill">fill</option>
      <option value="off">off</option></select></label>
    <label>Opacity <input data-part="opacity" type="range" min="0" max="1" step="0.05" value="0.45"></label>
    <label>Threshold <input data-part="threshold" type="range" min="0.01" max="0.99" step="0.01" value="0.5" disabled>
      <output data-part="thresholdValue">0.50</output></label>
    <label>Window <input data-part="window" type="range" min="1" max="255" value="255"></label>
    <label>Level <input data-part="level" type="range" min="0" max="255" value="127">
      <output data-part="windowValue">255 / 128</output></label>
    <span class="buttons"><button type="button" data-part="zoomOut" aria-label="Zoom out">−</button>
      <button type="button" data-part="zoomIn" aria-label="Zoom in">+</button>
      <button type="button" data-part="reset">Reset</button></span>
  </div>
</section>
<aside aria-label="Reading">
  <div class="sources">
    <button type="button" class="main" data-part="open" aria-keyshortcuts="f">Open files</button>
    <input data-part="files" type="file" multiple hidden aria-label="Files">
    <label>or an example <select data-part="examples"><option value="">phantoms</option></select></label>
  </div>
  <p class="status" data-part="status" role="status"></p>
  <div data-part="result" hidden>
    <div data-part="verdict" aria-live="polite"></div>
    <div data-part="chances"></div>
    <div data-part="measures"></div>
    <ul class="warnings" data-part="warnings"></ul>
    <div class="exports" role="group" aria-label="Export">
      <button type="button" data-part="saveMask">Mask PNG</button>
      <button type="button" data-part="saveRows">JSON</button>
      <button type="button" data-part="saveSegmentation">DICOM-SEG</button>
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
  ["phantom_glioma.png", "Phantom: glioma, axial"],
  ["phantom_meningioma.png", "Phantom: meningioma, coronal"],
  ["phantom_pituitary.png", "Phantom: pituitary tumour, sagittal"],
  ["phantom_no_tumor.png", "Phantom: no tumour, axial"],
  ["phantom_scan.nii.gz", "Phantom: scan of nine slices"],
];

export function examples(select, read, fail) {
  for (const [file, name] of EXAMPLES) select.append(new Option(name, file));
  select.addEventListener("change", async () => {
    const name = select.value;
    if (!name) return;
    try {
      const answer = await fetch(`examples/${name}`);
      if (!answer.ok) throw new Error(answer.statusText);
      const content = await answer.blob();
      read([new File([content], name)]);
    } catch {
      fail(new Error("The example cannot be fetched: is the server running?"));
    }
  });
}
