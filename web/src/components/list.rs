//! The block's access list (EIP-7928): shown, exported, compared with one from a file.

use std::collections::HashMap;
use std::sync::Arc;

use evm_lanes_core::messages::{AccessList, ListForm, ListMark};
use evm_lanes_core::scenario::StrategyChoice;
use evm_lanes_core::strategies::StrategyId;
use evm_lanes_core::units::LocationId;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::links::{LocationLink, TxLink};
use super::rows::Rows;
use crate::state::{EngineState, Intents, ListState, Lists, Selection, Slice, Source, Work, file};
use crate::view::format::{count, shortened};
use crate::view::list;
use crate::view::model::RunModel;

/// The tab of the list.
#[component]
pub fn List(
    lists: Lists,
    ran: Slice<Option<Source>>,
    strategy: Slice<StrategyChoice>,
    work: Work,
    model: Slice<Option<Arc<RunModel>>>,
    selection: Slice<Selection>,
    intents: Intents,
) -> impl IntoView {
    let done = Memo::new(move |_| {
        lists.list.with(|list| match list {
            ListState::Done { list, source, .. } if ran.with(|ran| ran.as_ref() == Some(source)) => {
                Some(Same(list.clone()))
            }
            _ => None,
        })
    });
    let there = move || done.with(Option::is_some);
    let free =
        move || there() && !work.is_running.get() && matches!(work.engine.get(), EngineState::Ready { .. });
    let told = move || {
        let list = done.get()?.0;
        let model = model.get()?;
        Some(list::figures(&list, model.transactions()))
    };
    let hash = move || done.get().map(|list| list.0.figures.hash.clone());
    view! {
        <div class="tools">
            <button type="button" class="btn small" disabled=move || !free()
                on:click=move |_| intents.export_list(ListForm::Json)>"Export JSON"</button>
            <button type="button" class="btn small" disabled=move || !free()
                on:click=move |_| intents.export_list(ListForm::Rlp)>"Export RLP"</button>
            <OpenList ran intents/>
            {move || told().map(|told| view! { <span data-list-figures="">{told}</span> })}
            {move || hash().map(|hash| view! {
                <span title=format!("{hash}: keccak-256 of the RLP, what a block’s header commits to")>"hash "<code>{shortened(&hash)}</code></span>
            })}
        </div>
        <Compared lists strategy is_running=work.is_running done intents/>
        {move || done.get().map(|list| view! {
            <Table list=list.0 only_differences=lists.only_differences model selection intents/>
        })}
        <Nothing list=lists.list model there=Signal::derive(there) intents/>
    }
}

/// A list; the same if it is the very one.
#[derive(Clone)]
struct Same(Arc<AccessList>);

impl PartialEq for Same {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

#[component]
fn OpenList(ran: Slice<Option<Source>>, intents: Intents) -> impl IntoView {
    let input: NodeRef<leptos::html::Input> = NodeRef::new();
    view! {
        <input node_ref=input type="file" data-list="" tabindex="-1" aria-label="Block access list" class="hidden"
            accept=".json,.rlp,.hex,.gz,application/json"
            on:change=move |e| {
                let Some(input) = e.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok()) else { return };
                if let Some(chosen) = input.files().and_then(|f| f.get(0)) {
                    file::open_list(intents, chosen);
                }
                // So that the same file can be chosen again.
                input.set_value("");
            }/>
        <button type="button" class="btn small" disabled=move || ran.with(Option::is_none) on:click=move |_| {
            if let Some(input) = input.get_untracked() {
                input.click();
            }
        }>"Compare with a file…"</button>
    }
}

/// What stands in the list's place.
#[component]
fn Nothing(
    list: Slice<ListState>,
    model: Slice<Option<Arc<RunModel>>>,
    there: Signal<bool>,
    intents: Intents,
) -> impl IntoView {
    let words = move || {
        if there.get() {
            return None;
        }
        let text = if model.with(Option::is_none) {
            "Run the block to see what its transactions access.".to_owned()
        } else if let ListState::Failed { why, .. } = list.get() {
            format!("There is no list, because {why}.")
        } else {
            "The list is made from a sequential run of the block…".to_owned()
        };
        let failed = list.with(|list| matches!(list, ListState::Failed { .. }));
        Some(view! {
            <div class="empty" role=if failed { "alert" } else { "status" }>
                <p>{text}</p>
                {failed.then(|| view! {
                    <button type="button" class="btn small" on:click=move |_| intents.retry_list()>"Try again"</button>
                })}
            </div>
        })
    };
    view! { {words} }
}

/// What the comparison with a list from a file says, and what can be done with that one.
#[component]
fn Compared(
    lists: Lists,
    strategy: Slice<StrategyChoice>,
    is_running: Slice<bool>,
    done: Memo<Option<Same>>,
    intents: Intents,
) -> impl IntoView {
    let told = move || {
        let (given, list) = (lists.given.get()?, done.get()?.0);
        let told = list.given.as_ref()?;
        Some((list::verdict(&given.name, told), told.missing + told.extra + told.different))
    };
    let in_force = move || strategy.get().reads_block_access_list();
    view! {
        {move || lists.given.get().map(|given| view! {
            <div class="tools given" data-differences=move || told().map(|(_, all)| all.to_string())>
                <span role="status">{move || told().map_or_else(
                    || format!("{} is being compared…", given.name),
                    |(told, _)| told,
                )}</span>
                <label>
                    <input type="checkbox" prop:checked=move || lists.only_differences.get()
                        on:change=move |e| intents.show_only_differences(event_target_checked(&e))/>
                    " Only differences"
                </label>
                <Show when=move || !in_force() fallback=|| view! { <span>"Runs use this list. Mistakes in it cost attempts, never the result."</span> }>
                    <button type="button" class="btn small" disabled=move || is_running.get()
                        title="With the strategy Block access list"
                        on:click=move |_| intents.set_strategy(StrategyId::BLOCK_ACCESS_LIST)>"Run from it"</button>
                </Show>
                <button type="button" class="btn small" on:click=move |_| intents.drop_list()>"Remove it"</button>
            </div>
        })}
    }
}

#[component]
fn Table(
    list: Arc<AccessList>,
    only_differences: Slice<bool>,
    model: Slice<Option<Arc<RunModel>>>,
    selection: Slice<Selection>,
    intents: Intents,
) -> impl IntoView {
    let compared = list.given.is_some();
    let columns = if compared { 4 } else { 3 };
    let left_out = list.left_out;
    let of_rows = list.clone();
    let shown = Memo::new(move |_| list::shown(&of_rows, compared && only_differences.get()));
    // A run's own ids of the locations that it met.
    let ids = Memo::new(move |_| {
        model.with(|model| {
            let names = model.iter().flat_map(|m| m.report.location_names.iter());
            names
                .enumerate()
                .map(|(i, name)| (name.name.clone(), LocationId(i as u32)))
                .collect::<HashMap<_, _>>()
        })
    });
    let generation = move || model.with(|m| m.as_ref().map_or(0, |m| Arc::as_ptr(m) as usize));
    let row = move |at: usize, row: u32| {
        let model = model.get_untracked();
        ids.with_untracked(|ids| {
            let run = Run { model: model.as_ref(), ids, selection, intents };
            line(&list, row as usize, at, compared, run)
        })
    };
    view! {
        <table class="table of-list" data-access-list="" aria-rowcount=move || shown.with(|s| s.len() + 1).to_string()>
            <caption class="hidden">"What the block’s transactions access and leave behind, by account, location and transaction"</caption>
            <thead><tr aria-rowindex="1">
                <th scope="col">"Account, location"</th>
                {compared.then(|| view! { <th scope="col">"Compared"</th> })}
                <th scope="col">"After transaction"</th>
                <th scope="col">"Value"</th>
            </tr></thead>
            <Rows keys=Signal::from(shown) generation=Signal::derive(generation) limit=100 columns
                reveal=Signal::stored(None) row/>
        </table>
        {move || shown.with(Vec::is_empty).then(|| view! {
            <p class="empty">{if compared { "No difference." } else { "The transactions access nothing." }}</p>
        })}
        {(left_out > 0).then(|| view! {
            <p class="empty">{format!("{} more rows without a difference are in the exported list.", count(left_out.into()))}</p>
        })}
    }
}

/// The run whose locations and transactions a row leads to.
struct Run<'a> {
    model: Option<&'a Arc<RunModel>>,
    /// Its own ids of the locations that it met.
    ids: &'a HashMap<String, LocationId>,
    selection: Slice<Selection>,
    intents: Intents,
}

/// One row.
fn line(list: &AccessList, row: usize, at: usize, compared: bool, run: Run<'_>) -> AnyView {
    let Run { model, ids, selection, intents } = run;
    let Some(row) = list.rows.get(row) else { return ().into_any() };
    let wrong = list::differs(row);
    let mark = compared.then(|| {
        let (class, text) = (if wrong { "wrong" } else { "faint" }, list::mark(row));
        view! { <td class=class title=text.clone()>{wrong.then_some("✗ ")}{text.clone()}</td> }
    });
    let value = row.value.clone();
    let location = row.location.and_then(|at| list.locations.get(at as usize)).cloned();
    let Some(location) = location else {
        let account = list.accounts.get(row.account as usize);
        let address = account.map(|account| account.address.clone()).unwrap_or_default();
        let name = account.and_then(|account| account.name.clone());
        return view! {
            <tr class="account" tabindex="-1" aria-rowindex=at + 2 data-mark=word(&row.mark)>
                <th scope="row" title=address.clone()>{name.map(|name| format!("{name} "))}<code>{shortened(&address)}</code></th>
                {mark}
                <td></td>
                <td>{value}</td>
            </tr>
        }
        .into_any();
    };
    let name = match ids.get(&location.name) {
        Some(id) => {
            view! { <LocationLink location=*id name=location.name.clone() selection intents/> }.into_any()
        }
        None => view! { <span class="mono">{location.name.clone()}</span> }.into_any(),
    };
    let tx = match (row.tx, model) {
        (Some(tx), Some(model)) if tx.0 < model.transactions() => {
            view! { <TxLink tx model=model.clone() intents/> }.into_any()
        }
        (Some(tx), _) => tx.to_string().into_any(),
        (None, _) => "–".into_any(),
    };
    let chosen = ids.get(&location.name).copied();
    let selected = move || {
        let selection = selection.get();
        chosen.is_some() && selection.location == chosen
    };
    view! {
        <tr class:on=selected tabindex="-1" aria-rowindex=at + 2 data-mark=word(&row.mark)>
            <td class="within" title=location.slot.clone().unwrap_or_default()>{name}</td>
            {mark}
            <td>{tx}</td>
            <td class="mono" title=value.clone()>{value.clone()}</td>
        </tr>
    }
    .into_any()
}

fn word(mark: &ListMark) -> &'static str {
    match mark {
        ListMark::Same => "same",
        ListMark::Missing => "missing",
        ListMark::Extra => "extra",
        ListMark::Different(_) => "different",
        ListMark::Outside => "outside",
    }
}
