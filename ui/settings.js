// What can be set, and what says no for a while: a pause and mutes.
//
// Promises: what widens is only asked for here; the prompt asks the person (src/book/question.rs).
// Must never say that something is set before the program says so.

import { button, make } from "./draw.js";
import { ask } from "./tauri.js";
import { pieces, text } from "./text.js";

const at = (id) => document.getElementById(id);

async function change(wanted, said) {
  said.textContent = "";
  try {
    said.textContent = (await ask("change", wanted)) ? text("book-asked") : text("book-set");
  } catch (fault) {
    said.textContent = fault.message ?? text("book-silent");
  }
}

// A redraw must not take the focus away from what somebody is about to press.
const drawn = new Map();
function redraw(id, what, items) {
  const now = JSON.stringify(what);
  if (drawn.get(id) === now) return;
  drawn.set(id, now);
  at(id).replaceChildren(...items());
}

// What is stopped, on the pages of the agents and of the health alike.
function stopped({ paused_until, muted }) {
  const said = make("p", "");
  said.setAttribute("role", "status");
  const line = (words, act, label, wanted) => make("div", "entry", make("p", "heading", ...words), button(act, label, () => change(wanted, said)));
  const lines = muted.map(({ bucket, name, until }) => line(pieces("book-muted", { until, name }), text("book-end-mute"), text("book-end-mute-of", { name }), { end_mute: bucket }));
  if (paused_until !== null) lines.unshift(line([text("book-paused", { until: paused_until })], text("book-end-pause"), "", "end_pause"));
  return lines.length ? [...lines, make("p", "aside", text("book-stopped-aside")), said] : [];
}

const clock = (minute) => `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

function minute(text) {
  const found = /^([01]?\d|2[0-3])[:.]([0-5]\d)$/.exec(text.trim());
  return found === null ? null : Number(found[1]) * 60 + Number(found[2]);
}

function kindLine(kind) {
  const stop = () => change({ set: { on_notification: { kind, on: false } } }, at("offers-said"));
  return make("div", "entry", make("div", "", make("p", "heading", kind.tool), make("p", "name", ...pieces("book-offer-by", { agent: kind.agent }))), button(text("book-take-away"), text("book-take-away-what", { tool: kind.tool, agent: kind.agent }), stop));
}

export function settled(state) {
  for (const id of ["agents-stopped", "health-stopped"]) redraw(id, [state.paused_until, state.muted], () => stopped(state));
  const { quiet, on_notification } = state.settings;
  const hours = quiet && { from: clock(quiet.from), to: clock(quiet.to) };
  if (quiet === null) at("quiet-now").textContent = text("book-quiet-never");
  else if (state.quiet_until === null) at("quiet-now").textContent = text("book-quiet-hours", { from: hours.from, to: hours.to });
  else at("quiet-now").textContent = text("book-quiet-hours-now", { from: hours.from, to: hours.to, until: state.quiet_until });
  at("quiet-none").hidden = quiet === null;
  redraw("offers", on_notification, () => (on_notification.length ? on_notification.map(kindLine) : [make("p", "", text("book-offers-none"))]));
}

export async function settings() {
  const names = (await ask("agents")).map((one) => one.name);
  redraw("offer-agents", names, () => names.map((name) => make("option", "", name)));
  at("offer").hidden = names.length === 0;
  at("offer-nobody").hidden = names.length > 0;
}

at("quiet").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const [from, to] = [minute(form.get("from")), minute(form.get("to"))];
  if (from === null || to === null) at("quiet-said").textContent = text("book-quiet-wrong");
  else change({ set: { quiet: { from, to } } }, at("quiet-said"));
});
at("quiet-none").addEventListener("click", () => change({ set: { quiet: null } }, at("quiet-said")));
at("offer").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const kind = { agent: form.get("agent"), tool: form.get("tool") };
  change({ set: { on_notification: { kind, on: true } } }, at("offers-said"));
});
