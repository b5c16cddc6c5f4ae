//! Scenarios that come with the page. Links name them, so a name stays what it is.

/// A scenario that comes with the page.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    /// The name in links.
    pub name: &'static str,
    /// Its title, for the page's list.
    pub title: &'static str,
    /// The document.
    pub text: &'static str,
}

/// The scenario that the page opens with.
pub const DEFAULT: &str = "one-pool";

/// Every built-in scenario, in the order in which the page offers them.
pub const ALL: &[Builtin] = &[
    Builtin { name: "one-pool", title: "One pool, many traders", text: include_str!("one-pool.json") },
    Builtin { name: "payments", title: "Payments that never meet", text: include_str!("payments.json") },
];

/// The built-in scenario of that name.
pub fn find(name: &str) -> Option<&'static Builtin> {
    ALL.iter().find(|builtin| builtin.name == name)
}
