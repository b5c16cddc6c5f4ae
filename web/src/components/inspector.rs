//! Everything about the selected transaction.

use std::sync::Arc;

use evm_lanes_core::messages::TxDetail;
use evm_lanes_core::trace::Outcome;
use evm_lanes_core::units::{Incarnation, TxIndex};
use leptos::either::Either;
use leptos::prelude::*;

use super::links::{LocationLink, TxLink, TxLinks};
use crate::state::{DetailState, Intents, Selection, Slice};
use crate::view::format::{count, counted, shortened};
use crate::view::inspect::{self, AccessLine, AttemptLine};
use crate::view::model::RunModel;
use crate::view::navigate;
use crate::view::sentence::Piece;

/// The inspector; on a phone a sheet from below.
#[component]
pub fn Inspector(
    model: Slice<Option<Arc<RunModel>>>,
    selection: Slice<Selection>,
    detail: Slice<DetailState>,
    intents: Intents,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let title = move || {
        model.with(|m| {
            let tx = selection.get().tx?;
            m.as_ref().map(|m| (m.tx_name(tx), m.colour(tx)))
        })
    };
    view! {
        // Busy until the engine has told the call, the logs and the addresses; `data-tx` says of which transaction.
        <aside class="inspector" class:open=move || open.get() aria-label="Selected transaction"
            aria-busy=move || detail.with(|d| matches!(d, DetailState::Asked { .. })).to_string()
            data-tx=move || selection.get().tx.map(|tx| tx.to_string())>
            <button type="button" class="handle" aria-expanded=move || open.get().to_string()
                on:click=move |_| open.update(|o| *o = !*o)>
                {move || title().map(|(name, colour)| view! { <span class=format!("tag hue-{colour}")></span> {name} })}
                <span>{move || if open.get() { "▼ less" } else { "▲ more" }}</span>
            </button>
            {move || match (model.get(), selection.get()) {
                (Some(model), Selection { tx: Some(tx), incarnation, .. }) => {
                    Either::Left(view! { <Story model tx incarnation selection detail intents/> })
                }
                (model, _) => Either::Right(view! {
                    <h2>"Transaction"</h2>
                    <p class="empty">{if model.is_some() {
                        "Select a transaction in the lanes, the graph or the table."
                    } else {
                        "Run the block to inspect a transaction."
                    }}</p>
                }),
            }}
        </aside>
    }
}

#[component]
fn Story(
    model: Arc<RunModel>,
    tx: TxIndex,
    incarnation: Option<Incarnation>,
    selection: Slice<Selection>,
    detail: Slice<DetailState>,
    intents: Intents,
) -> impl IntoView {
    let colour = model.colour(tx);
    let name = model.tx_name(tx);
    let attempts = inspect::attempts(&model, tx);
    let shown = inspect::shown_attempt(&model, tx, incarnation);
    let number = shown.map(|a| a.version.incarnation).unwrap_or_default().number();
    let several = attempts.len() > 1;
    let reads = shown.map(|a| inspect::reads(&model, a)).unwrap_or_default();
    let writes = shown.map(|a| inspect::writes(&model, a)).unwrap_or_default();
    let suffix = if several { format!(" of attempt {number}") } else { String::new() };
    let [previous, next] = [false, true].map(|forward| navigate::in_block(&model, Some(tx), forward));
    let go_to = move |tx: Option<TxIndex>| {
        if let Some(tx) = tx {
            intents.go_to(tx);
        }
    };
    let list = attempts
        .into_iter()
        .map(|line| view! { <Attempt model=model.clone() tx line chosen=incarnation selection intents/> })
        .collect_view();
    let declaration = shown.and_then(|a| inspect::declaration(&model, a));
    view! {
        <h2>"Transaction"</h2>
        <div class="title">
            <span class=format!("tag hue-{colour}")></span><span>{name}</span>
            <span class="steps">
                <button type="button" class="btn small" aria-label="Previous transaction" on:click=move |_| go_to(previous)>"‹"</button>
                <button type="button" class="btn small" aria-label="Next transaction" on:click=move |_| go_to(next)>"›"</button>
            </span>
        </div>
        <Call model=model.clone() tx detail/>
        <Show when=move || is_unavailable(detail)>
            <p class="empty" role="status">"The engine no longer has this transaction’s call and logs: it was restarted, or has run another block since. Run the block again to see them."</p>
        </Show>
        <h3>"Attempts"</h3>
        <ol class="attempts">{list}</ol>
        {declaration.map(|text| view! {
            <h3>"Access list"</h3>
            <p class="declaration" data-declaration="">{text}</p>
        })}
        <h3>{format!("Reads{suffix}")}</h3>
        <Access lines=reads kind=Kind::Reads model=model.clone() selection intents/>
        <h3>{format!("Writes{suffix}")}</h3>
        <Access lines=writes kind=Kind::Writes model selection intents/>
        <Logs detail/>
    }
}

fn is_unavailable(detail: Slice<DetailState>) -> bool {
    detail.with(|d| *d == DetailState::Unavailable)
}

#[component]
fn Call(model: Arc<RunModel>, tx: TxIndex, detail: Slice<DetailState>) -> impl IntoView {
    let Some(summary) = model.report.transactions.get(tx.index()).cloned() else { return Either::Left(()) };
    let status = summary.status.clone();
    let success = summary.success;
    let route = summary.to.clone().unwrap_or_else(|| "creates a contract".to_owned());
    let known = move || detail.with(|d| d.done().filter(|d| d.tx == tx).cloned());
    let call_name = summary.call.clone();
    let alone = if model.is_simulated() {
        "its cost by the model"
    } else if model.report.timing.by_gas {
        "the sequential time of the block, shared out by gas: this browser's clock is too coarse for single transactions"
    } else {
        "measured, median of the sequential runs"
    };
    Either::Right(view! {
        <dl class="kv">
            <dt>"From"</dt>
            <dd class="mono" title=move || known().map(|d| d.from.clone())>{shortened(&summary.from)}</dd>
            <dt>"To"</dt>
            <dd class="mono" title=move || known().and_then(|d| d.to.clone())>{shortened(&route)}</dd>
            {move || known().filter(|d| d.value != "0").map(|d| view! { <dt>"Value"</dt><dd>{wei(&d.value)}</dd> })}
            <dt>"Call"</dt>
            <dd class="mono">{move || if is_unavailable(detail) { "–".into_any() } else { call_text(call_name.clone(), known()) }}</dd>
            <dt>"Result"</dt>
            <dd>
                <span class=if success { "ok" } else { "wrong" }>{status}</span>
                {format!(" · {} gas", count(summary.gas.0))}
                {move || known().map(|d| format!(" · {}", counted(d.logs.len() as u64, "log")))}
            </dd>
            {move || known().and_then(|d| d.reason.clone()).map(|r| view! { <dt>"Reason"</dt><dd class="wrong">{r}</dd> })}
            <dt>"Alone"</dt>
            <dd title=alone>{model.ticks(summary.sequential_time)}</dd>
        </dl>
    })
}

/// A value in wei as ether where that is shorter.
fn wei(value: &str) -> String {
    let digits = value.len();
    if digits > 12 {
        let padded = format!("{value:0>19}");
        let (whole, part) = padded.split_at(padded.len() - 18);
        let part = part.trim_end_matches('0');
        if part.len() <= 9 {
            return if part.is_empty() { format!("{whole} ether") } else { format!("{whole}.{part} ether") };
        }
    }
    format!("{value} wei")
}

fn call_text(name: Option<String>, detail: Option<Arc<TxDetail>>) -> AnyView {
    match detail.as_ref().and_then(|d| d.call.clone()) {
        Some(call) => {
            let last = call.args.len().saturating_sub(1);
            let args = call
                .args
                .iter()
                .enumerate()
                .map(|(i, (name, value))| {
                    let comma = if i < last { "," } else { "" };
                    let text = if name.is_empty() {
                        format!("{value}{comma}")
                    } else {
                        format!("{name}: {value}{comma}")
                    };
                    view! { <span class="args">{text}</span> }
                })
                .collect_view();
            view! { <span title=call.signature.clone()>{call.name.clone()}"("{args}")"</span> }.into_any()
        }
        None => match (name, detail) {
            (Some(name), _) => format!("{name}(…)").into_any(),
            (None, Some(d)) if d.input.len() > 2 => {
                let cut: String = d.input.chars().take(74).collect();
                let more = if d.input.len() > 74 { "…" } else { "" };
                view! { <span title=d.input.clone()>{cut}{more}</span> }.into_any()
            }
            (None, Some(_)) => "plain payment".into_any(),
            (None, None) => "…".into_any(),
        },
    }
}

#[component]
fn Attempt(
    model: Arc<RunModel>,
    tx: TxIndex,
    line: AttemptLine,
    chosen: Option<Incarnation>,
    selection: Slice<Selection>,
    intents: Intents,
) -> impl IntoView {
    let incarnation = line.incarnation;
    let (word, class) = match line.outcome {
        Outcome::Committed => ("committed", "ok"),
        Outcome::Aborted => ("aborted", "wrong"),
        Outcome::Blocked => ("stopped", "wrong"),
    };
    let cause = inspect::why(&model, tx, &line);
    let cause = (!cause.is_empty()).then(|| {
        let pieces = cause.into_iter().map(|piece| match piece {
            Piece::Words(words) => words.into_any(),
            Piece::Location(location, name) => {
                view! { <LocationLink location name selection intents/> }.into_any()
            }
            Piece::Tx(tx) => view! { <TxLink tx model=model.clone() intents/> }.into_any(),
        });
        view! { <p><span>{pieces.collect_view()}</span></p> }
    });
    view! {
        <li class:on=chosen == Some(incarnation)>
            <button type="button" class="pick" aria-pressed=(chosen == Some(incarnation)).to_string() on:click=move |_| {
                intents.select_attempt(tx, incarnation);
                intents.reveal();
            }>
                <b>{incarnation.number()}</b>{format!("lane {} · ", line.lane)}<span class=class>{word}</span>{format!(" · {}", line.time)}
            </button>
            {cause}
        </li>
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Reads,
    Writes,
}

#[component]
fn Access(
    lines: Vec<AccessLine>,
    kind: Kind,
    model: Arc<RunModel>,
    selection: Slice<Selection>,
    intents: Intents,
) -> impl IntoView {
    const MOST: usize = 60;
    if lines.is_empty() {
        return Either::Left(view! { <p class="kv">"nothing"</p> });
    }
    let all = RwSignal::new(lines.len() <= MOST);
    let total = lines.len();
    let lines = StoredValue::new(lines);
    let rows = move || {
        let most = if all.get() { usize::MAX } else { MOST };
        lines.with_value(|lines| lines.iter().take(most).cloned().collect::<Vec<_>>()).into_iter().map(|line| {
            let location = line.location;
            let other = match (kind, line.others.is_empty()) {
                (Kind::Reads, true) => "before block".into_any(),
                (Kind::Reads, false) => {
                    let before = line.before_block.then_some(" and before");
                    view! { <TxLinks txs=line.others.clone() model=model.clone() intents/>{before} }.into_any()
                }
                (Kind::Writes, true) => "–".into_any(),
                (Kind::Writes, false) => view! { <TxLinks txs=line.others.clone() model=model.clone() intents/> }.into_any(),
            };
            view! {
                <tr class:on=move || selection.get().location == Some(location)>
                    <td>
                        <span class:hot=line.hot><LocationLink location name=line.name.clone() selection intents/></span>
                        {line.increment.then_some(" (added)")}
                        {line.declared.map(|declared| if declared {
                            view! { <small>" declared"</small> }.into_any()
                        } else {
                            view! { <small class="wrong">" undeclared"</small> }.into_any()
                        })}
                    </td>
                    <td>{other}</td>
                </tr>
            }
        }).collect_view()
    };
    Either::Right(view! {
        <table class="access">
            <thead><tr><th scope="col">"Location"</th><th scope="col">{if kind == Kind::Reads { "From" } else { "Read by" }}</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
        <Show when=move || !all.get()>
            <p class="kv"><button type="button" class="btn small" on:click=move |_| all.set(true)>{format!("All {total}")}</button></p>
        </Show>
    })
}

#[component]
fn Logs(detail: Slice<DetailState>) -> impl IntoView {
    move || {
        let detail = detail.with(|d| d.done().cloned())?;
        (!detail.logs.is_empty()).then(|| {
            let logs = detail.logs.iter().map(|log| {
                let args: Vec<String> = log.args.iter().map(|(n, v)| {
                    let v = shortened(v);
                    if n.is_empty() { v } else { format!("{n}: {v}") }
                }).collect();
                let name = log.name.clone().unwrap_or_else(|| "log".to_owned());
                view! { <li class="mono">{format!("{}.{name}({})", shortened(&log.contract), args.join(", "))}</li> }
            }).collect_view();
            view! { <h3>"Logs"</h3><ul class="logs">{logs}</ul> }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::wei;

    #[test]
    fn a_value_is_written_in_the_unit_that_is_short() {
        for (value, expected) in [
            ("1000000000000000000", "1 ether"),
            ("1500000000000000000", "1.5 ether"),
            ("250000000000000000", "0.25 ether"),
            ("21000", "21000 wei"),
            ("1000000000000000001", "1000000000000000001 wei"),
        ] {
            assert_eq!(wei(value), expected);
        }
    }
}
