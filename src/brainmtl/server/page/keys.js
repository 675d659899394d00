// Keys that every view of slices has.
const STEP = 24;
const PAN = { ArrowUp: [0, STEP], ArrowDown: [0, -STEP], ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0] };
const ZOOM = { "+": 1.25, "=": 1.25, "-": 0.8 };
const STYLES = ["outline", "fill", "off"];

export const styleAfter = (style) => STYLES[(STYLES.indexOf(style) + 1) % STYLES.length];

/** What a key does to what is looked at, or nothing. @param looked `panBy(x, y)`, `zoomBy(factor)`, `fit()`. */
export function lookingAct({ key, shiftKey }, looked) {
  if (shiftKey && key in PAN) return () => looked.panBy(...PAN[key]);
  if (key in ZOOM) return () => looked.zoomBy(ZOOM[key]);
  return key === "0" ? () => looked.fit() : null;
}

const SLIDES = /^(Arrow|Home|End|Page)/;

/** While a view is shown and nobody types. @param actOf gives what an event does, or nothing. */
export function listenForKeys(root, actOf) {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("select, dialog, textarea, input:not([type=checkbox], [type=range])")
      || (event.target.type === "range" && SLIDES.test(event.key));
    if (!root.isConnected || event.ctrlKey || event.metaKey || event.altKey || typing) return;
    const act = actOf(event);
    if (!act) return;
    event.preventDefault();
    act();
  });
}
