//! Leptos components: they receive values and emit intents; arithmetic lives in `view`. Only the frame ([`app`]) knows the
//! whole page and gives each of the others its part; a test in `xtask/src/rooms.rs` checks that.

mod app;
mod compare;
mod curve;
mod dialogs;
mod editor;
mod focus;
mod foot;
mod framed;
mod graph;
mod head;
mod header;
mod inspector;
mod keys;
mod lanes;
pub mod late;
mod lesson;
mod links;
mod list;
mod measure;
mod notices;
mod picture;
mod pins;
mod present;
mod prose;
mod rows;
mod share;
mod story;
mod tables;
mod tabs;

pub use app::App;
