//! How long a link is, and what that means.

/// A length that matters, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkLimit {
    /// In characters.
    pub characters: usize,
    /// What takes a link of that length.
    pub place: &'static str,
}

/// Lengths that matter, ascending.
pub const LIMITS: [LinkLimit; 4] = [
    LinkLimit { characters: 300, place: "a QR code on a slide" },
    LinkLimit { characters: 1_900, place: "chat programs" },
    LinkLimit { characters: 8_000, place: "documents and wikis" },
    LinkLimit { characters: 32_000, place: "browsers' address bars" },
];

/// The shortest limit that a link keeps; `None`: too long for any, offer a file.
pub fn keeps(length: usize) -> Option<LinkLimit> {
    LIMITS.into_iter().find(|l| length <= l.characters)
}

/// `412 characters: fits chat programs, documents and wikis, browsers' address bars`.
pub fn describe(length: usize) -> String {
    let characters = super::format::counted(length as u64, "character");
    match keeps(length) {
        Some(limit) => format!("{characters}: short enough for {} and everything longer", limit.place),
        None => format!(
            "{characters}: longer than browsers take ({}). Save it as a file instead.",
            super::format::count(32_000)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_keeps_the_shortest_limit_it_fits() {
        for (length, place) in
            [(10, "a QR code on a slide"), (300, "a QR code on a slide"), (301, "chat programs")]
        {
            assert_eq!(keeps(length).map(|l| l.place), Some(place));
        }
        assert_eq!(keeps(32_001), None);
    }
}
