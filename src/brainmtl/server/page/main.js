// The frame of the page: its views, theme, model and keys. A view is a module that exports `title`, `keys`
// and `open(main, context)`.
import { listModels } from "./api.js";
import * as compare from "./views/compare.js";
import * as explore from "./views/explore.js";
import * as how from "./views/how.js";
import * as read from "./views/read.js";

const views = { read, explore, compare, how };
const THEMES = ["auto", "dark", "light"];
const element = (id) => document.getElementById(id);
const context = { models: [], model: () => context.models.find((one) => one.name === element("model").value) };

function showView() {
  const name = location.hash.slice(1) in views ? location.hash.slice(1) : "read";
  const view = views[name];
  document.title = `brainmtl · ${view.title}`;
  element("title").textContent = view.title;
  for (const link of element("views").children) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  element("help-keys").replaceChildren(
    ...view.keys.flatMap(([key, what]) => {
      const [term, meaning] = [document.createElement("dt"), document.createElement("dd")];
      [term.textContent, meaning.textContent] = [key, what];
      return [term, meaning];
    }),
  );
  view.open(element("main"), context);
}

function listViews() {
  for (const [name, view] of Object.entries(views)) {
    const link = document.createElement("a");
    [link.href, link.textContent] = [`#${name}`, view.title];
    element("views").append(link);
  }
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  element("theme").textContent = `Theme: ${theme}`;
  localStorage.setItem("theme", theme);
}

function cycleTheme() {
  setTheme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length]);
}

async function start() {
  setTheme(THEMES.find((theme) => theme === localStorage.getItem("theme")) ?? THEMES[0]);
  element("theme").addEventListener("click", cycleTheme);
  element("keys").addEventListener("click", () => element("help").showModal());
  document.addEventListener("keydown", (event) => {
    if (event.key === "?" && !event.target.closest("input:not([type=range])")) element("help").showModal();
  });
  listViews();
  context.ready = listModels().then((models) => (context.models = models));
  window.addEventListener("hashchange", showView);
  showView();
  await context.ready;
  element("model").parentElement.hidden = !context.models.length;
  element("model").replaceChildren(...context.models.map((model) => new Option(model.name, model.name)));
  element("model").dispatchEvent(new Event("change", { bubbles: true }));
  if (!context.models.length && !location.hash) location.hash = "explore";
}

start();
