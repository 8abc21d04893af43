// The only file that touches the program behind the page. Three calls, all listed in build.rs and
// granted in capabilities/book.json; none takes or returns a secret.

const { invoke } = window.__TAURI__.core;

// Resolves with `{number, page}` as soon as there is a page newer than `seen`.
/** @type {(seen: number) => Promise<import("./types").Numbered>} */
export const page = (seen) => invoke("book", { seen });

// Brings up the prompt of this request.
/** @type {(request: string) => Promise<void>} */
export const look = (request) => invoke("look", { request });

// Asks a question of src/book/question.rs (`Question` and `Answer` in types.d.ts); resolves with what
// the answer holds.
export async function ask(name, about) {
  const answer = await invoke("ask", { question: about === undefined ? name : { [name]: about } });
  if ("failed" in answer) throw new Error(answer.failed);
  return Object.values(answer)[0];
}
