// Who may ask, which servers are trusted, and how well Placet is set up here.

import { button, list, make, time } from "./draw.js";
import { ask } from "./tauri.js";

const at = (id) => document.getElementById(id);

function fill(id, items, none) {
  at(id).replaceChildren(...(items.length ? items : [make("p", "", none)]));
}

// Asks twice, without a dialog: the second press is on another button.
function revoking(name) {
  const place = make("div", "acts");
  const sure = button("Revoke for good", `Revoke ${name} for good`, async () => {
    sure.disabled = true;
    try {
      const revoked = await ask("revoke", name);
      await agents();
      at("agents-said").textContent = revoked ? `${name} is revoked.` : `${name} was not paired any more.`;
    } catch (fault) {
      at("agents-said").textContent = fault.message ?? "Placet does not answer.";
    }
    at("agents-title").focus();
  });
  const keep = button("Keep", `Keep ${name}`, () => {
    place.replaceChildren(first);
    first.focus();
  });
  const first = button("Revoke", `Revoke ${name}`, () => {
    place.replaceChildren(keep, sure);
    keep.focus();
  });
  place.append(first);
  return place;
}

export async function agents() {
  const all = await ask("agents");
  const items = all.map((one) => {
    const used = one.last_used === null ? "has asked nothing yet" : `last asked ${time(one.last_used)}`;
    return make("div", "entry", make("div", "", make("p", "heading", one.name), make("p", "name", `Paired ${time(one.paired_at)}, ${used}`)), revoking(one.name));
  });
  at("agents-said").textContent = "";
  fill("agents-all", items, "No agent is paired. To pair one, run in its terminal: placet pair");
}

export async function servers() {
  const all = await ask("servers");
  const items = all.map((one) =>
    make(
      "article",
      "entry tall",
      make("h3", "", one.name),
      one.plain_http ? make("p", "notice", "Spoken to without encryption, for development.") : null,
      list([
        ["Issuer", one.issuer],
        ["Account", one.account || "none was set"],
        ["Client", one.client_id],
        ["How it asks", one.challenge_endpoint ? `In the prompt, at ${one.challenge_endpoint}` : "Not at all: Placet needs a challenge endpoint to ask there. Remove it and add it again."],
        ["To forget it", `placet as remove ${one.issuer}${all.filter((other) => other.issuer === one.issuer).length > 1 ? ` --account ${JSON.stringify(one.account)}` : ""}`],
        ["To change it", "Run placet as add with this issuer and account again; the prompt asks you."],
        ["Another account", "Run placet as add with this issuer and that account; you choose in the prompt each time."],
        ["What it may do", "Paired agents may ask for its authorizations; you are asked each time. It may ask you for what it needs, in the prompt."],
        ["Vouched for by", one.authorities.length ? one.authorities.map((by) => `${by.subject}, SHA-256 ${by.sha256}, valid until ${by.until}`).join("; or ") + "; and by nobody else." : "The certificate authorities that the system trusts."],
        ["Proxy", one.proxy ? `All that is said to it goes through ${one.proxy}.` : "None."],
      ]),
    ),
  );
  fill("servers-all", items, "No server is trusted.");
}

export async function health() {
  const all = await ask("health");
  const items = all.map((one) =>
    make(
      "article",
      "entry tall",
      make("h3", "", one.what),
      make("p", one.good ? "good" : "poor", `${one.good ? "Good" : "Look at this"}: ${one.state}`),
      make("p", "", one.means),
      one.better ? make("p", "", `To better it: ${one.better}`) : null,
    ),
  );
  fill("health-all", items, "");
}
