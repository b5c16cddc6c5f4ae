//! Lessons that come with the page. Links name them, so an id stays what it is.

/// A lesson that comes with the page.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    /// The name in links.
    pub id: &'static str,
    /// Its title, for the page's list.
    pub title: &'static str,
    /// How long it takes.
    pub minutes: u32,
    /// The document.
    pub text: &'static str,
}

macro_rules! lessons {
    ($($id:literal, $title:literal, $minutes:literal, $file:literal;)+) => {
        /// Every built-in lesson, in the order in which they build on each other.
        pub const ALL: &[Builtin] = &[$(Builtin {
            id: $id,
            title: $title,
            minutes: $minutes,
            text: include_str!(concat!("../../lessons/", $file)),
        }),+];

        /// Their ids. Who only wants to know them should not drag in the texts.
        pub const IDS: &[&str] = &[$($id),+];
    };
}

lessons! {
    "one-lane", "One lane", 3, "01-one-lane.json";
    "two-lanes", "Two lanes", 4, "02-two-lanes.json";
    "read-after-write", "Read after write", 4, "03-read-after-write.json";
    "nonces-and-fees", "Nonces and fees", 5, "04-nonces-and-fees.json";
    "speculate", "Speculate, validate, repeat", 5, "05-speculate.json";
    "estimates", "Estimates", 5, "06-estimates.json";
    "critical-path", "Critical path and Amdahl", 5, "07-critical-path.json";
    "parallel-loses", "When parallel loses", 4, "08-parallel-loses.json";
    "slot-or-account", "Slot against account", 5, "09-slot-or-account.json";
    "design-it-away", "Design it away", 5, "10-design-it-away.json";
    "knowing-ahead", "Knowing ahead", 6, "11-knowing-ahead.json";
    "peak-hour", "Peak hour", 6, "12-peak-hour.json";
}

/// The template that a new lesson begins with.
pub const TEMPLATE: &str = include_str!("../../lessons/template.json");

/// The built-in lesson of that id.
pub fn find(id: &str) -> Option<&'static Builtin> {
    ALL.iter().find(|lesson| lesson.id == id)
}
