//! Help, the cost model, the strategies; and what every dialog has.

use evm_lanes_core::model::{Cost, CostModel};
use evm_lanes_core::scenario::StrategyChoice;
use leptos::ev;
use leptos::html::Dialog;
use leptos::prelude::*;

use crate::state::{self, Intents, Slice};
use crate::view::about;
use crate::view::format::capitalised;
use crate::view::sentence::{choice_name, cost_name};

/// Keeps a native dialog in step with whether it is open.
pub(super) fn bind(element: NodeRef<Dialog>, dialog: Slice<Option<state::Dialog>>, own: state::Dialog) {
    Effect::new(move |_| {
        let (Some(element), open) = (element.get(), dialog.get() == Some(own)) else { return };
        if open && !element.open() {
            // A dialog that cannot be modal is still shown.
            if element.show_modal().is_err() {
                element.show();
            }
        } else if !open && element.open() {
            element.close();
        }
    });
}

/// Title and close button.
#[component]
pub(super) fn Top(
    title: &'static str,
    id: &'static str,
    own: state::Dialog,
    intents: Intents,
) -> impl IntoView {
    view! {
        <header>
            <h2 id=id>{title}</h2>
            <button type="button" class="btn" on:click=move |_| intents.close_dialog(own)>"Close"</button>
        </header>
    }
}

const KEYS: [(&[&str], &str); 15] = [
    (&["Ctrl", "Enter"], "run"),
    (&["Ctrl", "Z"], "undo a change of the scenario"),
    (&["."], "next attempt in the lane"),
    (&[","], "previous attempt in the lane"),
    (&["J"], "next transaction"),
    (&["K"], "previous transaction"),
    (&["["], "to the cause: the transaction that was read from"),
    (&["]"], "to the effect: the transaction that read from it"),
    (&["W", "S"], "zoom in, zoom out; also + and −"),
    (&["A", "D"], "pan left, pan right"),
    (&["F"], "fit the selection"),
    (&["C"], "show the longest chain"),
    (&["/"], "find transactions"),
    (&["P"], "present: large type for a room, and leave again"),
    (&["Esc"], "close a dialog, leave the lanes or a table"),
];

/// Keys of one panel, while it has the focus.
const PANEL_KEYS: [(&[&str], &str); 6] = [
    (&["←", "→"], "in the lanes: pan"),
    (&["Shift", "←"], "in the lanes: previous attempt; Shift → the next one"),
    (&["↑", "↓"], "in the lanes: previous and next transaction"),
    (&["←", "→"], "in the graph: what it read from, what read from it"),
    (&["↑", "↓"], "in a table: from row to row"),
    (&["Home", "End"], "in a table: first and last row; Page ↑ and Page ↓ by a page"),
];

/// Keys while something is presented.
const PRESENTER_KEYS: [(&[&str], &str); 6] = [
    (&["→", "←"], "next and previous step; also Space, and Page ↓ and Page ↑ of a clicker"),
    (&["Enter"], "reveal the answer and the run; also R, and → before the next step"),
    (&["1", "9"], "mark the room’s answer"),
    (&["Q"], "code of the link, large"),
    (&["T"], "pause the timer"),
    (&["Esc"], "leave"),
];

fn key_list(keys: &'static [(&'static [&'static str], &'static str)]) -> impl IntoView {
    keys.iter()
        .map(|(keys, what)| {
            let keys = keys.iter().map(|k| view! { <kbd>{*k}</kbd>" " }).collect_view();
            view! { <div><dt>{keys}</dt><dd>{*what}</dd></div> }
        })
        .collect_view()
}

/// Keys, colours and patterns.
#[component]
pub fn Help(
    dialog: Slice<Option<state::Dialog>>,
    letter_keys: RwSignal<bool>,
    intents: Intents,
) -> impl IntoView {
    let element: NodeRef<Dialog> = NodeRef::new();
    bind(element, dialog, state::Dialog::Help);
    view! {
        <dialog node_ref=element aria-labelledby="help-title" on:close=move |_: ev::Event| intents.close_dialog(state::Dialog::Help)>
            <Top title="How to read the page" id="help-title" own=state::Dialog::Help intents/>
            <div class="body">
                <h3>"Patterns: how an attempt ended"</h3>
                <ul class="patterns">
                    <li><span class="swatch solid"></span>"solid: executed and committed"</li>
                    <li><span class="swatch hatched"></span>"hatched: aborted or stopped, ran again"</li>
                    <li><span class="swatch pale"></span>"pale and thin: validating"</li>
                    <li><span class="swatch dotted"></span>"dotted: waiting for other lanes"</li>
                    <li><span class="swatch idle"></span>"background: nothing left to do"</li>
                    <li><span class="swatch arrow"></span>"arrow: from the write to the attempt that had read too early"</li>
                </ul>
                <p>"The colour is the transaction’s label. A raised number counts attempts: 7² is the second attempt of transaction 7. In the graph, a diamond is a location that several transactions needed, and the thick line is the longest chain of transactions that need each other: no number of lanes can be faster than that chain."</p>
                <h3>"Limits"</h3>
                <p>"Path limit: all work divided by the longest chain. Work limit: all work divided by what the busiest lane must do at least. The lower of the two is what was possible; the bar shows how much of it was reached."</p>
                <h3>"Keys"</h3>
                <dl class="keys">{key_list(&KEYS)}</dl>
                <p>"A key does what its letter says, with Caps Lock, too. If your keyboard has no such letter, the key’s position counts: the key that is W on a US keyboard zooms in on every keyboard. Brackets may be typed with AltGr."</p>
                <h3>"Keys of a panel that has the focus"</h3>
                <dl class="keys">{key_list(&PANEL_KEYS)}</dl>
                <h3>"Keys while presenting"</h3>
                <dl class="keys">{key_list(&PRESENTER_KEYS)}</dl>
                <p><label>
                    <input type="checkbox" prop:checked=move || letter_keys.get()
                        on:change=move |e| letter_keys.set(event_target_checked(&e))/>
                    " Single letters act as keys"
                </label></p>
                <p>"Ctrl and the wheel zoom the lanes at the pointer. Drag to measure a stretch of time (or click where it begins, then Shift and click where it ends); double click zooms to it. Shift and drag pans. On a touch screen: pinch, drag, tap."</p>
            </div>
        </dialog>
    }
}

/// What simulated time is made of.
#[component]
pub fn CostModel(
    dialog: Slice<Option<state::Dialog>>,
    cost_model: Slice<CostModel>,
    intents: Intents,
) -> impl IntoView {
    let element: NodeRef<Dialog> = NodeRef::new();
    bind(element, dialog, state::Dialog::CostModel);
    let costs = Cost::ALL
        .map(|cost| {
            view! {
                <label class="choice">
                    <input type="radio" name="cost" value=cost.name() prop:checked=move || cost_model.get().cost == cost
                        on:change=move |_| intents.set_cost_model(CostModel { cost, ..cost_model.get_untracked() })/>
                    <span><b>{capitalised(cost_name(cost))}</b>" "{about::cost(cost)}</span>
                </label>
            }
        })
        .collect_view();
    let set_seed = move |seed: u64| intents.set_cost_model(CostModel { seed, ..cost_model.get_untracked() });
    view! {
        <dialog node_ref=element aria-labelledby="model-title" on:close=move |_: ev::Event| intents.close_dialog(state::Dialog::CostModel)>
            <Top title="What simulated time is made of" id="model-title" own=state::Dialog::CostModel intents/>
            <div class="body">
                <p>"Simulated lanes run the same scheduler and the same EVM as measured ones. Only the clock differs: each execution takes what the model says, so everyone sees the same lanes from the same link, with any number of lanes."</p>
                <fieldset><legend>"An execution costs"</legend>{costs}</fieldset>
                <p>{move || about::scheduling(cost_model.get().cost)}</p>
                <h3>"Seed"</h3>
                <p class="row">
                    <input type="number" inputmode="numeric" min="0" step="1" aria-label="Seed"
                        prop:value=move || cost_model.get().seed.to_string()
                        on:change=move |e| {
                            if let Ok(seed) = event_target_value(&e).trim().parse() {
                                set_seed(seed);
                            }
                        }/>
                    <button type="button" class="btn" on:click=move |_| {
                        set_seed(cost_model.get_untracked().seed.wrapping_add(1));
                    }>"Another"</button>
                </p>
                <p>{about::SEED}</p>
            </div>
        </dialog>
    }
}

/// What each strategy does, one page each.
#[component]
pub fn Strategies(
    dialog: Slice<Option<state::Dialog>>,
    strategy: Slice<StrategyChoice>,
    intents: Intents,
) -> impl IntoView {
    let element: NodeRef<Dialog> = NodeRef::new();
    bind(element, dialog, state::Dialog::Strategies);
    let chosen = RwSignal::new(strategy.get_untracked());
    Effect::new(move |_| {
        if dialog.get() == Some(state::Dialog::Strategies) {
            chosen.set(strategy.get_untracked());
        }
    });
    let choices = StrategyChoice::ALL
        .map(|s| {
            view! {
                <button type="button" class="btn small" aria-pressed=move || (chosen.get() == s).to_string()
                    on:click=move |_| chosen.set(s)>{choice_name(s)}</button>
            }
        })
        .collect_view();
    let told = move || {
        let text = about::strategy(chosen.get());
        let part = |title: &'static str, paragraphs: &'static [&'static str]| {
            view! { <h3>{title}</h3> {paragraphs.iter().map(|p| view! { <p>{*p}</p> }).collect_view()} }
        };
        let sources = text
            .sources
            .iter()
            .map(|(what, address)| view! { <li>{*what}": "<span class="mono">{*address}</span></li> })
            .collect_view();
        view! {
            {part("What it does", text.does)}
            {part("What to look for", text.look)}
            <h3>"Source"</h3>
            <ul>{sources}</ul>
        }
    };
    view! {
        <dialog class="strategies" node_ref=element aria-labelledby="strategies-title"
            on:close=move |_: ev::Event| intents.close_dialog(state::Dialog::Strategies)>
            <Top title="The strategies" id="strategies-title" own=state::Dialog::Strategies intents/>
            <div class="body">
                <div class="row" role="group" aria-label="Strategy to read about">{choices}</div>
                {told}
                <p class="row"><button type="button" class="btn go"
                    disabled=move || chosen.get() == strategy.get()
                    on:click=move |_| {
                        intents.close_dialog(state::Dialog::Strategies);
                        intents.set_strategy(chosen.get_untracked());
                    }>{move || if chosen.get() == strategy.get() {
                        "This one is chosen".to_owned()
                    } else {
                        format!("Run with {}", choice_name(chosen.get()))
                    }}</button></p>
            </div>
        </dialog>
    }
}
