//! The top: what is run, by whom, on how many lanes.

use evm_lanes_core::scenario::{StrategyChoice, builtin};
use evm_lanes_core::trace::Clock;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use crate::state::{
    Activity, Dialog, Document, EngineState, Intents, Setup, Slice, Source, Theme, Work, file,
};
use crate::view::lane_steps;
use crate::view::sentence::choice_name;

/// The header.
#[component]
pub fn Header(
    document: Slice<Document>,
    setup: Setup,
    work: Work,
    theme: RwSignal<Theme>,
    intents: Intents,
) -> impl IntoView {
    view! {
        <header class="top">
            <span class="brand">
                <svg width="22" height="18" viewBox="0 0 22 18" aria-hidden="true">
                    <rect y="1" width="13" height="3.4" rx="1.7"/>
                    <rect x="6" y="7.3" width="16" height="3.4" rx="1.7"/>
                    <rect x="2" y="13.6" width="9" height="3.4" rx="1.7"/>
                </svg>
                "EVM Lanes"
            </span>
            <ScenarioPicker document intents/>
            <StrategyPicker setup intents/>
            <button class="btn square" type="button" aria-label="About the strategies"
                on:click=move |_| intents.open_dialog(Dialog::Strategies)>"i"</button>
            <LanesStepper setup intents/>
            <span class="push"></span>
            <OpenFile intents/>
            <RunButton setup work intents/>
            <OtherClock setup work intents/>
            <button class="btn" type="button" id="lessons" on:click=move |_| intents.open_dialog(Dialog::Lessons)>"Lessons"</button>
            <button class="btn" type="button" on:click=move |_| intents.open_dialog(Dialog::Share)>"Share"</button>
            <button class="btn square" type="button"
                aria-label=move || if theme.get().is_dark() { "Light colours" } else { "Dark colours" }
                on:click=move |_| theme.update(|t| *t = t.next())>
                <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
                    <circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.6"/>
                    <path d="M8 1.8a6.2 6.2 0 0 1 0 12.4z" fill="currentColor"/>
                </svg>
            </button>
            <button class="btn square" type="button" aria-label="Help: keys, colours and patterns"
                on:click=move |_| intents.open_dialog(Dialog::Help)>"?"</button>
        </header>
    }
}

const OWN: &str = "own";

/// Who schedules.
#[component]
pub fn StrategyPicker(setup: Setup, intents: Intents) -> impl IntoView {
    view! {
        <label class="field">
            <span>"Strategy"</span>
            <select aria-label="Strategy" prop:value=move || setup.strategy.get().name()
                on:change=move |e| {
                    if let Some(strategy) = StrategyChoice::from_name(&event_target_value(&e)) {
                        intents.set_strategy(strategy);
                    }
                }>
                {StrategyChoice::ALL.map(|s| view! {
                    <option value=s.name() selected=move || setup.strategy.get() == s>{choice_name(s)}</option>
                }).collect_view()}
            </select>
        </label>
    }
}

/// What is run.
#[component]
pub fn ScenarioPicker(document: Slice<Document>, intents: Intents) -> impl IntoView {
    let current = Memo::new(move |_| {
        document.with(|d| {
            let same = d.builtin.and_then(builtin::find).filter(|b| d.text() == Some(b.text));
            same.map_or(OWN, |b| b.name).to_owned()
        })
    });
    let own = move || {
        document.with(|d| match &d.source {
            Source::Case { name, .. } => name.to_string(),
            Source::Scenario(_) => match d.builtin.and_then(builtin::find) {
                Some(b) => format!("{} (edited)", b.title),
                None => "Your scenario".to_owned(),
            },
        })
    };
    view! {
        <label class="field picker">
            <span>"Scenario"</span>
            <select aria-label="Scenario" prop:value=move || current.get() on:change=move |e| {
                if let Some(b) = builtin::find(&event_target_value(&e)) {
                    intents.open(Document { source: Source::scenario(b.text), builtin: Some(b.name) });
                }
            }>
                <Show when=move || current.get() == OWN>
                    <option value=OWN selected=true>{own}</option>
                </Show>
                {builtin::ALL.iter().map(|b| view! {
                    <option value=b.name selected=move || current.get() == b.name>{b.title}</option>
                }).collect_view()}
            </select>
        </label>
    }
}

/// On how many lanes.
#[component]
pub fn LanesStepper(setup: Setup, intents: Intents) -> impl IntoView {
    let fixed = move || setup.strategy.get().is_sequential();
    let shown = move || if fixed() { 1 } else { setup.lanes.get() };
    let input: NodeRef<leptos::html::Input> = NodeRef::new();
    // Not `disabled`: that would take the focus from whoever has just reached the end.
    let fewest = move || fixed() || setup.lanes.get() <= 1;
    let most = move || fixed() || setup.lanes.get() >= setup.max_lanes.get();
    view! {
        <div class="step" role="group" aria-label="Lanes">
            <span>{move || match setup.clock.get() {
                Clock::Simulated => "Simulated lanes",
                Clock::Measured => "Cores",
            }}</span>
            <button type="button" aria-label="Fewer lanes" aria-disabled=move || fewest().to_string()
                on:click=move |_| if !untrack(fewest) {
                    intents.set_lanes(lane_steps::below(setup.lanes.get_untracked()));
                }>"−"</button>
            <input node_ref=input type="number" inputmode="numeric" aria-label="Lanes" min="1" step="1"
                max=move || if fixed() { 1 } else { setup.max_lanes.get() } disabled=fixed
                prop:value=move || shown().to_string()
                on:change=move |e| {
                    if let Ok(lanes) = event_target_value(&e).trim().parse::<u16>() {
                        intents.set_lanes(lanes);
                    }
                    // What was out of bounds is shown as what it became.
                    if let Some(input) = input.get_untracked() {
                        input.set_value(&untrack(shown).to_string());
                    }
                }/>
            <button type="button" aria-label="More lanes" aria-disabled=move || most().to_string()
                on:click=move |_| if !untrack(most) {
                    intents.set_lanes(lane_steps::above(setup.lanes.get_untracked()));
                }>"+"</button>
        </div>
    }
}

#[component]
fn OpenFile(intents: Intents) -> impl IntoView {
    let input: NodeRef<leptos::html::Input> = NodeRef::new();
    view! {
        <input node_ref=input type="file" data-open="" tabindex="-1" aria-label="Scenario, real block or block access list"
            accept=".json,.gz,.rlp,.hex,application/json,application/gzip"
            on:change=move |e| {
                let Some(input) = e.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok()) else { return };
                if let Some(chosen) = input.files().and_then(|f| f.get(0)) {
                    file::open(intents, chosen);
                }
                // So that the same file can be chosen again.
                input.set_value("");
            }/>
        <button class="btn" type="button" on:click=move |_| {
            if let Some(input) = input.get_untracked() {
                input.click();
            }
        }>"Open…"</button>
    }
}

#[component]
pub fn RunButton(setup: Setup, work: Work, intents: Intents) -> impl IntoView {
    let cancelling = move || work.activity.with(|a| matches!(a, Activity::Running { cancelling: true, .. }));
    let text = move || {
        let threads = work.info.get().is_some_and(|i| i.threads);
        let lanes = setup.lanes.get();
        if setup.strategy.get().is_sequential() || setup.clock.get() == Clock::Simulated {
            "Run".to_owned()
        } else if threads && lanes > 1 {
            format!("Run on {lanes} cores")
        } else {
            "Run".to_owned()
        }
    };
    let waits = move || {
        cancelling()
            || (!work.is_running.get()
                && matches!(work.engine.get(), EngineState::Starting | EngineState::Restarting { .. }))
    };
    // One button for both, so that the focus stays on it; and it is never `disabled`, which would take the focus away.
    view! {
        <button class="btn go" type="button" aria-disabled=move || waits().to_string()
            aria-keyshortcuts=move || (!work.is_running.get()).then_some("Control+Enter")
            // A key that is held down would run, cancel, run and so on.
            on:keydown=|e| if e.repeat() && e.key() == "Enter" { e.prevent_default() }
            on:click=move |_| {
                let (waits, running) = untrack(|| (waits(), work.is_running.get()));
                match (waits, running) {
                    (true, _) => {}
                    (false, true) => intents.cancel(),
                    (false, false) => intents.run(),
                }
            }>
            <Show when=move || !work.is_running.get()><span aria-hidden="true">"▶"</span></Show>
            {move || match (work.is_running.get(), cancelling()) {
                (true, true) => "Cancelling…".to_owned(),
                (true, false) => "Cancel".to_owned(),
                (false, _) => text(),
            }}
        </button>
    }
}

/// The other kind of lanes, beside the run.
#[component]
pub fn OtherClock(setup: Setup, work: Work, intents: Intents) -> impl IntoView {
    let text = move || match (setup.clock.get(), setup.threads.get()) {
        (Clock::Measured, _) => "Simulate".to_owned(),
        (Clock::Simulated, 1) => "Run on one core".to_owned(),
        (Clock::Simulated, threads) => format!("Run on your {threads} cores"),
    };
    let waits = move || work.is_running.get() || !matches!(work.engine.get(), EngineState::Ready { .. });
    view! {
        // Not `disabled`: it starts a run, and keeps the focus meanwhile.
        <button class="btn" type="button" aria-disabled=move || waits().to_string()
            on:click=move |_| if !untrack(waits) {
                intents.set_clock(match setup.clock.get_untracked() {
                    Clock::Measured => Clock::Simulated,
                    Clock::Simulated => Clock::Measured,
                });
            }>{text}</button>
    }
}
