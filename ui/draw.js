// Small pieces of a page.
//
// Promises: every text goes in as text. Must never set markup, a link or a style from a value.

import { text } from "./text.js";

// An element with a class, and text or children.
export function make(tag, name, ...content) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...content.filter((one) => one !== null));
  return made;
}

// A stranger's name inside a line: what of it runs from right to left moves nothing beside it.
export const apart = (name) => make("bdi", "", name);

export function button(words, label, act) {
  const made = make("button", "", words);
  made.type = "button";
  if (label) made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

// Terms and what they say.
export function list(pairs) {
  const made = document.createElement("dl");
  for (const [term, value] of pairs) made.append(make("dt", "", term), make("dd", "", value));
  return made;
}

// The number that prompt and terminal show, and what was asked; records of older versions have neither.
export function asked({ code, brief }) {
  if (code && brief) return text("book-asked-code-brief", { code, brief });
  return code ? text("book-asked-code", { code }) : (brief ?? "");
}

const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
export const time = (at) => clock.format(new Date(at));
