// What a person reads on these pages. It stands in crates/texts/en.ftl; the window brings it along
// (src-tauri/src/book/window.rs).
//
// Promises: a word comes in as it is, and nothing in it is taken for the place of another. Must never
// make markup: what this gives goes in as text.

import { apart } from "./draw.js";

/** @type {Readonly<Record<import("./types").TextId, string>>} */
const sentences = globalThis.PLACET_TEXTS;

// The sentence with this id, with `words` in its places. An id that is missing shows itself.
/** @type {(id: import("./types").TextId, words?: Record<string, unknown>) => string} */
export function text(id, words = {}) {
  const put = (place, name) => (Object.hasOwn(words, name) ? String(words[name]) : place);
  return Object.hasOwn(sentences, id) ? sentences[id].replace(/\{ \$(\w+) \}/g, put) : id;
}

// The same as pieces to append: each word that comes in stands apart.
/** @type {(id: import("./types").TextId, words?: Record<string, unknown>) => (Node | string)[]} */
export function pieces(id, words = {}) {
  const sentence = Object.hasOwn(sentences, id) ? sentences[id] : id;
  const word = (name) => (words[name] instanceof Node ? words[name] : apart(String(words[name])));
  // What is between two places, and the places' names, by turns.
  return sentence.split(/\{ \$(\w+) \}/).map((part, n) => (n % 2 === 0 ? part : word(part)));
}

// What stands in the markup by its id.
export function dress(root) {
  for (const one of root.querySelectorAll("[data-text]")) one.textContent = text(one.dataset.text);
  for (const one of root.querySelectorAll("[data-label]")) one.setAttribute("aria-label", text(one.dataset.label));
}
