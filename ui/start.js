// The first steps of a new person: what it does, start with the session, a name for an agent.

import { apart, button } from "./draw.js";
import { ask } from "./tauri.js";

const at = (id) => document.getElementById(id);

function said(autostart, program) {
  if (autostart === "on") return "Placet starts when you log in.";
  if (autostart === "off") return `Placet does not start by itself. What would be started: ${program}`;
  return `Something else starts in Placet's name when you log in: ${autostart.other}`;
}

function drawn(autostart, program) {
  const on = autostart === "on";
  at("start-auto").textContent = said(autostart, program);
  const words = on ? "Do not start it" : "Start Placet when I log in";
  const change = button(words, "", async () => {
    change.disabled = true;
    try {
      drawn(await ask("autostart", !on), program);
      at("start-switch").querySelector("button").focus();
    } catch (fault) {
      at("start-auto").textContent = fault.message ?? "Placet does not answer.";
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
  at("start-agents").replaceChildren(...(names.length ? ["Done. Named so far: ", ...names, "."] : ["No agent has a name yet."]));
  at("start-asked").textContent = now.asked ? "Something was asked and answered: History shows it." : "";
}
