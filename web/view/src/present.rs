//! What a presenter's page says: its keys, its clock, the code of its link.

use crate::keys::Stroke;
use crate::qr::{self, QrPicture};

/// What a key does while something is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Reveals the question, or goes to the next step.
    Next,
    /// Goes to the step before.
    Previous,
    /// Reveals the question.
    Reveal,
    /// Notes the room's answer, from 0.
    Vote(usize),
    /// Shows the code large, or small again.
    Code,
    /// Pauses the timer, or lets it go on.
    Timer,
    /// Leaves.
    Leave,
}

impl Key {
    /// Whether a single character stands for it, so that it is off where single characters are switched off (WCAG 2.1.4).
    pub fn is_single_character(self, stroke: Stroke<'_>) -> bool {
        !matches!(self, Self::Next | Self::Previous) && stroke.key.chars().nth(1).is_none()
    }
}

/// What a key stroke means while something is presented. Clickers send Page Up and Page Down.
pub fn key(stroke: Stroke<'_>) -> Option<Key> {
    if stroke.control || stroke.meta || stroke.alt {
        return None;
    }
    Some(match (stroke.key, stroke.shift) {
        ("ArrowRight" | "PageDown", false) | (" ", false) => Key::Next,
        ("ArrowLeft" | "PageUp", false) | (" ", true) => Key::Previous,
        ("Enter", false) => Key::Reveal,
        ("Escape", _) => Key::Leave,
        (key, _) => return character(&key.to_ascii_lowercase()).or_else(|| place(stroke.code)),
    })
}

fn character(key: &str) -> Option<Key> {
    Some(match key {
        "r" => Key::Reveal,
        "q" => Key::Code,
        "t" => Key::Timer,
        "p" => Key::Leave,
        digit => Key::Vote(digit.parse::<usize>().ok().filter(|digit| (1..=9).contains(digit))? - 1),
    })
}

/// The same by the place on a US keyboard, where the character means nothing here. Digits need Shift on some keyboards.
fn place(code: &str) -> Option<Key> {
    match code {
        "KeyR" => character("r"),
        "KeyQ" => character("q"),
        "KeyT" => character("t"),
        "KeyP" => character("p"),
        _ => character(code.strip_prefix("Digit").or_else(|| code.strip_prefix("Numpad"))?),
    }
}

/// Seconds as a clock shows them: `0:07`, `12:05`, `1:00:00`; below nothing with a minus.
pub fn clock(seconds: i64) -> String {
    let sign = if seconds < 0 { "−" } else { "" };
    let all = seconds.unsigned_abs();
    let (hours, minutes, seconds) = (all / 3600, all / 60 % 60, all % 60);
    match hours {
        0 => format!("{sign}{minutes}:{seconds:02}"),
        _ => format!("{sign}{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// The letter by which a room names a choice: `A`, `B`, …
pub fn letter(choice: usize) -> char {
    char::from(b'A' + (choice % 26) as u8)
}

/// The code of the address that the audience is to open, or why there is none.
pub fn code(address: Option<&str>) -> Result<QrPicture, String> {
    let Some(address) = address else {
        return Err("No link can hold what is shown, so there is no code. Hand on the file.".to_owned());
    };
    qr::picture(address).ok_or_else(|| {
        format!(
            "The link has {} characters. Phones read codes of at most {}, so there is no code. Hand on the link from Share.",
            crate::format::count(address.chars().count() as u64),
            crate::format::count(qr::LONGEST as u64)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(key: &str) -> Option<Key> {
        super::key(Stroke { key, ..Stroke::default() })
    }

    #[test]
    fn arrows_clickers_and_letters_have_their_meanings() {
        for (keys, expected) in [
            (&["ArrowRight", "PageDown", " "][..], Key::Next),
            (&["ArrowLeft", "PageUp"], Key::Previous),
            (&["Enter", "r", "R"], Key::Reveal),
            (&["q"], Key::Code),
            (&["t"], Key::Timer),
            (&["Escape", "p"], Key::Leave),
            (&["1"], Key::Vote(0)),
            (&["9"], Key::Vote(8)),
        ] {
            for key in keys {
                assert_eq!(typed(key), Some(expected), "{key}");
            }
        }
        for key in ["0", "10", "ArrowUp", "ArrowDown", "Tab", "F5", "x", "-1"] {
            assert_eq!(typed(key), None, "{key}");
        }
    }

    #[test]
    fn a_place_counts_where_its_character_means_nothing() {
        let at = |key, code| super::key(Stroke { key, code, ..Stroke::default() });
        // Cyrillic, and the digits of AZERTY without Shift.
        assert_eq!(at("к", "KeyR"), Some(Key::Reveal));
        assert_eq!(at("é", "Digit2"), Some(Key::Vote(1)));
        assert_eq!(at("3", "Numpad3"), Some(Key::Vote(2)));
        let shift = Stroke { key: " ", shift: true, ..Stroke::default() };
        assert_eq!(super::key(shift), Some(Key::Previous));
        let control = Stroke { key: "r", control: true, ..Stroke::default() };
        assert_eq!(super::key(control), None, "the browser's own");
    }

    #[test]
    fn only_characters_can_be_switched_off() {
        let is_off = |key: &str| {
            let stroke = Stroke { key, ..Stroke::default() };
            super::key(stroke).is_some_and(|found| found.is_single_character(stroke))
        };
        assert!(["r", "q", "t", "p", "4"].into_iter().all(is_off));
        assert!(!["Enter", "Escape", "ArrowLeft", " ", "PageDown"].into_iter().any(is_off));
    }

    #[test]
    fn a_clock_counts_in_minutes_and_goes_below_nothing() {
        for (seconds, expected) in
            [(0, "0:00"), (7, "0:07"), (725, "12:05"), (3600, "1:00:00"), (-61, "−1:01"), (3599, "59:59")]
        {
            assert_eq!(clock(seconds), expected);
        }
    }

    #[test]
    fn a_link_that_is_too_long_for_a_code_says_so() {
        assert!(code(Some("https://lanes.example/?lesson=two-lanes")).is_ok());
        let why = code(Some(&"x".repeat(1_001))).expect_err("too long");
        assert!(why.contains("1,001 characters") && why.contains("at most 1,000"), "{why}");
        assert!(code(None).is_err());
        assert_eq!((letter(0), letter(3)), ('A', 'D'));
    }
}
