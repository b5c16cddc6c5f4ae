//! Effects that keep the outside in step with the signals: address bar, storage, root attributes,
//! theme. They read signals and write nothing back.

use std::time::Duration;

use evm_lanes_core::scenario::StrategyChoice;
use leptos::ev;
use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::link::{self, Link};
use super::{Activity, Page, Source, dom, theme};
use crate::engine::EngineState;

/// Starts all of them.
pub fn start(page: Page) {
    root_attributes(page);
    colours(page);
    address(page);
    drafts(page);
    let back = window_event_listener(ev::popstate, move |_| {
        page.open_address(false);
        page.run_without_history();
    });
    on_cleanup(move || back.remove());
}

/// The address as a new step of the browser's history.
pub fn push_address(page: Page) {
    write_address(page, true);
}

fn write_address(page: Page, push: bool) {
    let Some(window) = dom::window() else { return };
    let (Ok(history), Ok(href)) = (window.history(), window.location().href()) else { return };
    let address = match link::current(page) {
        Link::Fits(link) => format!("{}{link}", link::base()),
        // The address must not promise what it cannot keep.
        Link::TooLong | Link::File(_) => link::base(),
    };
    if address == href {
        return;
    }
    // A browser that refuses (too often, too long) leaves the address as it was; sharing still works.
    let _ = if push {
        history.push_state_with_url(&JsValue::NULL, "", Some(&address))
    } else {
        history.replace_state_with_url(&JsValue::NULL, "", Some(&address))
    };
}

/// While something is being changed the address follows, a little later: browsers refuse a page
/// that writes its address too often.
fn address(page: Page) {
    let waiting: StoredValue<Option<TimeoutHandle>> = StoredValue::new(None);
    Effect::new(move |before: Option<()>| {
        page.document.track();
        page.strategy.track();
        page.clock.track();
        page.cost_model.track();
        page.threads.track();
        page.simulated_lanes.track();
        page.selection.track();
        if let Some(handle) = waiting.get_value() {
            handle.clear();
        }
        if before.is_some() {
            waiting.set_value(
                set_timeout_with_handle(move || write_address(page, false), Duration::from_millis(350)).ok(),
            );
        }
    });
}

/// An unsaved scenario is kept until it is opened again or forgotten.
fn drafts(page: Page) {
    Effect::new(move |before: Option<()>| {
        page.document.with(|document| {
            if before.is_none() {
                return;
            }
            let own = match (&document.source, document.builtin) {
                (Source::Scenario(document), None) => Some(document.text()),
                _ => None,
            };
            if let Some(text) = own
                && text.len() < 2_000_000
            {
                dom::store("draft", Some(text));
            }
        });
    });
}

fn colours(page: Page) {
    Effect::new(move |_| {
        let chosen = page.theme.get();
        theme::apply(chosen);
        dom::store("theme", Some(chosen.name()));
    });
    theme::on_system_change(move || page.theme.notify());
    Effect::new(move |_| dom::store("letter-keys", Some(if page.letter_keys.get() { "on" } else { "off" })));
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
        let engine = page.info.get().map(|i| if i.threads { "threads" } else { "single" }.to_owned());
        set("data-engine", engine);
        let phase = page.activity.with(|activity| {
            match (activity, page.engine.get(), page.model.with(Option::is_some)) {
                (Activity::Running { .. }, ..) => "running",
                (Activity::Failed(_), ..) | (_, EngineState::Failed { .. }, _) => "failed",
                (_, EngineState::Starting | EngineState::Restarting { .. }, _) => "starting",
                (Activity::Idle, _, true) => "done",
                _ => "idle",
            }
        });
        set("data-phase", Some(phase.to_owned()));
        page.model.with(|model| {
            let model = model.as_deref();
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
            set("data-sequential-time", model.map(|m| m.report.timing.sequential_median.to_string()));
            set("data-parallel-time", model.map(|m| m.report.timing.parallel_median.to_string()));
            set("data-trace-hash", model.map(|m| m.report.trace_hash.clone()));
            set("data-scenario", model.map(|m| m.report.title.clone()));
        });
    });
}
