// ui/text.js: a word comes in as it is.

import assert from "node:assert/strict";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

globalThis.PLACET_TEXTS = Object.freeze({
  "book-plain": "Nothing is waiting.",
  "book-two": "{ $name } at { $time }, { $name }",
});
// The page's modules are `.js` without a package around them; here they need one.
const folder = await mkdtemp(join(tmpdir(), "placet-page-"));
after(() => rm(folder, { recursive: true }));
await writeFile(join(folder, "package.json"), '{"type": "module"}');
for (const name of ["text.js", "draw.js"]) await copyFile(new URL(`../../ui/${name}`, import.meta.url), join(folder, name));
const { dress, text } = await import(join(folder, "text.js"));

test("a word comes in at each of its places, and nothing in it is taken for a place", () => {
  assert.equal(text("book-plain"), "Nothing is waiting.");
  assert.equal(text("book-two", { name: "{ $time }", time: "$& <b>$1</b>" }), "{ $time } at $& <b>$1</b>, { $time }");
  assert.equal(text("book-two", { name: 7, time: "" }), "7 at , 7");
});

test("an id that is missing shows itself, and so does a word", () => {
  assert.equal(text("book-no-such"), "book-no-such");
  assert.equal(text("toString"), "toString");
  assert.equal(text("book-two", { time: "now" }), "{ $name } at now, { $name }");
});

test("what stands in the markup goes in as text", () => {
  const put = [];
  const one = (dataset) => ({ dataset, set textContent(words) { put.push(words); }, setAttribute: (name, words) => put.push(`${name}=${words}`) });
  dress({ querySelectorAll: (what) => [one(what === "[data-text]" ? { text: "book-plain" } : { label: "book-two" })] });
  assert.deepEqual(put, ["Nothing is waiting.", "aria-label={ $name } at { $time }, { $name }"]);
});
