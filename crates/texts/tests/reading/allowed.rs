/// What people see is made here.
const SHOWN: &[&str] = &["crates/core/src/", "crates/agentd/src/desk.rs", "src-tauri/src/", "ui/"];

/// Literals that only look like sentences of the interface: where, what is in them (all, if it is
/// empty), and why they stay.
const ALLOWED: &[(&str, &str, &str)] = &[
    // Told to programs over the wire, where fixtures hold every letter.
    ("crates/core/src/outcome.rs", "", "reasons, as the requester hears them"),
    ("crates/core/src/json.rs", "", "what is wrong with a message, for its sender"),
    ("crates/core/src/form/schema.rs", "", "what is wrong with a form, for its sender"),
    ("crates/core/src/form/mod.rs", "", "what is wrong with a form, for its sender"),
    ("crates/core/src/request.rs", "", "buckets, as `placet log` and the wire name them"),
    ("crates/core/src/display.rs", "set up", "the name of a bucket"),
    ("crates/core/src/change.rs", "set up", "the name of a bucket"),
    ("crates/core/src/way.rs", "", "what is wrong with a proxy, for its sender"),
    // Written to the record, and shown by `placet log`.
    ("crates/core/src/ceremony.rs", "it asks to sign", "on record as suspicious"),
    ("crates/core/src/ports.rs", "", "errors, for record and log"),
    ("crates/core/src/passkey.rs", "", "errors, for record and log"),
    ("src-tauri/src/prompt/judge.rs", "", "refused input, on record"),
    ("src-tauri/src/prompt/window.rs", "another program destroyed", "on record"),
    ("src-tauri/src/notify/offer.rs", "by {sender}", "on record"),
    ("src-tauri/src/notify/offer.rs", "notification of", "the device of an answer, on record"),
    ("src-tauri/src/notify/offer.rs", "not readable", "a part of that"),
    ("src-tauri/src/seat.rs", "", "where Placet runs, on record"),
    // Printed by the program to a terminal, as the command line's texts are.
    ("src-tauri/src/start.rs", "", "standard output and standard error"),
    ("src-tauri/src/places.rs", "", "why it does not start, on standard error"),
    ("src-tauri/src/prompt/mod.rs", "there is no display", "why it does not start, on standard error"),
    // Errors that only a log sees.
    ("src-tauri/src/away/", "does not answer", "log"),
    ("src-tauri/src/book/mod.rs", "that is too long", "log"),
    ("src-tauri/src/book/process.rs", "the book has no pipes", "log"),
    ("src-tauri/src/others.rs", "a message of no", "log"),
    ("src-tauri/src/others.rs", "a name without an end", "log"),
    ("src-tauri/src/others.rs", "the compositor refused", "log"),
    ("src-tauri/src/prompt/cover.rs", "no such screen", "log"),
    ("src-tauri/src/prompt/glass.rs", "the screen is being set up", "log"),
    ("src-tauri/src/prompt/server_time.rs", "no such screen", "log"),
    // Formats.
    ("src-tauri/src/autostart.rs", "", "the desktop entry"),
    ("src-tauri/src/notify/offer.rs", "approve {}", "the key of an action"),
    ("src-tauri/src/view.rs", "open {}", "the word of an act"),
    ("src-tauri/src/view.rs", "pause {}", "the word of an act"),
    ("src-tauri/src/view.rs", "unmute {", "the word of an act"),
    ("src-tauri/src/prompt/style.rs", "", "the style sheet"),
    ("ui/book.js", "nav button", "a selector"),
    ("ui/history.js", "row ${kind}", "classes"),
    ("ui/history.js", "part ${name}", "classes"),
    ("ui/history.js", "value verbatim", "classes"),
    ("ui/known.js", "entry tall", "classes"),
    // The same in every language.
    ("ui/known.js", "placet as remove", "a command"),
    ("ui/index.html", "placet pair", "a command"),
    ("ui/index.html", "placet init", "a command"),
    ("ui/index.html", "placet --agent", "a command"),
    ("ui/index.html", "Placet", "the name"),
];
