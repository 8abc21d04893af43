// Who may ask, which servers are trusted, and how well Placet is set up here.

import { button, list, make, time } from "./draw.js";
import { ask } from "./tauri.js";
import { text } from "./text.js";

const at = (id) => document.getElementById(id);

function fill(id, items, none) {
  at(id).replaceChildren(...(items.length ? items : [make("p", "", none)]));
}

// Asks twice, without a dialog: the second press is on another button, and not where the first was,
// so that a double click keeps it.
function revoking(name) {
  const place = make("div", "acts");
  const sure = button(text("book-revoke-sure"), text("book-revoke-sure-whom", { name }), async () => {
    sure.disabled = true;
    try {
      const revoked = await ask("revoke", name);
      await agents();
      at("agents-said").textContent = revoked ? text("book-revoked", { name }) : text("book-revoked-before", { name });
    } catch (fault) {
      at("agents-said").textContent = fault.message ?? text("book-silent");
    }
    at("agents-title").focus();
  });
  const keep = button(text("book-keep"), text("book-keep-whom", { name }), () => {
    place.replaceChildren(first);
    first.focus();
  });
  const first = button(text("book-revoke"), text("book-revoke-whom", { name }), () => {
    place.replaceChildren(sure, keep);
    keep.focus();
  });
  place.append(first);
  return place;
}

export async function agents() {
  const all = await ask("agents");
  const items = all.map((one) => {
    const paired = time(one.paired_at);
    const used = one.last_used === null ? text("book-paired-unused", { paired }) : text("book-paired-used", { paired, asked: time(one.last_used) });
    return make("div", "entry", make("div", "", make("p", "heading", one.name), make("p", "name", used)), revoking(one.name));
  });
  at("agents-said").textContent = "";
  fill("agents-all", items, text("book-agents-none"));
}

// True if the same server is trusted for another account too.
const shared = (all, one) => all.some((other) => other !== one && other.issuer === one.issuer);

const vouching = (by) => text("book-vouched", { subject: by.subject, sha256: by.sha256, until: by.until });

export async function servers() {
  const all = await ask("servers");
  const items = all.map((one) =>
    make(
      "article",
      "entry tall",
      make("h3", "", one.name),
      one.plain_http ? make("p", "notice", text("book-plain-http")) : null,
      list([
        [text("book-row-issuer"), one.issuer],
        [text("book-row-account"), one.account || text("book-account-none")],
        [text("book-row-client"), one.client_id],
        [text("book-row-asks"), one.challenge_endpoint ? text("book-asks-at", { endpoint: one.challenge_endpoint }) : text("book-asks-not")],
        [text("book-row-forget"), `placet as remove ${one.issuer}${shared(all, one) ? ` --account ${JSON.stringify(one.account)}` : ""}`],
        [text("book-row-change"), text("book-change-how")],
        [text("book-row-another"), text("book-another-how")],
        [text("book-row-may"), text("book-may")],
        [text("book-row-vouched"), one.authorities.length ? [...one.authorities.map(vouching), text("book-vouched-alone")].join(" ") : text("book-vouched-system")],
        [text("book-row-proxy"), one.proxy ? text("book-proxy", { proxy: one.proxy }) : text("book-proxy-none")],
      ]),
    ),
  );
  fill("servers-all", items, text("book-servers-none"));
}

export async function health() {
  const all = await ask("health");
  const items = all.map((one) =>
    make(
      "article",
      "entry tall",
      make("h3", "", one.what),
      make("p", one.good ? "good" : "poor", one.good ? text("book-good", { state: one.state }) : text("book-poor", { state: one.state })),
      make("p", "", one.means),
      one.better ? make("p", "", text("book-better", { better: one.better })) : null,
    ),
  );
  fill("health-all", items, "");
}
