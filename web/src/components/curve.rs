//! Speed-up over the number of lanes, for every strategy: a chart, and the same as a table.

use std::sync::Arc;

use evm_lanes_core::messages::Curve as Points;
use evm_lanes_core::strategies::StrategyId;
use leptos::prelude::*;

use super::measure::size_of;
use crate::state::{CurveState, Document, EngineState, Intents, Screen, Setup, Slice, Work};
use crate::view::curve::{self, LANES, speed_up};
use crate::view::format::{Unit, count, factor, share};
use crate::view::model::RunModel;
use crate::view::scale::rem;
use crate::view::sentence::{self, strategy_name};

const HEIGHT: f64 = 300.0;

/// The tab of the curve.
#[component]
pub fn Curve(
    curve: Slice<CurveState>,
    document: Slice<Document>,
    setup: Setup,
    work: Work,
    model: Slice<Option<Arc<RunModel>>>,
    screen: Slice<Screen>,
    intents: Intents,
) -> impl IntoView {
    let room: NodeRef<leptos::html::Div> = NodeRef::new();
    let size = size_of(room, screen);
    let ready = move || matches!(work.engine.get(), EngineState::Ready { .. }) && !work.is_running.get();
    let running = move || curve.with(|c| matches!(c, CurveState::Running { .. }));
    let words = move || {
        curve.with(|c| match c {
            CurveState::None => "Every strategy on 1 to 256 simulated lanes, with both limits.".to_owned(),
            CurveState::Running { done, total: 0, .. } if *done == 0 => "Preparing…".to_owned(),
            CurveState::Running { done, total, .. } => format!("{done} of {total} runs…"),
            CurveState::Failed(why) => why.clone(),
            CurveState::Done { curve, source, .. } => {
                let by = format!(
                    "Simulated by {}, seed {}.",
                    sentence::cost_name(curve.model.cost),
                    curve.model.seed
                );
                if document.with(|d| d.source == *source) && setup.cost_model.get() == curve.model {
                    by
                } else {
                    format!("{by} The scenario or the model has changed since. Draw the curve again.")
                }
            }
        })
    };
    let drawn = move || {
        curve.with(|c| match c {
            CurveState::Done { curve, .. } => Some(curve.clone()),
            _ => None,
        })
    };
    view! {
        <div class="tools">
            // One button for both, never `disabled`: the focus stays on it.
            <button type="button" class="btn small" class:go=move || !running()
                aria-disabled=move || (!running() && !ready()).to_string()
                on:click=move |_| if untrack(running) {
                    intents.cancel_curve();
                } else if untrack(ready) {
                    intents.draw_curve();
                }>{move || if running() { "Cancel" } else { "Draw the curve" }}</button>
            <span role="status">{words}</span>
        </div>
        <div node_ref=room data-curve=move || drawn().map(|c| c.points.len().to_string())>
            {move || drawn().map(|curve| {
                let width = size.get().0;
                view! { <Chart curve=curve.clone() width setup model/> <Table curve intents/> }
            })}
        </div>
    }
}

#[component]
fn Chart(curve: Arc<Points>, width: f64, setup: Setup, model: Slice<Option<Arc<RunModel>>>) -> impl IntoView {
    let width = width.max(320.0);
    let chart = curve::chart(&curve, &LANES, width, HEIGHT);
    let (left, top, right, bottom) = chart.field;
    let said = chart
        .lines
        .iter()
        .filter_map(|line| {
            let best = line
                .points
                .iter()
                .max_by(|a, b| speed_up(&curve, &a.2).total_cmp(&speed_up(&curve, &b.2)))?;
            Some(format!(
                "{} reaches {} on {} lanes",
                strategy_name(line.strategy),
                factor(speed_up(&curve, &best.2)),
                best.2.lanes
            ))
        })
        .collect::<Vec<_>>()
        .join("; ");
    let across = chart
        .across
        .into_iter()
        .map(|(x, text)| {
            view! {
                <path class="grid" d=format!("M{:.1} {top}V{bottom}", x.0)></path>
                <text class="mark" x=x.0 y=bottom + 15.0>{text}</text>
            }
        })
        .collect_view();
    let up = chart
        .up
        .into_iter()
        .map(|(y, text)| {
            view! {
                <path class="grid" d=format!("M{left} {:.1}H{right}", y.0)></path>
                <text class="mark up" x=left - 6.0 y=y.0 + 4.0>{text}</text>
            }
        })
        .collect_view();
    let path = chart.path_limit.map(|(y, text)| {
        view! {
            <path class="limit-line" d=format!("M{left} {:.1}H{right}", y.0)></path>
            <text class="limit-name" x=left + 6.0 y=y.0 - 4.0>{text}</text>
        }
    });
    let lines = chart
        .lines
        .into_iter()
        .map(|line| {
            let strategy = line.strategy;
            let dots = line
                .points
                .iter()
                .map(|(x, y, _)| view! { <circle cx=x.0 cy=y.0 r="2.6"></circle> })
                .collect_view();
            view! {
                <g class=format!("line style-{}", line.style) class:on=move || setup.strategy.get() == strategy
                    || model.with(|m| m.as_ref().is_some_and(|m| {
                        m.report.chosen.is_some() && m.asked() == setup.strategy.get() && m.report.strategy == strategy
                    }))>
                    <path d=line.path></path>
                    {dots}
                    <text x=line.name_at.0.0 y=line.name_at.1.0 + 4.0>{strategy_name(strategy)}</text>
                </g>
            }
        })
        .collect_view();
    view! {
        <svg class="curve" role="img" aria-label=format!("Speed-up over lanes. {said}.") style:width=rem(width) style:height=rem(HEIGHT)
            viewBox=format!("0 0 {width:.1} {HEIGHT}")>
            {across}{up}
            <path class="limit-line work" d=chart.work_limit></path>
            {path}
            {lines}
            <text class="mark" x=right y=bottom + 15.0 text-anchor="end" visibility="hidden">"lanes"</text>
        </svg>
    }
}

/// The same as numbers; each leads to its run.
#[component]
fn Table(curve: Arc<Points>, intents: Intents) -> impl IntoView {
    let heads = LANES.map(|n| view! { <th scope="col" class="number">{n}</th> }).collect_view();
    let room = |p: &evm_lanes_core::messages::CurvePoint| p.duration.as_f64() * f64::from(p.lanes);
    let unit = Unit::of_cost(curve.model.cost);
    let rows = StrategyId::ALL
        .into_iter()
        .filter(|s| !s.is_sequential())
        .map(|strategy| {
            let cells = LANES
                .map(|lanes| {
                    let Some(p) =
                        curve.points.iter().find(|p| p.strategy == strategy && p.lanes == lanes).copied()
                    else {
                        return view! { <td></td> }.into_any();
                    };
                    let speed = factor(speed_up(&curve, &p));
                    let title = format!(
                        "{}: {} aborts; of the lanes' time {} went into attempts that did not commit, {} into those that did",
                        unit.text(p.duration),
                        count(p.aborted.into()),
                        share(p.wasted.as_f64() / room(&p).max(1.0)),
                        share(p.utilisation)
                    );
                    let label = format!("{} on {lanes} lanes: {speed}", strategy_name(strategy));
                    view! {
                        <td class="number" title=title>
                            <button type="button" class="link" aria-label=format!("{speed}, {label}")
                                on:click=move |_| intents.show_curve_point(strategy, lanes)>{speed.clone()}</button>
                            <small>{(p.aborted > 0).then(|| count(p.aborted.into()))}</small>
                        </td>
                    }
                    .into_any()
                })
                .collect_view();
            view! { <tr><th scope="row">{strategy_name(strategy)}</th>{cells}</tr> }
        })
        .collect_view();
    let limit = |name: &'static str, of: fn(&evm_lanes_core::analysis::Limits) -> f64| {
        let cells =
            curve.limits.iter().map(|l| view! { <td class="number">{factor(of(l))}</td> }).collect_view();
        view! { <tr class="limits"><th scope="row">{name}</th>{cells}</tr> }
    };
    view! {
        <table class="table of-curve">
            <caption>"Speed-up by number of lanes; small: aborts. Each opens its run."</caption>
            <thead><tr><th scope="col">"Lanes"</th>{heads}</tr></thead>
            <tbody>{rows}{limit("limit: path", |l| l.path)}{limit("limit: work", |l| l.work)}</tbody>
        </table>
    }
}
