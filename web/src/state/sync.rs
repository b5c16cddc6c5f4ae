//! Leptos effects that keep the outside in step with the signals: root attributes, theme. They read signals and write
//! nothing back. What follows from events (address bar, storage) is done by [`Page`] itself.

use evm_lanes_core::scenario::StrategyChoice;
use evm_lanes_session::embed::Colours;
use leptos::ev;
use leptos::prelude::*;

use super::{Activity, EngineState, Page, dom, theme};

/// Starts all of them.
pub fn start(page: Page) {
    root_attributes(page);
    colours(page);
    framed(page);
    let back = window_event_listener(ev::popstate, move |_| page.address_changed());
    on_cleanup(move || back.remove());
}

/// A frame's look is on the root element, for its style sheet; its colours are those that its address or its host asks for.
fn framed(page: Page) {
    Effect::new(move |_| {
        let (Some(embed), Some(root)) = (page.embed.get(), dom::root()) else { return };
        let height = if embed.height.is_some() { "fixed" } else { "auto" };
        for (name, value) in
            [("data-view", embed.view.name()), ("data-edit", embed.edit.name()), ("data-height", height)]
        {
            let _ = root.set_attribute(name, value);
        }
        page.browser.theme.set(match embed.theme {
            Colours::Auto => theme::Theme::System,
            Colours::Light => theme::Theme::Light,
            Colours::Dark => theme::Theme::Dark,
        });
    });
}

fn colours(page: Page) {
    Effect::new(move |_| {
        let chosen = page.browser.theme.get();
        theme::apply(chosen);
        dom::store("theme", Some(chosen.name()));
    });
    theme::on_system_change(move || page.browser.theme.notify());
    Effect::new(move |_| {
        dom::store("letter-keys", Some(if page.browser.letter_keys.get() { "on" } else { "off" }))
    });
}

/// What tests, teachers' scripts and assistive tools read (the names are stable).
fn root_attributes(page: Page) {
    Effect::new(move |_| {
        let Some(root) = dom::root() else { return };
        let set = |name: &str, value: Option<String>| {
            let _ = match value {
                Some(value) => root.set_attribute(name, &value),
                None => root.remove_attribute(name),
            };
        };
        let engine = page.work.info.get().map(|i| if i.threads { "threads" } else { "single" }.to_owned());
        set("data-engine", engine);
        let phase = page.work.activity.with(|activity| {
            match (activity, page.work.engine.get(), page.shown.model.with(Option::is_some)) {
                (Activity::Running { .. }, ..) => "running",
                (Activity::Failed(_), ..) | (_, EngineState::Failed { .. }, _) => "failed",
                (_, EngineState::Starting | EngineState::Restarting { .. }, _) => "starting",
                (Activity::Idle, _, true) => "done",
                _ => "idle",
            }
        });
        set("data-phase", Some(phase.to_owned()));
        // Said before the page is loaded again for a new version (www/offline.js).
        set("data-not-in-link", page.written.not_in_link.get());
        let picture = page.shown.picture.with(|picture| picture.name());
        page.lesson.open.with(|lesson| {
            let lesson = lesson.as_ref();
            set("data-lesson", lesson.map(|state| state.lesson.id.clone()));
            set("data-step", lesson.map(|state| (state.step + 1).to_string()));
            let present = page.present.with(Option::is_some);
            let is_covered = lesson.is_some_and(|state| state.is_covered);
            // Whether a question waits to be revealed to the room.
            set("data-present", present.then(|| if is_covered { "frozen" } else { "shown" }.to_owned()));
            set("data-goal", lesson.and_then(|state| state.goal()).map(str::to_owned));
        });
        page.shown.model.with(|model| {
            let model = model.as_deref();
            // Whether the run is a recorded one, and whether this machine has confirmed it.
            set("data-picture", model.map(|_| picture.to_owned()));
            set("data-clock", model.map(|m| m.report.clock.name().to_owned()));
            let by = model.filter(|m| m.is_simulated()).map(|m| m.report.model);
            set("data-cost", by.map(|m| m.cost.name().to_owned()));
            set("data-seed", by.map(|m| m.seed.to_string()));
            set("data-strategy", model.map(|m| m.report.strategy.name().to_owned()));
            // That the engine chose it.
            set(
                "data-chosen",
                model.and_then(|m| m.report.chosen).map(|_| StrategyChoice::Automatic.name().to_owned()),
            );
            // keccak-256 of the list from a file that it ran from.
            set("data-given-list", model.and_then(|m| m.report.given_list.clone()));
            set("data-lanes", model.map(|m| m.report.lanes.to_string()));
            set("data-equal", model.map(|m| m.report.verdict.difference.is_none().to_string()));
            set("data-transactions", model.map(|m| m.transactions().to_string()));
            set("data-incarnations", model.map(|m| m.trace.attempts.len().to_string()));
            // Medians, in nanoseconds; of simulated lanes in ticks.
            set("data-sequential-time", model.map(|m| m.report.timing.sequential_median.0.to_string()));
            set("data-parallel-time", model.map(|m| m.report.timing.parallel_median.0.to_string()));
            set("data-trace-hash", model.map(|m| m.report.trace_hash.clone()));
            set("data-scenario", model.map(|m| m.report.title.clone()));
        });
    });
}
