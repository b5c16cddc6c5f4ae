//! The page in a frame of another page: what the frame's address says, and the messages between host and frame.
//!
//! ```text
//! embed.html?view=lanes&edit=numbers&s=one-pool  ─ Embed::read ─▶ Embed        how the frame looks
//!
//! host ── text of a message ─▶ request::read ─▶ Request ─▶ Session              asked: load, set, run, get, …
//! host ◀─ text of a message ── answer::Answer ◀── Session                       answered; and what has changed, told
//! ```
//! Nothing here knows a browser: messages are texts of JSON, which the edge makes of plain objects and back. A message is
//! read with the document's own reader (bounded depth and number of values, mistakes with their places), so a document in
//! it stays as it was written. What a host sends changes the session as a person's action would; nothing of it is ever a
//! script or HTML.
//!
//! `www/embed.schema.json` describes the messages; the tests compare it with what is read and written here.

mod answer;
mod host;
mod options;
mod rate;
mod request;
#[cfg(test)]
mod tests;

pub use answer::{Code, Refusal, png, resize, svg, too_many_pictures};
pub(crate) use host::Host;
pub use options::{Colours, Edit, Embed, View};
pub use rate::{Rate, Verdict};
pub use request::{Id, MAX_MESSAGE};

/// The version of the messages.
pub const VERSION: u32 = 1;

/// The field of every message that names the version.
pub const MARK: &str = "evm-lanes";
