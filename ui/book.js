// The book: its pages, and the first of them: what is waiting, and where things are.
//
// Promises: draws what the program says and nothing else; all of it goes in as text, never as
// markup. Must never ask for, hold or show a secret.

import { asked } from "./draw.js";
import { open as history } from "./history.js";
import { agents, health, servers } from "./known.js";
import { settings, settled } from "./settings.js";
import { beginning } from "./start.js";
import { look, page } from "./tauri.js";
import { dress, pieces, text } from "./text.js";

const at = (id) => document.getElementById(id);

dress(document);
dress(at("one").content);

function waitingItem({ id, name, heading, code, brief }) {
  const item = at("one").content.cloneNode(true);
  item.querySelector(".heading").textContent = heading;
  item.querySelector(".name").append(...pieces("book-asks", { name }));
  item.querySelector(".asked").textContent = asked({ code, brief });
  const open = item.querySelector("button");
  open.setAttribute("aria-label", code ? text("book-open-code", { code, heading }) : text("book-open-what", { heading }));
  open.dataset.id = id;
  open.addEventListener("click", () => look(id));
  return item;
}

function placeItems({ label, path }) {
  const term = document.createElement("dt");
  const value = document.createElement("dd");
  term.textContent = label;
  value.textContent = path;
  return [term, value];
}

function draw({ version, state, said, places }) {
  // A redraw must not take the focus away from the button that somebody is about to press.
  const focused = document.activeElement?.dataset?.id;
  at("state").textContent = said;
  at("trouble").textContent = state.trouble ?? "";
  at("trouble").hidden = state.trouble === null;
  at("nothing").hidden = state.waiting.length > 0;
  at("waiting").replaceChildren(...state.waiting.map(waitingItem));
  at("places").replaceChildren(...places.flatMap(placeItems));
  at("version").textContent = version;
  settled(state);
  if (focused) at("waiting").querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
}

async function follow() {
  for (let seen = 0; ; ) {
    const next = await page(seen);
    // What waits goes before what is to be learned.
    const begins = seen === 0 && next.page.first && next.page.state.waiting.length === 0;
    seen = next.number;
    draw(next.page);
    // What the steps wait for has happened, perhaps.
    if (begins) {
      await turn("start");
      at("start-switch").querySelector("button")?.focus();
    } else if (!at("page-start").hidden) await turn("start");
  }
}

follow().catch(() => {
  at("state").textContent = text("book-gone");
});

const fresh = { now: async () => {}, history, agents, servers, health, settings, start: beginning };

async function turn(to) {
  for (const one of document.querySelectorAll("nav button")) {
    if (one.dataset.page === to) one.setAttribute("aria-current", "page");
    else one.removeAttribute("aria-current");
  }
  for (const one of document.querySelectorAll(".page")) one.hidden = one.id !== `page-${to}`;
  at("fault").hidden = true;
  try {
    await fresh[to]();
  } catch (fault) {
    at("fault").textContent = fault?.message ?? text("book-silent");
    at("fault").hidden = false;
  }
}

for (const one of document.querySelectorAll("nav button")) {
  one.addEventListener("click", () => turn(one.dataset.page));
}
