//! Tables: transactions, locations, contracts.

use std::sync::Arc;

use evm_lanes_core::units::{Ticks, TxIndex};
use leptos::prelude::*;

use super::links::{LocationLink, TxLinks};
use super::rows::Rows;
use crate::state::{Intents, Selection, Slice};
use crate::view::format::{Unit, count, counted, factor, share, shortened};
use crate::view::inspect;
use crate::view::model::RunModel;
use crate::view::navigate;
use crate::view::spent::{self, Part, Spent};

/// Every transaction in block order: what the pictures show, as text.
#[component]
pub fn Transactions(
    model: Slice<Option<Arc<RunModel>>>,
    selection: Slice<Selection>,
    query: Slice<String>,
    intents: Intents,
) -> impl IntoView {
    let rows = Memo::new(move |_| {
        let query = query.get();
        model
            .with(|m| {
                m.as_ref().map(|m| {
                    if query.trim().is_empty() {
                        m.positions().collect()
                    } else {
                        navigate::search(m, &query)
                    }
                })
            })
            .unwrap_or_default()
    });
    let generation = move || model.with(|m| m.as_ref().map_or(0, |m| Arc::as_ptr(m) as usize));
    let row = move |at: usize, tx: TxIndex| match model.get_untracked() {
        Some(model) => view! { <Row model tx at selection intents/> }.into_any(),
        None => ().into_any(),
    };
    view! {
        <table class="table" aria-rowcount=move || rows.with(|r| r.len() + 1).to_string()>
            <caption class="hidden">"Transactions in block order"</caption>
            <thead><tr aria-rowindex="1">
                <th scope="col">"#"</th>
                <th scope="col">"What"</th>
                <th scope="col">"From → to"</th>
                <th scope="col">"Result"</th>
                <th scope="col" class="number">"Gas"</th>
                <th scope="col" class="number">"Alone"</th>
                <th scope="col" class="number">"Attempts"</th>
                <th scope="col">"Ran again because of"</th>
                <th scope="col" class="number">"Lane"</th>
                <th scope="col">"Reads from"</th>
            </tr></thead>
            // What is selected elsewhere is scrolled into sight here.
            <Rows keys=Signal::from(rows) generation=Signal::derive(generation) limit=500 columns=10
                reveal=Signal::derive(move || selection.get().tx) row/>
        </table>
        {move || (rows.with(Vec::is_empty) && model.with(Option::is_some)).then(|| view! {
            <p class="empty">{move || if query.get().is_empty() { "No transactions." } else { "No transaction matches." }}</p>
        })}
        {move || model.with(Option::is_none).then(|| view! { <p class="empty">"Run the block to see its transactions."</p> })}
    }
}

#[component]
fn Row(
    model: Arc<RunModel>,
    tx: TxIndex,
    at: usize,
    selection: Slice<Selection>,
    intents: Intents,
) -> impl IntoView {
    let summary = model.report.transactions.get(tx.index()).cloned();
    let colour = model.colour(tx);
    let attempts = model.attempts_of.get(tx.index()).map_or(0, Vec::len);
    let lane = model.committed_attempt(tx).map(|a| (a.lane.0 + 1).to_string()).unwrap_or_default();
    let waited = inspect::waited_for(&model, tx);
    let sources = model.sources.get(tx.index()).cloned().unwrap_or_default();
    let (label, route, status, success, gas, alone) = match summary {
        Some(s) => {
            let to = match (&s.to, &s.call) {
                (Some(to), Some(call)) => format!("{}.{call}", shortened(to)),
                (Some(to), None) => shortened(to),
                (None, _) => "new contract".to_owned(),
            };
            (
                s.label,
                format!("{} → {to}", shortened(&s.from)),
                s.status,
                s.success,
                count(s.gas.0),
                model.ticks(s.sequential_time),
            )
        }
        None => Default::default(),
    };
    let links = |txs: Vec<TxIndex>| {
        if txs.is_empty() {
            "–".into_any()
        } else {
            view! { <TxLinks txs model=model.clone() intents/> }.into_any()
        }
    };
    view! {
        <tr class:on=move || selection.get().tx == Some(tx) aria-rowindex=at + 2
            aria-current=move || (selection.get().tx == Some(tx)).then_some("true")
            on:click=move |_| {
                intents.go_to(tx);
            }>
            <td><button type="button" class="link" on:click=move |e| {
                e.stop_propagation();
                intents.go_to(tx);
            }>{tx.0}</button></td>
            <td><span class=format!("tag hue-{colour}")></span>{label}</td>
            <td class="mono" title=route.clone()>{route.clone()}</td>
            <td class=if success { "" } else { "wrong" }>{status}</td>
            <td class="number">{gas}</td>
            <td class="number">{alone}</td>
            <td class="number">{attempts}</td>
            <td>{links(waited)}</td>
            <td class="number">{lane}</td>
            <td>{links(sources)}</td>
        </tr>
    }
}

/// What the lanes' time went into: the drawn run, as numbers. All lanes together, with what each part is, then lane by
/// lane.
#[component]
pub fn Time(model: Slice<Option<Arc<RunModel>>>) -> impl IntoView {
    let shown = |ticks: f64, of: f64| if ticks > 0.0 { share(ticks / of) } else { "–".to_owned() };
    let parts = move |total: Spent, unit: Unit, simulated: bool| {
        let sum = total.iter().sum::<f64>().max(1.0);
        Part::ALL
            .into_iter()
            .zip(total)
            .filter(|(part, _)| part.is_of(simulated))
            .map(|(part, ticks)| {
                let text = if ticks > 0.0 { unit.text(Ticks::from_f64(ticks)) } else { "–".to_owned() };
                view! {
                    <tr role="row" data-part=part.name() data-ticks=ticks.to_string()>
                        <th role="rowheader" scope="row"><super::lanes::Key kind=part.drawn()/>{part.name()}</th>
                        <td role="cell" class="number">{shown(ticks, sum)}</td>
                        <td role="cell" class="number">{text}</td>
                        <td role="cell" class="about">{part.about()}</td>
                    </tr>
                }
            })
            .collect_view()
    };
    let lane = move |name: String, spent: Spent, unit: Unit, simulated: bool| {
        let sum = spent.iter().sum::<f64>().max(1.0);
        let cells = Part::ALL
            .into_iter()
            .zip(spent)
            .filter(|(part, _)| part.is_of(simulated))
            .map(|(_, ticks)| {
                view! { <td class="number" title=unit.text(Ticks::from_f64(ticks))>{shown(ticks, sum)}</td> }
            })
            .collect_view();
        view! { <tr><th scope="row">{name}</th>{cells}</tr> }
    };
    let table = move || {
        let model = model.get()?;
        let (unit, simulated) = (model.unit(), model.is_simulated());
        let lanes = spent::by_lane(&model);
        let total = spent::total(&lanes);
        let all = Ticks::from_f64(total.iter().sum());
        let lane = |(i, spent): (usize, &Spent)| lane(format!("Lane {}", i + 1), *spent, unit, simulated);
        let rows = lanes.iter().enumerate().map(lane).collect_view();
        let heads = Part::ALL
            .into_iter()
            .filter(|part| part.is_of(simulated))
            .map(|part| view! { <th scope="col" class="number" title=part.about()>{part.name()}</th> })
            .collect_view();
        let told = format!(
            "{} in the run that is drawn. The parts add up to {} times its duration of {}: {}.",
            if model.is_simulated() { "Simulated" } else { "Measured" },
            counted(model.report.lanes.into(), "lane"),
            model.ticks(model.trace.duration),
            model.ticks(all),
        );
        Some(view! {
            // Roles by name: on narrow screens its rows are laid out as grids, which may cost them their own.
            <table role="table" class="table parts" data-spent=all.0.to_string()>
                <caption>{told}</caption>
                <thead role="rowgroup"><tr role="row">
                    <th role="columnheader" scope="col">"All lanes"</th>
                    <th role="columnheader" scope="col" class="number">"Share"</th>
                    <th role="columnheader" scope="col" class="number">"In all"</th>
                    <th role="columnheader" scope="col" class="about">"What it is"</th>
                </tr></thead>
                <tbody role="rowgroup">{parts(total, unit, simulated)}</tbody>
            </table>
            {(lanes.len() > 1).then(|| view! {
                <table class="table spent">
                    <caption class="hidden">"How each lane spent its time in the run that is drawn"</caption>
                    <thead><tr><th scope="col">"Of the run"</th>{heads}</tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            })}
        })
    };
    view! {
        {table}
        {move || model.with(Option::is_none).then(|| view! { <p class="empty">"Run the block to see how the lanes spent their time."</p> })}
    }
}

/// Locations through which transactions depended on each other.
#[component]
pub fn Locations(
    model: Slice<Option<Arc<RunModel>>>,
    selection: Slice<Selection>,
    intents: Intents,
) -> impl IntoView {
    const MOST: usize = 300;
    let rows = move || {
        let model = model.get()?;
        let all = model.report.analysis.hot.len();
        let rows = model
            .report
            .analysis
            .hot
            .iter()
            .take(MOST)
            .map(|hot| {
                let location = hot.location;
                let name = model.location(location);
                view! {
                    <tr class:on=move || selection.get().location == Some(location)
                        on:click=move |_| intents.select_location(location)>
                        <td><LocationLink location name selection intents/></td>
                        <td class="number">{count(hot.edges.into())}</td>
                        <td class="number">{count(hot.writers.into())}</td>
                        <td class="number">{count(hot.readers.into())}</td>
                        <td class="number" class:wrong=hot.aborts.gt(&0)>{count(hot.aborts.into())}</td>
                    </tr>
                }
            })
            .collect_view();
        Some(view! {
            <table class="table">
                <caption>"Locations that made transactions depend on each other, hottest first"</caption>
                <thead><tr>
                    <th scope="col">"Location"</th>
                    <th scope="col" class="number">"Dependencies"</th>
                    <th scope="col" class="number">"Writers"</th>
                    <th scope="col" class="number">"Readers"</th>
                    <th scope="col" class="number">"Aborts"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
            {(all == 0).then(|| view! { <p class="empty">"No location made a transaction depend on another: all of them could have run at the same time."</p> })}
            {(all > MOST).then(|| view! { <p class="empty">{format!("The {MOST} hottest of {}.", count(all as u64))}</p> })}
        })
    };
    let touched = move || {
        let (model, location) = (model.get()?, selection.get().location?);
        let (writers, readers) = inspect::touching(&model, location);
        Some(view! {
            <div class="touched">
                <b class="mono">{model.location(location)}</b>
                <span>"written by "<TxLinks txs=writers model=model.clone() intents/></span>
                <span>"read by "<TxLinks txs=readers model=model.clone() intents/></span>
            </div>
        })
    };
    view! { {touched} <Attributed model selection intents/> {rows} }
}

/// What could be changed: how much shorter the longest chain would be without each location, and who is on it.
#[component]
fn Attributed(
    model: Slice<Option<Arc<RunModel>>>,
    selection: Slice<Selection>,
    intents: Intents,
) -> impl IntoView {
    move || {
        let model = model.get()?;
        let analysis = &model.report.analysis;
        if analysis.attribution.is_empty() {
            return None;
        }
        let all = model.report.timing.sequential_median.as_f64();
        let rows = analysis
            .attribution
            .iter()
            .map(|cost| {
                let named = cost.locations.clone();
                let links = cost.locations.iter().enumerate().map(|(i, location)| view! {
                    {(i > 0).then_some(", ")}<LocationLink location=*location name=model.location(*location) selection intents/>
                }).collect_view();
                view! {
                    <tr class:on=move || selection.get().location.is_some_and(|l| named.contains(&l))>
                        <td>{links}</td>
                        <td class="number">{count(cost.edges.into())}</td>
                        <td class="number">{model.ticks(cost.saved)}</td>
                        <td class="number">{factor(all / cost.path.as_f64().max(1.0))}</td>
                    </tr>
                }
            })
            .collect_view();
        let chain = analysis.critical_path.clone();
        Some(view! {
            <table class="table" data-attribution="">
                <caption>
                    "What costs most: how much shorter the longest chain would be if transactions did not share the location. On the chain: "
                    <TxLinks txs=chain model=model.clone() intents/>
                </caption>
                <thead><tr>
                    <th scope="col">"Without"</th>
                    <th scope="col" class="number">"Steps of the chain"</th>
                    <th scope="col" class="number">"Shorter by"</th>
                    <th scope="col" class="number">"Path limit then"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        })
    }
}

/// Which contracts took part, and where they come from.
#[component]
pub fn Contracts(model: Slice<Option<Arc<RunModel>>>) -> impl IntoView {
    move || {
        let model = model.get();
        let contracts = model.map(|m| m.report.contracts.clone()).unwrap_or_default();
        if contracts.is_empty() {
            return view! {
                <p class="empty">"No contract of the catalogue takes part."</p>
            }
            .into_any();
        }
        let rows = contracts
            .into_iter()
            .map(|c| {
                view! {
                    <tr>
                        <td class="mono">{c.name}</td>
                        <td class="mono" title=c.address.clone()>{shortened(&c.address)}</td>
                        <td>{c.catalogue}</td>
                        <td>{c.package}</td>
                        <td>{c.licence}</td>
                        <td class="mono" title=c.code_hash.clone()>{shortened(&c.code_hash)}</td>
                    </tr>
                }
            })
            .collect_view();
        view! {
            <table class="table">
                <caption class="hidden">"Contracts of the catalogue that take part"</caption>
                <thead><tr>
                    <th scope="col">"Name"</th>
                    <th scope="col">"Address"</th>
                    <th scope="col">"Contract"</th>
                    <th scope="col">"Package"</th>
                    <th scope="col">"Licence"</th>
                    <th scope="col">"Code hash"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any()
    }
}
