// What is over: leafed through, narrowed, and one of it in full.

import { button, list, make, time } from "./draw.js";
import { ask } from "./tauri.js";

const at = (id) => document.getElementById(id);
// Answers that come after a newer question was asked are not drawn.
let asked = 0;
let last = null;

const who = ({ agent, kind }) => agent || (kind === "change" ? "Placet's book" : "an unpaired program");
const words = (raw) => raw.replaceAll("_", " ");

function line(past) {
  const heading = past.heading || `Nothing was shown (${words(past.kind)})`;
  const said = `${words(past.outcome)} (${words(past.reason)})`;
  return make(
    "li",
    "",
    make("div", "", make("p", "heading", heading), make("p", "name", `${who(past)}, ${time(past.at)}`), make("p", "name", said)),
    button("Show", `Show: ${heading}, ${who(past)}, ${time(past.at)}`, (event) => show(past.request, event.target)),
  );
}

function wanted(before) {
  const form = new FormData(at("narrow"));
  const chosen = (name) => form.get(name).trim() || null;
  return { before, outcome: chosen("outcome"), agent: form.has("unnamed") ? "" : chosen("agent"), server: chosen("server"), words: form.get("words") };
}

async function leaf(before) {
  const mine = ++asked;
  try {
    const page = await ask("history", wanted(before));
    if (mine !== asked) return;
    const lines = page.map(line);
    if (before === null) at("past").replaceChildren(...lines);
    else at("past").append(...lines);
    last = page.at(-1)?.seq ?? null;
    at("older").hidden = page.length < 50;
    const all = at("past").childElementCount;
    at("found").textContent = all === 0 ? "Nothing was found." : `${all} shown`;
    // Where the person goes on reading; the button may be gone.
    if (before !== null) lines[0]?.querySelector("button").focus();
  } catch (fault) {
    if (mine === asked) at("found").textContent = fault.message ?? "Placet does not answer.";
  }
}

// Rows of ours and rows that the requester named look different, as in the prompt.
function row({ label, value, verbatim, part }) {
  const kind = part === "given" ? "given" : part === "heading" ? "titled" : "";
  return make("div", `row ${kind}`, label ? make("p", "label", label) : null, make("p", verbatim ? "value verbatim" : "value", value));
}

function section(one, name) {
  return one ? make("div", `part ${name}`, make("h4", "", one.title), ...one.rows.map(row)) : null;
}

function screen({ at: when, display_hash, holds, screen: shown }) {
  const sections = ["action", "asker", "destination"].map((name) => section(shown[name], name));
  const fields = (shown.fields ?? []).map((field) => make("pre", "value verbatim", JSON.stringify(field, null, 2)));
  return make(
    "article",
    "screen",
    make("h3", "", shown.heading ?? ""),
    ...(shown.banners ?? []).map((banner) => make("p", "notice", banner)),
    shown.problem ? make("p", "notice", shown.problem) : null,
    ...sections,
    fields.length ? make("div", "part", make("h4", "", "Fields"), ...fields) : null,
    section(shown.words, "theirs"),
    make("p", holds ? "aside" : "notice", holds ? `Sent to be shown ${time(when)}. It still has the recorded hash.` : `This is not what was sent to be shown ${time(when)}: its hash is another.`),
    make("p", "hash", display_hash),
  );
}

async function show(request, from) {
  try {
    const detail = await ask("detail", request);
    if (!detail) throw new Error("The record does not have it any more.");
    const { past, steps, shown, receipt } = detail;
    const back = button("Back to the list", "", () => {
      at("detail").hidden = true;
      at("listed").hidden = false;
      from.focus();
    });
    const facts = list([["How it ended", `${words(past.outcome)} (${words(past.reason)})`], ["Who asked", who(past)], ["Server", past.server || "none"], ["Number", past.request], ["Receipt", receipt ? `${receipt.digest}. ${receipt.seal}` : "none was signed"]]);
    const happened = make("ol", "steps", ...steps.map((step) => make("li", "", `${time(step.at)}: ${words(step.event)} ${step.summary}`)));
    const none = shown.length === 0 ? make("p", "", "Nothing was shown.") : null;
    at("detail").replaceChildren(back, facts, make("h3", "", "What happened"), happened, make("h3", "", "What was shown"), none ?? "", ...shown.map(screen));
    at("listed").hidden = true;
    at("detail").hidden = false;
    back.focus();
  } catch (fault) {
    at("found").textContent = fault.message ?? "Placet does not answer.";
  }
}

export function open() {
  at("detail").hidden = true;
  at("listed").hidden = false;
  return leaf(null);
}

at("narrow").addEventListener("submit", (event) => {
  event.preventDefault();
  leaf(null);
});
at("older").addEventListener("click", () => leaf(last));
