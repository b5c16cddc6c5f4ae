//! Leptos components: they receive values and emit intents; arithmetic lives in `view`.

mod app;
mod compare;
mod curve;
mod dialogs;
mod editor;
mod focus;
mod graph;
mod head;
mod header;
mod inspector;
mod keys;
mod lanes;
mod list;
mod measure;
mod rows;
mod tables;
mod tabs;

pub use app::App;

use leptos::prelude::*;

use crate::state::Page;

/// A transaction as a link that selects it.
#[component]
fn TxLink(page: Page, tx: u32) -> impl IntoView {
    let colour = page.model.with_untracked(|m| m.as_ref().map_or(0, |m| m.colour(tx)));
    let label = page.model.with_untracked(|m| m.as_ref().map(|m| m.label(tx).to_owned())).unwrap_or_default();
    let spoken = format!("transaction {tx} {label}");
    view! {
        <button class="link" type="button" aria-label=spoken on:click=move |e| {
            e.stop_propagation();
            page.select_tx(tx);
        }>
            <span class=format!("tag hue-{colour}")></span>
            {tx}
        </button>
    }
}

/// Several transactions; beyond a dozen only how many.
#[component]
fn TxLinks(page: Page, txs: Vec<u32>) -> impl IntoView {
    const SHOWN: usize = 12;
    let more = txs.len().saturating_sub(SHOWN);
    let links = txs.into_iter().take(SHOWN).map(|tx| view! { <TxLink page tx/> }).collect_view();
    view! { <span class="chips">{links} {(more > 0).then(|| format!("and {more} more"))}</span> }
}

/// A location's name as a link that selects it.
#[component]
fn LocationLink(page: Page, location: u32, #[prop(into)] name: String) -> impl IntoView {
    view! {
        <button class="link mono" type="button"
            aria-pressed=move || (page.selection.get().location == Some(location)).to_string()
            on:click=move |e| {
                e.stop_propagation();
                page.select_location(location);
            }>{name}</button>
    }
}
