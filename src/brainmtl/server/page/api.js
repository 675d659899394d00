// The server's API. Errors carry what, where and mend, as the server tells them.
const EMBEDDED = ["picture", "mask", "mask_probability", "nifti", "dicom_seg", "dicom_sr"];
const TIMES = 60;
let token = null;
let asking = null;

export class ApiError extends Error {
  constructor(error, rows) {
    super([error.where, error.what, error.mend && `(${error.mend})`].filter(Boolean).join(" "));
    this.rows = rows ?? [];
  }
}

export async function listModels() {
  return (await call("v1/models")).json();
}

export async function listRuns() {
  return (await call("v1/runs")).json();
}

export async function listPublished() {
  return (await call("v1/published")).json();
}

/** Metrics and rows of a part of a run. */
export async function readPart(run, part) {
  return (await call(`v1/runs/${encodeURIComponent(run)}/${part}`)).json();
}

export async function readLog(run) {
  return (await call(`v1/runs/${encodeURIComponent(run)}/log`)).json();
}

/** @param layer `picture`, `truth` or `prediction` of a row, as a PNG. */
export async function readLayer(run, part, number, layer) {
  return (await call(`v1/runs/${encodeURIComponent(run)}/${part}/${number}/${layer}`)).blob();
}

/** Rows of `POST /v1/predict`, with pictures as data: addresses. @param told hears that the server is busy. */
export async function predict(files, model, { signal, told }) {
  const body = new FormData();
  for (const file of files) body.append("files", file, file.name);
  const query = new URLSearchParams(EMBEDDED.map((name) => ["embed", name]));
  if (model) query.set("model", model);
  return (await call(`v1/predict?${query}`, { method: "POST", body, signal }, told)).json();
}

async function call(path, options = {}, told = () => {}, times = TIMES) {
  const headers = { Accept: "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError({ what: "The server cannot be reached.", mend: "is it running?" });
  }
  if (answer.status === 401) {
    token = await (asking ??= askToken().finally(() => (asking = null)));
    return call(path, options, told, times);
  }
  const seconds = Number(answer.headers.get("Retry-After"));
  if (answer.status === 503 && seconds > 0 && times > 1) {
    told(`The server is busy: asking again in ${seconds} s …`);
    await pause(seconds, options.signal);
    return call(path, options, told, times - 1);
  }
  if (!answer.ok) {
    const said = await answer.json().catch(() => ({ error: { what: `The server answered ${answer.status}.` } }));
    throw new ApiError(said.error, said.rows);
  }
  return answer;
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal?.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}

function askToken() {
  const [door, told, field] = ["door", "door-told", "token"].map((id) => document.getElementById(id));
  told.textContent = token === null ? "" : "That is not its token: ask whoever runs the server.";
  field.value = "";
  door.showModal();
  return new Promise((resolve) => {
    door.addEventListener("close", () => resolve(field.value), { once: true });
  });
}
