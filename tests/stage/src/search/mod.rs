//! The search that proves that a secret occurs nowhere an agent can read.
//!
//! A [`Needle`] is the secret in every form in which it is looked for; a [`Search`] goes through
//! places (recorded streams, folders, environments, command lines, process memory, the clipboard
//! and the window properties of an X display) and ends as a [`Report`]. [`prove()`] plants canaries
//! in each kind of place and in each form and checks that they are found: a search that cannot
//! find proves nothing.
//!
//! Promises: what could not be read is listed, what was left out on purpose is listed with the
//! reason, and no report holds the secret.
//!
//! Must never: follow a link, change what it searches, or take the secret on a command line or in
//! the environment, where it would find itself.
//!
//! Not found: what is compressed or encrypted, the code as a binary number, and pieces that lie
//! further apart than [`needle`]'s longest separator or apart by differing bytes.

mod clipboard;
mod display;
mod needle;
mod places;
mod plant;
mod process;
mod prove;
mod report;

pub use clipboard::{Copied, clipboard};
pub use needle::{Find, Needle};
pub use places::Search;
pub use plant::{Form, Planted, command_line, database, deleted_file, environment, file, memory};
pub use prove::{Proof, prove};
pub use report::{Excluded, Hit, Report, Searched, Unread};
