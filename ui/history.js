// What is over: leafed through, narrowed, and one of it in full.

import { apart, asked as what, button, list, make, time } from "./draw.js";
import { ask } from "./tauri.js";
import { text } from "./text.js";

const at = (id) => document.getElementById(id);
// Answers that come after a newer question was asked are not drawn.
let asked = 0;
let last = null;

const who = ({ agent, kind }) => agent || (kind === "change" ? text("book-itself") : text("book-unpaired"));
const words = (raw) => raw.replaceAll("_", " ");
const ended = ({ outcome, reason }) => (reason === outcome ? words(outcome) : `${words(outcome)} (${words(reason)})`);

function line(past) {
  const heading = past.heading || text("book-shown-none-of", { kind: words(past.kind) });
  return make(
    "li",
    "",
    make("div", "", make("p", "heading", heading), make("p", "what", what(past)), make("p", "name", apart(who(past)), `, ${time(past.at)}`), make("p", "name", ended(past))),
    button(text("book-show"), text("book-show-what", { heading, who: who(past), time: time(past.at) }), (event) => show(past.request, event.target)),
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
    at("found").textContent = all === 0 ? text("book-found-none") : text("book-found", { count: all });
    // Where the person goes on reading; the button may be gone.
    if (before !== null) lines[0]?.querySelector("button").focus();
  } catch (fault) {
    if (mine === asked) at("found").textContent = fault.message ?? text("book-silent");
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
    fields.length ? make("div", "part", make("h4", "", text("book-fields")), ...fields) : null,
    section(shown.words, "theirs"),
    make("p", holds ? "aside" : "notice", holds ? text("book-holds", { time: time(when) }) : text("book-holds-not", { time: time(when) })),
    make("p", "hash", display_hash),
  );
}

function signed(receipt) {
  if (!receipt) return text("book-receipt-none");
  const { digest, seal } = receipt;
  return seal === "file" ? text("book-receipt-file", { digest }) : text("book-receipt-other", { digest });
}

async function show(request, from) {
  try {
    const detail = await ask("detail", request);
    if (!detail) throw new Error(text("book-detail-gone"));
    const { past, note, account, steps, shown, receipt } = detail;
    const back = button(text("book-back"), "", () => {
      at("detail").hidden = true;
      at("listed").hidden = false;
      from.focus();
    });
    // Nobody was asked: what was to be shown is nowhere else.
    const unasked = shown.length === 0 && past.reason !== "denied" && ["declined", "rate_limited", "unsupported"].includes(past.outcome);
    const how = unasked ? text("book-declined-unasked", { why: words(past.reason) }) : ended(past);
    const told = [[text("book-asked-what"), what(past)], [text("book-note"), note]].filter(([, words]) => words);
    const facts = list([[text("book-ended"), how], ...told, [text("book-who"), who(past)], [text("book-server"), past.server || text("book-server-none")], ...(account ? [[text("book-row-account"), account]] : []), [text("book-number"), past.request], [text("book-receipt"), signed(receipt)]]);
    const happened = make("ol", "steps", ...steps.map((step) => make("li", "", `${time(step.at)}: ${words(step.event)} ${step.summary}`)));
    const none = shown.length === 0 ? make("p", "", text("book-shown-none")) : null;
    at("detail").replaceChildren(back, facts, make("h3", "", text("book-happened")), happened, make("h3", "", text("book-shown")), none ?? "", ...shown.map(screen));
    at("listed").hidden = true;
    at("detail").hidden = false;
    back.focus();
  } catch (fault) {
    at("found").textContent = fault.message ?? text("book-silent");
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
