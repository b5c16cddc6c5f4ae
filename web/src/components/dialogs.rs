//! Help, share, the cost model, the strategies.

use evm_lanes_core::model::{Cost, CostModel};
use evm_lanes_core::scenario::StrategyChoice;
use leptos::ev;
use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;

use crate::state::{self, Document, Given, Intents, Link, Slice, dom, link};
use crate::view::format::{capitalised, count};
use crate::view::sentence::{choice_name, cost_name};
use crate::view::{about, share};

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

const KEYS: [(&[&str], &str); 14] = [
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

/// The link, how long it is, and a file for what no link takes.
#[component]
pub fn Share(
    dialog: Slice<Option<state::Dialog>>,
    document: Slice<Document>,
    strategy: Slice<StrategyChoice>,
    given: Slice<Option<Given>>,
    /// Makes the link to what is on the page now. That takes too long to be done before anyone asks.
    make_link: Callback<(), Link>,
    intents: Intents,
) -> impl IntoView {
    let element: NodeRef<Dialog> = NodeRef::new();
    let said = RwSignal::new(String::new());
    bind(element, dialog, state::Dialog::Share);
    let shared = Memo::new(move |_| {
        if dialog.get() != Some(state::Dialog::Share) {
            return None;
        }
        said.set(String::new());
        Some(make_link.run(()))
    });
    let address = move || match shared.get() {
        Some(Link::Fits(link)) => Some(format!("{}{link}", link::base())),
        _ => None,
    };
    let copy = move |_| {
        let Some(text) = untrack(address) else { return };
        spawn_local(async move {
            let copied = match dom::window() {
                Some(window) => {
                    JsFuture::from(window.navigator().clipboard().write_text(&text)).await.is_ok()
                }
                None => false,
            };
            said.set(if copied {
                "Copied.".to_owned()
            } else {
                "The browser did not allow copying. Select the link and copy it by hand.".to_owned()
            });
        });
    };
    let body = move || {
        match shared.get() {
        Some(Link::Fits(_)) => {
            let text = address().unwrap_or_default();
            let length = text.chars().count();
            let fits = share::LIMITS.map(|limit| {
                let ok = length <= limit.characters;
                view! {
                    <li class=if ok { "ok" } else { "wrong" }>
                        {format!("{} {} ({} characters)", if ok { "✓ fits" } else { "✗ too long for" }, limit.place, count(limit.characters as u64))}
                    </li>
                }
            }).collect_view();
            view! {
                <p>"The link holds the scenario, strategy, lanes, clock and selection. Nothing is stored on a server."</p>
                <GivenList given strategy/>
                <input type="text" readonly aria-label="Link" prop:value=text on:focus=|e| {
                    use wasm_bindgen::JsCast;
                    if let Some(input) = e.target().and_then(|t| t.dyn_into::<web_sys::HtmlInputElement>().ok()) {
                        input.select();
                    }
                }/>
                <div class="row">
                    <button type="button" class="btn go" on:click=copy>"Copy the link"</button>
                    <SaveButton document/>
                </div>
                <p role="status">{move || said.get()}</p>
                <p>{share::describe(length)}</p>
                <ul class="fits">{fits}</ul>
            }.into_any()
        }
        Some(Link::TooLong) => view! {
            <p role="alert">{format!("This scenario is too long for a link: browsers take about {} characters. Share it as a file: dropped on this page, it opens.", count(32_000))}</p>
            <div class="row"><SaveButton document/></div>
        }.into_any(),
        Some(Link::File(name)) => view! {
            <GivenList given strategy/>
            <p>{format!("A real block does not fit into a link. Share the file {name}: dropped on this page, it gives the same run.")}</p>
        }.into_any(),
        None => ().into_any(),
    }
    };
    view! {
        <dialog class="share" node_ref=element aria-labelledby="share-title" on:close=move |_: ev::Event| intents.close_dialog(state::Dialog::Share)>
            <Top title="Share what is on the page" id="share-title" own=state::Dialog::Share intents/>
            <div class="body">{body}</div>
        </dialog>
    }
}

/// That a list from a file is in no link.
#[component]
fn GivenList(given: Slice<Option<Given>>, strategy: Slice<StrategyChoice>) -> impl IntoView {
    let name = given.get_untracked().map(|given| given.name);
    name.filter(|_| strategy.get_untracked().reads_block_access_list()).map(|name| view! {
        <p class="wrong">{format!("This link leaves out the access list in {name}, so the run it opens uses the block’s own list. Send the file, too: dropped on the page, it is used again.")}</p>
    })
}

#[component]
fn SaveButton(document: Slice<Document>) -> impl IntoView {
    view! {
        <button type="button" class="btn" on:click=move |_| {
            if let Some(text) = document.with_untracked(|d| d.text().map(str::to_owned)) {
                dom::save("scenario.json", "application/json", text.as_bytes());
            }
        }>"Save as file"</button>
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
