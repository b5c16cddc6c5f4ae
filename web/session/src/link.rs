//! The page as a link, and a link as the page.

use evm_lanes_core::model::CostModel;
use evm_lanes_core::scenario::{Settings, builtin, link as codec};
use evm_lanes_core::trace::Clock;
use evm_lanes_core::units::{Incarnation, LocationId, TxIndex};
use evm_lanes_view::format::{capitalised, counted};
use evm_lanes_view::model::RunModel;
use evm_lanes_view::share;

use super::{Document, Effect, Selection, Session, Source, late, present};

/// Longer documents are not tried as links: they would have to shrink to a thirtieth.
const MOST_TEXT: usize = 1 << 20;

/// What is selected, by meaning: ids of a run do not outlive it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedSelection(pub codec::Selection);

impl NamedSelection {
    /// The meaning of `selection` in `model`.
    pub fn of(model: &RunModel, selection: Selection) -> Self {
        Self(codec::Selection {
            tx: selection.tx.map(|tx| tx.0),
            incarnation: selection.incarnation.map(|incarnation| incarnation.0),
            location: selection.location.map(|l| model.location(l)),
        })
    }

    /// What it means in `model`; `None` if nothing is selected or nothing of it exists there.
    pub fn resolve(&self, model: &RunModel) -> Option<Selection> {
        let tx = self.0.tx.filter(|tx| *tx < model.transactions()).map(TxIndex);
        let incarnation = self.0.incarnation.map(Incarnation).filter(|incarnation| {
            tx.is_some_and(|tx| model.attempts(tx).any(|a| a.version.incarnation == *incarnation))
        });
        let location = self.0.location.as_ref().and_then(|name| {
            model.report.location_names.iter().position(|n| n.name == *name).map(|i| LocationId(i as u32))
        });
        (tx.is_some() || location.is_some()).then_some(Selection { tx, incarnation, location })
    }
}

/// A link to what is on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// Query and fragment, to stand behind the page's address.
    Fits(String),
    /// Longer than browsers take.
    TooLong,
    /// A real block: it travels as its file.
    File(String),
}

impl Session {
    /// The link to what is on the page now.
    pub fn link(&self) -> Link {
        let late = late::get();
        if let Some(link) = late.and_then(|late| (late.lesson_link)(self)) {
            return link;
        }
        let document = &self.document;
        let text = match &document.source {
            // A small block fits into a link, too.
            Source::Case { name, text } if text.len() > MOST_TEXT => return Link::File(name.to_string()),
            Source::Case { text, .. } => text,
            Source::Scenario(written) => written.text(),
        };
        let builtin = document.builtin.and_then(builtin::find).filter(|b| b.text == text);
        if builtin.is_none() && text.len() > MOST_TEXT {
            return Link::TooLong;
        }
        let settings = Settings::from(document.run_settings().unwrap_or_default());
        let strategy = self.settings.strategy;
        let clock = self.settings.clock;
        let lanes = match clock {
            Clock::Measured => self.settings.asked_lanes.unwrap_or(self.settings.threads),
            Clock::Simulated => self.settings.simulated_lanes,
        };
        let model = self.settings.cost_model;
        let simulated = clock == Clock::Simulated;
        let selection = self.chosen_selection();
        let mut run = Settings {
            strategy: (settings.strategy != Some(strategy)).then_some(strategy),
            lanes: (settings.lanes != Some(lanes)).then_some(lanes),
            clock: None,
            cost: (simulated && model.cost != settings.cost.unwrap_or_default()).then_some(model.cost),
            seed: (simulated && model.seed != settings.seed.unwrap_or_default()).then_some(model.seed),
        };
        let mut link = codec::PageLink {
            scenario: match builtin {
                Some(b) => codec::Source::Builtin(b.name.to_owned()),
                None => codec::Source::Document(text.to_string()),
            },
            run: run.into(),
            selection: selection.map(|s| s.0),
        };
        // Only the bare address means simulated lanes by itself; see `open_address`.
        let bare = link == codec::PageLink::default() && simulated;
        if settings.clock != Some(clock) && !bare {
            run.clock = Some(clock);
            link.run = run.into();
        }
        let link = match (late, builtin) {
            (_, Some(_)) => link.encode_query(),
            (Some(late), None) => (late.encode)(&link),
            // There is no such document before: see `Event::needs_late`.
            (None, None) => return Link::TooLong,
        };
        let length = self.environment.base.len() + link.len();
        match (&document.source, share::keeps(length)) {
            (_, Some(_)) => Link::Fits(link),
            (Source::Case { name, .. }, None) => Link::File(name.to_string()),
            (Source::Scenario(_), None) => Link::TooLong,
        }
    }

    /// The address becomes the link to what is on the page, as a new step of the browser's history or in place.
    pub(super) fn write_link(&mut self, push: bool) {
        let link = self.link();
        self.is_in_link = matches!(link, Link::Fits(_));
        let link = match link {
            Link::Fits(link) => link,
            // The address must not promise what it cannot keep.
            Link::TooLong | Link::File(_) => String::new(),
        };
        // Steps of a frame would be steps of the page around it.
        let (link, push) = match &self.embed {
            Some(embed) => (embed.address(&link, self.settings.strategy), false),
            None if self.present.is_some() => (present::address(&link), push),
            None => (link, push),
        };
        self.effects.push(Effect::WriteLink { link, push });
    }

    /// What of the page its address does not hold, and loading it again would forget; `None`: nothing.
    pub fn not_in_link(&self) -> Option<String> {
        let kept = self.pins.iter().filter(|pin| !pin.is_automatic()).count();
        let parts: Vec<String> = [
            (!self.is_in_link).then(|| match &self.document.source {
                Source::Case { name, .. } => format!("the block in {name}"),
                Source::Scenario(_) => "the scenario, which is too long for a link".to_owned(),
            }),
            self.given.as_ref().map(|given| format!("the access list in {}", given.name)),
            (kept > 0).then(|| counted(kept as u64, "kept run")),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!parts.is_empty()).then(|| parts.join(" and "))
    }

    /// While something is being changed the address follows, a little later.
    pub(super) fn write_link_soon(&mut self) {
        if !self.effects.iter().any(|effect| matches!(effect, Effect::WriteLinkSoon)) {
            self.effects.push(Effect::WriteLinkSoon);
        }
    }

    /// Takes what an address says. A damaged address is told of and changes nothing, except for the
    /// first time, when the default scenario is shown.
    pub(super) fn open_address(&mut self, query: &str, fragment: &str, first: bool) {
        self.follow_present(query);
        let lesson = match late::get() {
            Some(late) => (late.open_lesson_address)(self, query, fragment),
            None if late::is_needed(query, fragment) => Err(late::MISSING.to_owned()),
            None => {
                self.lesson = None;
                Ok(false)
            }
        };
        match lesson {
            Ok(true) => {}
            Ok(false) => self.open_scenario_address(query, fragment, first),
            Err(why) if first => {
                self.open_scenario_address("", "", true);
                self.complain(format!("{why} The page shows its first scenario instead."));
            }
            Err(why) => self.complain(format!("{why} Nothing was changed.")),
        }
    }

    fn open_scenario_address(&mut self, query: &str, fragment: &str, first: bool) {
        let said = match late::get() {
            Some(late) => (late.decode)(query, fragment),
            None => codec::PageLink::decode_query(query),
        };
        self.notice = None;
        let bare = matches!(said, Ok(None) | Err(_));
        let link = match said {
            Ok(link) => link.unwrap_or_default(),
            Err(error) => {
                let after = if first {
                    " The page shows its first scenario instead."
                } else {
                    " Nothing was changed."
                };
                self.complain(format!("{}.{after}", capitalised(&error.to_string())));
                if !first {
                    return;
                }
                codec::PageLink::default()
            }
        };
        let by_name = matches!(link.scenario, codec::Source::Builtin(_))
            && Settings::from(link.run) == Settings::default();
        let document = match link.scenario {
            codec::Source::Builtin(name) => match builtin::find(&name) {
                Some(b) => Document { source: Source::scenario(b.text), builtin: Some(b.name) },
                None => return,
            },
            codec::Source::Document(text) => match late::get() {
                Some(late) => (late.document_of_link)(text),
                None => Document::scenario(text),
            },
        };
        let settings = Settings::from(document.run_settings().unwrap_or_default());
        self.take_settings(settings);
        let run = Settings::from(link.run);
        // What a link leaves out is the scenario's own or the usual, whatever the page was set to before.
        self.settings.cost_model = CostModel {
            cost: run.cost.or(settings.cost).unwrap_or_default(),
            seed: run.seed.or(settings.seed).unwrap_or_default(),
        };
        self.settings.clock_is_open = false;
        match run.clock.or(settings.clock) {
            Some(clock) => self.settings.clock = clock,
            // A frame must show the same wherever it is. A built-in scenario by its name alone is its recorded run.
            None if bare || by_name || self.embed.is_some() => self.settings.clock = Clock::Simulated,
            None => self.leave_clock_open(),
        }
        if let Some(strategy) = run.strategy {
            self.settings.strategy = strategy;
        }
        if let Some(lanes) = run.lanes {
            self.ask_for_lanes(lanes);
        }
        self.wanted_selection = Some(NamedSelection(link.selection.unwrap_or_default()));
        self.forget_list_of_another(&document.source);
        self.document = document;
        self.remember();
        if !first {
            // The address may say the same in other words than the page would.
            self.write_link_soon();
        }
    }
}

#[cfg(test)]
mod tests {
    use evm_lanes_view::sample;

    use super::*;

    #[test]
    fn a_selection_by_meaning_survives_into_another_run() {
        let model = sample::pool();
        let selection = Selection {
            tx: Some(TxIndex(2)),
            incarnation: Some(Incarnation(1)),
            location: Some(LocationId(0)),
        };
        assert_eq!(NamedSelection::of(&model, selection).resolve(&model), Some(selection));
    }

    #[test]
    fn an_attempt_that_does_not_exist_selects_its_transaction() {
        let model = sample::pool();
        let whole = Selection { tx: Some(TxIndex(1)), ..Selection::default() };
        let named = NamedSelection::of(&model, Selection { incarnation: Some(Incarnation(5)), ..whole });
        assert_eq!(named.resolve(&model), Some(whole));
    }

    #[test]
    fn what_does_not_exist_selects_nothing() {
        let model = sample::pool();
        let named = NamedSelection::of(&model, Selection { tx: Some(TxIndex(99)), ..Selection::default() });
        assert_eq!(named.resolve(&model), None);
    }
}
