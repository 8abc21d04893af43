// The only file that touches the program behind the page. Two calls, both listed in build.rs and
// granted in capabilities/book.json; neither takes nor returns a secret.

const { invoke } = window.__TAURI__.core;

// Resolves with `{number, page}` as soon as there is a page newer than `seen`.
export const page = (seen) => invoke("book", { seen });

// Brings up the prompt.
export const look = () => invoke("look");
