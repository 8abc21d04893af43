// The first steps of a new person: what it does, start with the session, a name for an agent.

import { apart, button, make } from "./draw.js";
import { ask } from "./tauri.js";
import { pieces, text } from "./text.js";

const at = (id) => document.getElementById(id);

function said(autostart, program) {
  if (autostart === "on") return text("book-autostart-on");
  if (autostart === "off") return text("book-autostart-off", { program });
  return text("book-autostart-other", { other: autostart.other });
}

function drawn(autostart, program) {
  const on = autostart === "on";
  at("start-auto").textContent = said(autostart, program);
  const words = on ? text("book-autostart-stop") : text("book-autostart-start");
  const change = button(words, "", async () => {
    change.disabled = true;
    try {
      drawn(await ask("autostart", !on), program);
      at("start-switch").querySelector("button").focus();
    } catch (fault) {
      at("start-auto").textContent = fault.message ?? text("book-silent");
      change.disabled = false;
    }
  });
  at("start-switch").replaceChildren(change);
}

export async function beginning() {
  const now = await ask("beginning");
  // A redraw must not take the focus away from the button that somebody is about to press.
  const focused = at("start-switch").contains(document.activeElement);
  drawn(now.autostart, now.program);
  if (focused) at("start-switch").querySelector("button").focus();
  const names = now.agents.flatMap((name, n) => [n > 0 ? ", " : "", apart(name)]);
  at("start-agents").replaceChildren(...(names.length ? pieces("book-start-named", { names: make("span", "", ...names) }) : [text("book-start-unnamed")]));
  at("start-asked").textContent = now.asked ? text("book-start-asked") : "";
}
