//! What a key means, on any keyboard.
//!
//! A key does what the character says that it types; where that character means nothing here, it does what its place on
//! a US keyboard says. So the letters of the help work on every Latin keyboard (also on AZERTY and Dvorak), and the
//! places of W, A, S and D work where they type other letters (Cyrillic, Greek, the Z of AZERTY). Caps Lock and Shift
//! change no letter. Brackets may need AltGr, which Windows reports as Ctrl and Alt, and macOS as Alt.

/// A key stroke.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stroke<'a> {
    /// The character or the name, as in `KeyboardEvent.key`.
    pub key: &'a str,
    /// The place on the keyboard, as in `KeyboardEvent.code`.
    pub code: &'a str,
    /// Whether Control is held.
    pub control: bool,
    /// Whether Command or the Windows key is held.
    pub meta: bool,
    /// Whether Alt or Option is held.
    pub alt: bool,
    /// Whether Shift is held.
    pub shift: bool,
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Runs the scenario.
    Run,
    /// Takes a change of the scenario back.
    Undo,
    /// Makes it again.
    Redo,
    /// Opens the help.
    Help,
    /// Goes to the field that finds transactions.
    Find,
    /// Zooms the lanes in.
    ZoomIn,
    /// Zooms them out.
    ZoomOut,
    /// Moves the view to earlier times.
    PanLeft,
    /// Moves it to later times.
    PanRight,
    /// Fits the selection into the view.
    Fit,
    /// Shows or hides the longest chain.
    LongestChain,
    /// Selects the next transaction of the block.
    NextTransaction,
    /// Selects the previous one.
    PreviousTransaction,
    /// Selects the next attempt of the lane.
    NextAttempt,
    /// Selects the previous one.
    PreviousAttempt,
    /// Selects the transaction that was read from.
    Cause,
    /// Selects the transaction that read from it.
    Effect,
    /// Presents what is on the page.
    Present,
}

impl Command {
    /// Whether a single character stands for it, so that it is off where single characters are switched off (WCAG 2.1.4).
    pub fn is_single_character(self) -> bool {
        !matches!(self, Self::Run | Self::Undo | Self::Redo)
    }
}

/// What a key stroke means anywhere on the page, outside of fields.
pub fn command(stroke: Stroke<'_>) -> Option<Command> {
    if stroke.alt && !stroke.meta {
        // A bracket that is typed with AltGr or Option. Anything else with Alt belongs to the browser.
        return match stroke.key {
            "[" => Some(Command::Cause),
            "]" => Some(Command::Effect),
            _ => None,
        };
    }
    if stroke.control || stroke.meta {
        if stroke.alt {
            return None;
        }
        return with_control(stroke.key, stroke.shift).or_else(|| with_control(place(stroke), stroke.shift));
    }
    // No key of ours is beyond ASCII, and the table of all other letters is large.
    character(&stroke.key.to_ascii_lowercase()).or_else(|| character(place(stroke)))
}

/// What a key stroke means while the lanes have the focus, beside [`command`]: arrows in the place of letters.
pub fn in_lanes(stroke: Stroke<'_>) -> Option<Command> {
    if stroke.control || stroke.meta || stroke.alt {
        return None;
    }
    Some(match (stroke.key, stroke.shift) {
        ("ArrowLeft", false) => Command::PanLeft,
        ("ArrowRight", false) => Command::PanRight,
        ("ArrowLeft", true) => Command::PreviousAttempt,
        ("ArrowRight", true) => Command::NextAttempt,
        ("ArrowUp", _) => Command::PreviousTransaction,
        ("ArrowDown", _) => Command::NextTransaction,
        _ => return None,
    })
}

fn with_control(key: &str, shift: bool) -> Option<Command> {
    Some(match key.to_ascii_lowercase().as_str() {
        "enter" => Command::Run,
        "z" if shift => Command::Redo,
        "z" => Command::Undo,
        "y" => Command::Redo,
        _ => return None,
    })
}

fn character(key: &str) -> Option<Command> {
    Some(match key {
        "?" => Command::Help,
        "/" => Command::Find,
        "w" | "+" | "=" => Command::ZoomIn,
        "s" | "-" | "_" | "−" => Command::ZoomOut,
        "a" => Command::PanLeft,
        "d" => Command::PanRight,
        "f" => Command::Fit,
        "c" => Command::LongestChain,
        "j" => Command::NextTransaction,
        "k" => Command::PreviousTransaction,
        "." => Command::NextAttempt,
        "," => Command::PreviousAttempt,
        "[" => Command::Cause,
        "]" => Command::Effect,
        "p" => Command::Present,
        _ => return None,
    })
}

/// What a US keyboard types at this place; nothing for places whose character differs too much between keyboards.
fn place(stroke: Stroke<'_>) -> &'static str {
    match stroke.code {
        "KeyW" => "w",
        "KeyS" => "s",
        "KeyA" => "a",
        "KeyD" => "d",
        "KeyF" => "f",
        "KeyC" => "c",
        "KeyJ" => "j",
        "KeyK" => "k",
        "KeyP" => "p",
        "KeyZ" => "z",
        "KeyY" => "y",
        "BracketLeft" if !stroke.shift => "[",
        "BracketRight" if !stroke.shift => "]",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stroke: Stroke<'_>, expected: Option<Command>) {
        assert_eq!(command(stroke), expected, "{stroke:?}");
    }

    fn typed<'a>(key: &'a str, code: &'a str) -> Stroke<'a> {
        Stroke { key, code, ..Stroke::default() }
    }

    #[test]
    fn a_place_counts_where_its_letter_means_nothing() {
        for letter in ["w", "W", "ц", "Ц", "ω", "ς", "z"] {
            check(typed(letter, "KeyW"), Some(Command::ZoomIn));
        }
        for (letter, code, expected) in [
            ("ф", "KeyA", Command::PanLeft),
            ("в", "KeyD", Command::PanRight),
            ("ы", "KeyS", Command::ZoomOut),
            ("о", "KeyJ", Command::NextTransaction),
            ("л", "KeyK", Command::PreviousTransaction),
            ("q", "KeyA", Command::PanLeft),
            ("ü", "BracketLeft", Command::Cause),
            ("Dead", "BracketLeft", Command::Cause),
            ("ъ", "BracketRight", Command::Effect),
        ] {
            check(typed(letter, code), Some(expected));
        }
    }

    #[test]
    fn a_letter_that_means_something_counts_wherever_it_is() {
        // AZERTY and Dvorak.
        check(typed("w", "KeyZ"), Some(Command::ZoomIn));
        check(typed("a", "KeyQ"), Some(Command::PanLeft));
        check(typed("j", "KeyC"), Some(Command::NextTransaction));
        check(typed(",", "KeyW"), Some(Command::PreviousAttempt));
    }

    #[test]
    fn caps_lock_changes_no_letter() {
        for (upper, lower) in [("J", "j"), ("K", "k"), ("W", "w"), ("C", "c"), ("F", "f"), ("A", "a")] {
            assert!(command(typed(upper, "")).is_some());
            assert_eq!(command(typed(upper, "")), command(typed(lower, "")));
        }
        let undo = Stroke { control: true, ..typed("Z", "KeyZ") };
        check(undo, Some(Command::Undo));
        check(Stroke { shift: true, ..undo }, Some(Command::Redo));
        check(Stroke { control: true, ..typed("Y", "KeyY") }, Some(Command::Redo));
    }

    #[test]
    fn brackets_may_need_alt_gr() {
        let german = typed("[", "Digit8");
        check(Stroke { control: true, alt: true, ..german }, Some(Command::Cause)); // Windows
        check(german, Some(Command::Cause)); // Linux
        check(Stroke { alt: true, ..typed("[", "Digit5") }, Some(Command::Cause)); // macOS
        check(Stroke { control: true, alt: true, ..typed("]", "Digit9") }, Some(Command::Effect));
        check(Stroke { alt: true, ..typed("]", "Digit6") }, Some(Command::Effect));
    }

    #[test]
    fn shortcuts_of_the_browser_stay_its_own() {
        for stroke in [
            Stroke { control: true, ..typed("w", "KeyW") },
            Stroke { meta: true, ..typed("c", "KeyC") },
            Stroke { control: true, ..typed("f", "KeyF") },
            Stroke { alt: true, ..typed("d", "KeyD") },
            Stroke { control: true, ..typed("[", "BracketLeft") },
            Stroke { meta: true, ..typed("[", "BracketLeft") },
            Stroke { control: true, alt: true, ..typed("Enter", "Enter") },
            typed("ArrowLeft", "ArrowLeft"),
            typed("Tab", "Tab"),
        ] {
            check(stroke, None);
        }
    }

    #[test]
    fn undo_works_on_keyboards_without_latin_letters() {
        check(Stroke { control: true, ..typed("я", "KeyZ") }, Some(Command::Undo));
        check(Stroke { control: true, ..typed("z", "KeyW") }, Some(Command::Undo)); // AZERTY
        check(Stroke { meta: true, ..typed("Enter", "Enter") }, Some(Command::Run));
    }

    #[test]
    fn arrows_plus_and_minus_stand_in_for_letters() {
        for (key, shift, expected) in [
            ("ArrowLeft", false, Command::PanLeft),
            ("ArrowRight", false, Command::PanRight),
            ("ArrowDown", false, Command::NextTransaction),
            ("ArrowUp", false, Command::PreviousTransaction),
            ("ArrowRight", true, Command::NextAttempt),
            ("ArrowLeft", true, Command::PreviousAttempt),
        ] {
            assert_eq!(in_lanes(Stroke { shift, ..typed(key, key) }), Some(expected));
        }
        assert_eq!(
            in_lanes(Stroke { alt: true, ..typed("ArrowLeft", "ArrowLeft") }),
            None,
            "back in history"
        );
        check(typed("+", "NumpadAdd"), Some(Command::ZoomIn));
        check(Stroke { shift: true, ..typed("+", "Equal") }, Some(Command::ZoomIn));
        check(typed("-", "Slash"), Some(Command::ZoomOut)); // German
    }
}
