//! Help, share, the cost model, the strategies.

use evm_lanes_core::model::{Cost, CostModel};
use evm_lanes_core::scenario::StrategyChoice;
use evm_lanes_core::strategies::StrategyId;
use leptos::ev;
use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;

use crate::state::{self, Link, Page, dom, link};
use crate::view::format::{capitalised, count};
use crate::view::sentence::{choice_name, cost_name};
use crate::view::{about, share};

/// Keeps a native dialog in step with whether it is open.
fn bind(dialog: NodeRef<Dialog>, page: Page, own: state::Dialog) {
    Effect::new(move |_| {
        let (Some(dialog), open) = (dialog.get(), page.dialog.get() == Some(own)) else { return };
        if open && !dialog.open() {
            // A dialog that cannot be modal is still shown.
            if dialog.show_modal().is_err() {
                dialog.show();
            }
        } else if !open && dialog.open() {
            dialog.close();
        }
    });
}

/// Title and close button.
#[component]
fn Top(page: Page, title: &'static str, id: &'static str, own: state::Dialog) -> impl IntoView {
    view! {
        <header>
            <h2 id=id>{title}</h2>
            <button type="button" class="btn" on:click=move |_| page.close_dialog(own)>"Close"</button>
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
pub fn Help(page: Page) -> impl IntoView {
    let dialog: NodeRef<Dialog> = NodeRef::new();
    bind(dialog, page, state::Dialog::Help);
    view! {
        <dialog node_ref=dialog aria-labelledby="help-title" on:close=move |_: ev::Event| page.close_dialog(state::Dialog::Help)>
            <Top page title="How to read the page" id="help-title" own=state::Dialog::Help/>
            <div class="body">
                <h3>"Patterns: how an attempt ended"</h3>
                <ul class="patterns">
                    <li><span class="swatch solid"></span>"solid: executed and committed"</li>
                    <li><span class="swatch hatched"></span>"hatched: aborted or stopped, ran again"</li>
                    <li><span class="swatch pale"></span>"pale and thin: validating"</li>
                    <li><span class="swatch dotted"></span>"dotted: waiting for other lanes"</li>
                    <li><span class="swatch idle"></span>"background: nothing left to do"</li>
                    <li><span class="swatch arrow"></span>"arrow: from the write to the attempt it spoiled"</li>
                </ul>
                <p>"Colour is what a transaction is: its label. A raised number counts attempts: 7² is the second attempt of transaction 7. In the graph, a diamond is a location that several transactions needed, and the thick line is the longest chain of transactions that need each other: no number of lanes is faster than that chain."</p>
                <h3>"Limits"</h3>
                <p>"Path: all work over the longest chain. Work: all work over what each lane must do at least. The lower of both is what was possible; the bar shows how much of it was reached."</p>
                <h3>"Keys"</h3>
                <dl class="keys">{key_list(&KEYS)}</dl>
                <p>"A key does what its letter says, with Caps Lock, too. Where your keyboard has no such letter, the place of the key counts: what is W on a US keyboard zooms in on any. Brackets may be typed with AltGr."</p>
                <h3>"Keys of a panel that has the focus"</h3>
                <dl class="keys">{key_list(&PANEL_KEYS)}</dl>
                <p><label>
                    <input type="checkbox" prop:checked=move || page.letter_keys.get()
                        on:change=move |e| page.letter_keys.set(event_target_checked(&e))/>
                    " Single letters act as keys"
                </label></p>
                <p>"Ctrl and the wheel zoom the lanes at the pointer; drag measures a stretch of time (or click where it begins, Shift and click where it ends), double click zooms to it; Shift and drag pans. On a touch screen: pinch, drag, tap."</p>
            </div>
        </dialog>
    }
}

/// The link, how long it is, and a file for what no link takes.
#[component]
pub fn Share(page: Page) -> impl IntoView {
    let dialog: NodeRef<Dialog> = NodeRef::new();
    let said = RwSignal::new(String::new());
    bind(dialog, page, state::Dialog::Share);
    let shared = Memo::new(move |_| {
        if page.dialog.get() != Some(state::Dialog::Share) {
            return None;
        }
        said.set(String::new());
        Some(page.link())
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
                "The browser did not allow copying: mark the link and copy it by hand.".to_owned()
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
                <p>"It holds the scenario, strategy, lanes, clock and selection; nothing is kept on a server."</p>
                <GivenList page/>
                <input type="text" readonly aria-label="Link" prop:value=text on:focus=|e| {
                    use wasm_bindgen::JsCast;
                    if let Some(input) = e.target().and_then(|t| t.dyn_into::<web_sys::HtmlInputElement>().ok()) {
                        input.select();
                    }
                }/>
                <div class="row">
                    <button type="button" class="btn go" on:click=copy>"Copy the link"</button>
                    <SaveButton page/>
                </div>
                <p role="status">{move || said.get()}</p>
                <p>{share::describe(length)}</p>
                <ul class="fits">{fits}</ul>
            }.into_any()
        }
        Some(Link::TooLong) => view! {
            <p role="alert">{format!("This scenario is too long for a link: browsers take about {} characters. Share it as a file, which the page opens when it is dropped on it.", count(32_000))}</p>
            <div class="row"><SaveButton page/></div>
        }.into_any(),
        Some(Link::File(name)) => view! {
            <GivenList page/>
            <p>{format!("A real block does not fit into a link. Share the file {name}: dropped on this page it runs the same.")}</p>
        }.into_any(),
        None => ().into_any(),
    }
    };
    view! {
        <dialog class="share" node_ref=dialog aria-labelledby="share-title" on:close=move |_: ev::Event| page.close_dialog(state::Dialog::Share)>
            <Top page title="Share what is on the page" id="share-title" own=state::Dialog::Share/>
            <div class="body">{body}</div>
        </dialog>
    }
}

/// That a list from a file is in no link.
#[component]
fn GivenList(page: Page) -> impl IntoView {
    let name = page.given.get_untracked().map(|given| given.name);
    name.filter(|_| page.strategy.get_untracked() == StrategyId::BLOCK_ACCESS_LIST).map(|name| view! {
        <p class="wrong">{format!("Without the access list in {name}: whoever opens this runs from the block’s own list. Send the file along; dropped on the page it takes its place.")}</p>
    })
}

#[component]
fn SaveButton(page: Page) -> impl IntoView {
    view! {
        <button type="button" class="btn" on:click=move |_| {
            if let Some(text) = page.document.with_untracked(|d| d.text().map(str::to_owned)) {
                dom::save("scenario.json", "application/json", text.as_bytes());
            }
        }>"Save as file"</button>
    }
}

/// What simulated time is made of.
#[component]
pub fn CostModel(page: Page) -> impl IntoView {
    let dialog: NodeRef<Dialog> = NodeRef::new();
    bind(dialog, page, state::Dialog::CostModel);
    let costs = Cost::ALL
        .map(|cost| {
            view! {
                <label class="choice">
                    <input type="radio" name="cost" value=cost.name() prop:checked=move || page.cost_model.get().cost == cost
                        on:change=move |_| page.set_cost_model(CostModel { cost, ..page.cost_model.get_untracked() })/>
                    <span><b>{capitalised(cost_name(cost))}</b>" "{about::cost(cost)}</span>
                </label>
            }
        })
        .collect_view();
    let set_seed =
        move |seed: u64| page.set_cost_model(CostModel { seed, ..page.cost_model.get_untracked() });
    view! {
        <dialog node_ref=dialog aria-labelledby="model-title" on:close=move |_: ev::Event| page.close_dialog(state::Dialog::CostModel)>
            <Top page title="What simulated time is made of" id="model-title" own=state::Dialog::CostModel/>
            <div class="body">
                <p>"Simulated lanes run the same scheduler and the same EVM as measured ones. Only the clock differs: each execution takes what the model says, so that everyone sees the same lanes from the same link, with any number of them."</p>
                <fieldset><legend>"An execution costs"</legend>{costs}</fieldset>
                <p>{move || about::scheduling(page.cost_model.get().cost)}</p>
                <h3>"Seed"</h3>
                <p class="row">
                    <input type="number" inputmode="numeric" min="0" step="1" aria-label="Seed"
                        prop:value=move || page.cost_model.get().seed.to_string()
                        on:change=move |e| {
                            if let Ok(seed) = event_target_value(&e).trim().parse() {
                                set_seed(seed);
                            }
                        }/>
                    <button type="button" class="btn" on:click=move |_| {
                        set_seed(page.cost_model.get_untracked().seed.wrapping_add(1));
                    }>"Another"</button>
                </p>
                <p>{about::SEED}</p>
            </div>
        </dialog>
    }
}

/// What each strategy does, one page each.
#[component]
pub fn Strategies(page: Page) -> impl IntoView {
    let dialog: NodeRef<Dialog> = NodeRef::new();
    bind(dialog, page, state::Dialog::Strategies);
    let chosen = RwSignal::new(page.strategy.get_untracked());
    Effect::new(move |_| {
        if page.dialog.get() == Some(state::Dialog::Strategies) {
            chosen.set(page.strategy.get_untracked());
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
        <dialog class="strategies" node_ref=dialog aria-labelledby="strategies-title"
            on:close=move |_: ev::Event| page.close_dialog(state::Dialog::Strategies)>
            <Top page title="The strategies" id="strategies-title" own=state::Dialog::Strategies/>
            <div class="body">
                <div class="row" role="group" aria-label="Strategy to read about">{choices}</div>
                {told}
                <p class="row"><button type="button" class="btn go"
                    disabled=move || chosen.get() == page.strategy.get()
                    on:click=move |_| {
                        page.close_dialog(state::Dialog::Strategies);
                        page.set_strategy(chosen.get_untracked());
                    }>{move || if chosen.get() == page.strategy.get() {
                        "This one is chosen".to_owned()
                    } else {
                        format!("Run with {}", choice_name(chosen.get()))
                    }}</button></p>
            </div>
        </dialog>
    }
}
