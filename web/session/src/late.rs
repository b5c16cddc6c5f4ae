//! What the session does that the page may load after its first picture: lessons, messages of a frame, reading documents,
//! links that hold one.
//!
//! [`get`] is the only way to it. In a build whose late parts are a module of their own (`--cfg split`,
//! `web/src/state/late.rs`) there is nothing until [`install`] was called; everywhere else it is always there. The edge sees
//! to it that it is there before an address or an event that needs it ([`is_needed`], [`Event::needs_late`]); where it does
//! not come, the session says so or leaves the matter to the engine.

#[cfg(split)]
use std::sync::OnceLock;

use evm_lanes_core::problem::Problem;
use evm_lanes_core::scenario::link::{LinkError, PageLink, has_document, query_pairs};
use evm_lanes_core::scenario::{self, Scenario};

use super::embed::Refusal;
use super::run::is_repeatable;
use super::{Command, Document, Event, LessonEvent, Link, PresentEvent, Session};

/// A function for each thing.
pub struct Late {
    pub(crate) lesson: fn(&mut Session, LessonEvent),
    pub(crate) present: fn(&mut Session, PresentEvent),
    pub(crate) open_lesson_address: fn(&mut Session, &str, &str) -> Result<bool, String>,
    pub(crate) lesson_link: fn(&Session) -> Option<Link>,
    pub(crate) judge: fn(&mut Session) -> Option<String>,
    pub(crate) message: fn(&mut Session, &str),
    pub(crate) follow_host: fn(&mut Session, bool),
    pub(crate) follow_numbers: fn(&mut Session, bool),
    pub(crate) scenario: fn(&scenario::Document) -> Result<&Scenario, &[Problem]>,
    pub(crate) repeat_block: fn(&mut Session),
    pub(crate) can_be_repeated: fn(&Document) -> bool,
    pub(crate) refuse_message: fn(&mut Session, Refusal),
    pub(crate) encode: fn(&PageLink) -> String,
    pub(crate) decode: fn(&str, &str) -> Result<Option<PageLink>, LinkError>,
    pub(crate) document_of_link: fn(String) -> Document,
}

/// All of it.
pub static LATE: Late = Late {
    lesson: Session::on_lesson,
    present: Session::on_present,
    open_lesson_address: Session::open_lesson_address,
    lesson_link: Session::lesson_link,
    judge: Session::judge,
    message: Session::on_message,
    follow_host: Session::follow_host,
    follow_numbers: Session::follow_numbers,
    scenario: scenario::Document::scenario,
    repeat_block: Session::repeat_block,
    can_be_repeated: is_repeatable,
    refuse_message: Session::post_refusal,
    encode: PageLink::encode,
    decode: PageLink::decode,
    document_of_link: Document::of_link,
};

#[cfg(split)]
static INSTALLED: OnceLock<&'static Late> = OnceLock::new();

/// It is there from now on.
#[cfg(split)]
pub fn install(late: &'static Late) {
    // Whoever comes second brings the same.
    let _ = INSTALLED.set(late);
}

/// It, if it is there.
#[cfg(split)]
pub(crate) fn get() -> Option<&'static Late> {
    INSTALLED.get().copied()
}

/// It, which is always there.
#[cfg(not(split))]
pub(crate) fn get() -> Option<&'static Late> {
    Some(&LATE)
}

/// Said of an address that needs what did not come.
pub(crate) const MISSING: &str =
    "This link was not opened: a part of the page could not be loaded. Load the page again.";

/// Whether the page needs it for that address.
pub fn is_needed(query: &str, fragment: &str) -> bool {
    has_document(query, fragment) || query_pairs(query).iter().any(|(name, _)| name == "lesson")
}

impl Event {
    /// Whether the session needs it for this event.
    pub fn needs_late(&self) -> bool {
        match self {
            Self::Lesson(event) => !matches!(event, LessonEvent::Restore(_)),
            Self::AddressChanged { query, fragment } => is_needed(query, fragment),
            Self::Message(_)
            | Self::Command(Command::Present)
            | Self::Present(_)
            | Self::MessageRefused(_)
            | Self::LessonRuns { .. }
            | Self::RepeatBlock
            | Self::ReportDifference
            | Self::Edit(_)
            | Self::Open(_) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lessons_and_documents_are_waited_for() {
        let document =
            PageLink { scenario: scenario::link::Source::Document("{}".to_owned()), ..PageLink::default() };
        let link = document.encode();
        assert!(is_needed("", link.trim_start_matches('#')), "{link}");
        assert!(is_needed("?lesson=one-lane&step=2", ""));
        assert!(!is_needed("", "") && !is_needed("?s=payments&lanes=8&clock=simulated&tx=3", ""));
        assert!(Event::Lesson(LessonEvent::Open("one-lane".into())).needs_late());
        assert!(!Event::Lesson(LessonEvent::Restore(String::new())).needs_late());
        assert!(Event::Command(Command::Present).needs_late());
        assert!(!Event::Run.needs_late() && !Event::Command(Command::Run).needs_late());
    }

    #[test]
    fn an_address_without_a_document_is_read_without_it() {
        for query in ["", "?s=payments&strategy=sequential&tx=7.2", "?s=paymets", "?lanes=many", "?utm=x"] {
            assert_eq!(PageLink::decode_query(query), PageLink::decode(query, ""), "{query}");
        }
    }
}
