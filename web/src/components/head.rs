//! What the run says: headline, story, equality, figures, limits.

use std::sync::Arc;

use evm_lanes_core::messages::{HeaderCheck, Phase};
use evm_lanes_core::trace::Clock;
use evm_lanes_core::units::Ticks;
use leptos::either::Either;
use leptos::prelude::*;

use super::links::{LocationLink, TxLink};
use crate::state::{
    Activity, Dialog, Document, EngineState, Intents, Picture, Selection, Slice, Source, Work, Written,
    can_be_repeated, dom,
};
use crate::view::format::{count, counted, share, shortened};
use crate::view::limits::{self, Side};
use crate::view::model::RunModel;
use crate::view::sentence::{self, Piece};

/// The headline and everything below it.
#[component]
pub fn Head(
    model: Slice<Option<Arc<RunModel>>>,
    picture: Slice<Picture>,
    selection: Slice<Selection>,
    written: Written,
    work: Work,
    intents: Intents,
) -> impl IntoView {
    view! {
        <section class="head" aria-label="What the run says" role=dom::landmark()>
            {move || match model.get() {
                Some(model) => Either::Left(view! { <Summary model picture selection written work intents/> }),
                None => Either::Right(view! { <Waiting work/> }),
            }}
        </section>
    }
}

/// What is being done, in words.
fn phase_words(work: Work) -> String {
    match work.activity.get() {
        Activity::Running { cancelling: true, .. } => "Cancelling…".to_owned(),
        Activity::Running { phase, done, total, .. } => {
            let words = match phase {
                Phase::Preparing => "Preparing: accounts, contracts, set-up calls",
                Phase::WarmingUp => "Warming up the engine",
                Phase::Measuring => "Measuring, sequential and parallel in turn",
                Phase::Simulating => "Simulating lanes",
                Phase::Reducing => "Looking for the smallest block that still differs",
                Phase::Verifying => "Comparing with sequential execution",
                Phase::Analysing => "Analysing dependencies and limits",
            };
            if phase == Phase::Reducing {
                format!("{words}: {} so far…", counted(done.into(), "run"))
            } else if total > 0 {
                format!("{words}, {done} of {total}…")
            } else {
                format!("{words}…")
            }
        }
        Activity::Failed(_) => "This did not run".to_owned(),
        Activity::Cancelled => "Cancelled. Nothing else was changed.".to_owned(),
        Activity::Idle => match work.engine.get() {
            EngineState::Starting => "Starting the engine…".to_owned(),
            EngineState::Restarting { .. } => "Starting the engine again…".to_owned(),
            EngineState::Failed { .. } => "The engine is not running".to_owned(),
            EngineState::Ready { .. } => "Ready to run".to_owned(),
        },
    }
}

#[component]
fn Waiting(work: Work) -> impl IntoView {
    view! {
        <div>
            <h1>{move || phase_words(work)}</h1>
            <p class="story">"A block of Ethereum transactions runs in parallel on your own cores. See what limited its speed."</p>
        </div>
    }
}

#[component]
fn Summary(
    model: Arc<RunModel>,
    picture: Slice<Picture>,
    selection: Slice<Selection>,
    written: Written,
    work: Work,
    intents: Intents,
) -> impl IntoView {
    let headline = sentence::headline(&model);
    let story = sentence::story(&model)
        .into_iter()
        .map(|piece| match piece {
            Piece::Words(words) => view! { <span>{words}</span> }.into_any(),
            Piece::Location(location, name) => {
                view! { <code><LocationLink location name selection intents/></code> }.into_any()
            }
            Piece::Tx(tx) => view! { <TxLink tx model=model.clone() intents/> }.into_any(),
        })
        .collect_view();
    let taken = sentence::taken_in_full(&model);
    let chosen = sentence::chosen(&model);
    view! {
        <div class="told">
            <h1>{headline}</h1>
            {move || picture.with(|picture| picture.words().map(|words| view! {
                <p class="recorded" data-picture=picture.name()>{words}</p>
            }))}
            {chosen.map(|chosen| view! {
                <p class="story" data-chosen="">{chosen}" "
                    <button type="button" class="link" on:click=move |_| intents.open_dialog(Dialog::Strategies)>"How it is chosen"</button>
                </p>
            })}
            <TooShort model=model.clone() document=written.document intents/>
            <Report model=model.clone() ran=written.ran is_running=work.is_running intents/>
            <p class="story">{story}</p>
            <p class="now" role="status">{move || {
                let running = work.is_running.get();
                let cancelled = work.activity.with(|a| *a == Activity::Cancelled);
                if running || cancelled {
                    Some(phase_words(work))
                } else if written.is_stale.get() && work.activity.with(|a| matches!(a, Activity::Failed(_))) {
                    Some("Showing the previous run; your last edit has not run yet.".to_owned())
                } else if written.is_stale.get() {
                    Some("The scenario has changed since this run. Run it again.".to_owned())
                } else {
                    None
                }
            }}</p>
        </div>
        <Verdict model=model.clone()/>
        <Figures model=model.clone()/>
        <p class="measured">{taken}</p>
    }
}

/// What helps where a block is too short to measure.
#[component]
fn TooShort(model: Arc<RunModel>, document: Slice<Document>, intents: Intents) -> impl IntoView {
    sentence::too_short(&model).map(|words| {
        let simulated = model.is_simulated();
        let can_repeat = move || document.with(can_be_repeated);
        view! {
            <p class="story" data-too-short="">{words}" "
                <Show when=can_repeat>
                    <button type="button" class="link" on:click=move |_| intents.repeat_block()>"Repeat the block"</button>" "
                </Show>
                <Show when=move || !simulated>
                    <button type="button" class="link" on:click=move |_| intents.set_clock(Clock::Simulated)>
                        "Run on simulated lanes"
                    </button>
                </Show>
            </p>
        }
    })
}

/// What a person can do with a run that differs: a document that is as small as can be, and its link.
#[component]
fn Report(
    model: Arc<RunModel>,
    ran: Slice<Option<Source>>,
    is_running: Slice<bool>,
    intents: Intents,
) -> impl IntoView {
    model.report.verdict.difference.as_ref()?;
    let is_scenario = move || ran.with(|ran| matches!(ran, Some(Source::Scenario(_))));
    Some(view! {
        <p class="story" data-report="">
            "This is a bug in the engine. Please report it. "
            <Show when=is_scenario fallback=|| "Send the block’s file, too.">
                <button type="button" class="link" disabled=move || is_running.get()
                    on:click=move |_| intents.report_difference()>"Report this"</button>
                " makes the smallest block that still differs, and its link."
            </Show>
        </p>
    })
}

#[component]
fn Verdict(model: Arc<RunModel>) -> impl IntoView {
    let verdict = model.report.verdict.clone();
    let compared = format!(
        "{} and {} of the state after the block compared",
        counted(verdict.receipts.into(), "receipt"),
        counted(verdict.accounts.into(), "account")
    );
    let header_differs = model.report.header.as_ref().is_some_and(|check| check.difference.is_some());
    let differs = verdict.difference.is_some() || header_differs;
    let badge = match verdict.difference {
        None => {
            let (what, root) = match verdict.state_root {
                Some(root) => ("state", root),
                None => ("receipts", verdict.receipts_root.clone()),
            };
            Either::Left(view! {
                <span class="badge" title=compared.clone()>
                    "✓ Equal to sequential"
                    <span class="mono" title=root.clone()>{what}" "{shortened(&root)}</span>
                </span>
                <span class="hidden">{compared}</span>
            })
        }
        Some(difference) => Either::Right(view! {
            <span class="badge bad" role="alert">"✗ Differs from sequential: "{difference}</span>
        }),
    };
    view! {
        <div class="verdict" class:differs=differs>
            {badge}
            {model.report.header.clone().map(|check| view! { <Header check/> })}
        </div>
    }
}

/// Ours against the real block's header.
#[component]
fn Header(check: HeaderCheck) -> impl IntoView {
    let against = if check.known { "header" } else { "file" };
    let rows = check
        .figures
        .iter()
        .map(|figure| {
            view! {
                <tr>
                    <th scope="row">{figure.name.clone()}</th>
                    <td class="mono" title=figure.ours.clone()>{shortened(&figure.ours)}</td>
                    <td class="mono" title=figure.header.clone()>{shortened(&figure.header)}</td>
                    <td class=if figure.equal { "ok" } else { "wrong" }>
                        {if figure.equal { "✓ equal" } else { "✗ different" }}
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="checks" data-header-check="">
            <thead><tr>
                <th scope="col">{format!("Block {}, {}", count(check.number), check.fork)}</th>
                <th scope="col">"here"</th>
                <th scope="col">{against}</th>
                <th scope="col"><span class="hidden">"equal"</span></th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
        {check.difference.map(|d| view! { <span class="wrong" role="alert">{d}</span> })}
    }
}

#[component]
fn Figures(model: Arc<RunModel>) -> impl IntoView {
    let report = &model.report;
    let timing = &report.timing;
    let alone = report.strategy.is_sequential();
    let simulated = model.is_simulated();
    let rounds = |times: &[Ticks]| {
        if simulated {
            return sentence::taken(&model);
        }
        let times: Vec<String> = times.iter().map(|t| model.ticks(*t)).collect();
        format!("measured; rounds: {}", times.join(", "))
    };
    let counted_title = "counted in the run that is drawn";
    let shared_title =
        if simulated { "simulated, in the run that is drawn" } else { "measured in the run that is drawn" };
    let figures = if alone {
        vec![("Sequential", model.ticks(timing.parallel_median), rounds(&timing.parallel))]
    } else {
        let lanes = if report.lanes == 1 { "1 lane" } else { "Parallel" };
        vec![
            ("Sequential", model.ticks(timing.sequential_median), rounds(&timing.sequential)),
            (lanes, model.ticks(timing.parallel_median), rounds(&timing.parallel)),
            (
                "Speed-up",
                model.speed_up_text(),
                if simulated {
                    "simulated: the costs of all transactions over the time of the last lane".to_owned()
                } else {
                    "measured: sequential median over parallel median".to_owned()
                },
            ),
            ("Run twice", count(report.analysis.rerun.into()), counted_title.to_owned()),
            ("Aborts", count(report.analysis.aborts.into()), counted_title.to_owned()),
            ("Wasted work", share(report.analysis.wasted), shared_title.to_owned()),
            ("Lanes busy", share(report.analysis.busy), shared_title.to_owned()),
        ]
    };
    let figures = figures
        .into_iter()
        .map(|(name, value, title)| view! { <div title=title><dt>{name}</dt><dd>{value}</dd></div> })
        .collect_view();
    view! {
        <div class="figures">
            <dl>{figures}</dl>
            {(!alone).then(|| view! { <LimitBar model/> })}
        </div>
    }
}

#[component]
fn LimitBar(model: Arc<RunModel>) -> impl IntoView {
    let bar = limits::bar(&model);
    let slow = bar.reached < bar.one;
    let percent = |share: f64| format!("{:.2}%", share * 100.0);
    let side = |side: Side| match side {
        Side::Centre => "text",
        Side::Before => "text before",
        Side::After => "text after",
    };
    let marks = bar
        .marks
        .iter()
        .map(|mark| {
            let text = mark.side.map(|s| {
                let class = format!("{}{}", side(s), if mark.binding { " binding" } else { "" });
                view! { <span class=class style:left=percent(mark.at) title=mark.title.clone()>{mark.text.clone()}</span> }
            });
            view! {
                <span class="mark" class:binding=mark.binding style:left=percent(mark.at)
                    title=format!("{}: {}", mark.text, mark.title)></span>
                {text}
            }
        })
        .collect_view();
    let reached = bar.reached_side.map(|s| view! {
        <span class=format!("{} reached", side(s)) style:left=percent(bar.reached)>{bar.reached_text.clone()}</span>
    });
    view! {
        <div class="limit">
            <p aria-hidden="true">"Speed-up against its limits"</p>
            <div class="track" role="img" aria-label=bar.sentence.clone()>
                <i class:slow=slow style:width=percent(bar.reached)></i>
                <span class="one" style:left=percent(bar.one) title="sequential speed"></span>
                {marks}
                {reached}
            </div>
        </div>
    }
}
