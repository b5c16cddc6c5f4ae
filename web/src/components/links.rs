//! Transactions and locations as links that select them.

use std::sync::Arc;

use evm_lanes_core::units::{LocationId, TxIndex};
use leptos::prelude::*;

use crate::state::{Intents, Selection, Slice};
use crate::view::model::RunModel;

/// A transaction as a link that selects it.
#[component]
pub fn TxLink(tx: TxIndex, model: Arc<RunModel>, intents: Intents) -> impl IntoView {
    let colour = model.colour(tx);
    let spoken = format!("transaction {tx} {}", model.label(tx));
    view! {
        <button class="link" type="button" aria-label=spoken on:click=move |e| {
            e.stop_propagation();
            intents.select_tx(tx);
        }>
            <span class=format!("tag hue-{colour}")></span>
            {tx.0}
        </button>
    }
}

/// Several transactions; beyond a dozen only how many.
#[component]
pub fn TxLinks(txs: Vec<TxIndex>, model: Arc<RunModel>, intents: Intents) -> impl IntoView {
    const SHOWN: usize = 12;
    let more = txs.len().saturating_sub(SHOWN);
    let links = txs
        .into_iter()
        .take(SHOWN)
        .map(|tx| view! { <TxLink tx model=model.clone() intents/> })
        .collect_view();
    view! { <span class="chips">{links} {(more > 0).then(|| format!("and {more} more"))}</span> }
}

/// A location's name as a link that selects it.
#[component]
pub fn LocationLink(
    location: LocationId,
    #[prop(into)] name: String,
    selection: Slice<Selection>,
    intents: Intents,
) -> impl IntoView {
    view! {
        <button class="link mono" type="button"
            aria-pressed=move || (selection.get().location == Some(location)).to_string()
            on:click=move |e| {
                e.stop_propagation();
                intents.select_location(location);
            }>{name}</button>
    }
}
