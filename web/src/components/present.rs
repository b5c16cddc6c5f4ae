//! The page for a room: a lesson's step, or the headline, beside the lanes, in large type. What each key does says
//! `view/present.rs`; what happens, `session/present.rs`.

use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;

use super::header::{LanesStepper, StrategyPicker};
use super::lanes::Lanes;
use super::lesson::OpenStep;
use super::notices::{Notices, Progress};
use crate::state::{
    Intents, LessonEvent, LessonState, Link, MAX_MINUTES, Notice, PinnedRuns, Present, PresentEvent, Screen,
    Setup, Shown, Slice, Theme, TimeView, Work, Written, dom, link,
};
use crate::view::model::RunModel;
use crate::view::present::{clock, code};
use crate::view::sentence::{self, Piece};

/// What a room sees.
#[component]
pub fn Presenter(
    present: Slice<Option<Present>>,
    lesson: Slice<Option<LessonState>>,
    written: Written,
    setup: Setup,
    work: Work,
    shown: Shown,
    time: TimeView,
    pinned: PinnedRuns,
    notice: Slice<Option<Notice>>,
    theme: Slice<Theme>,
    screen: Slice<Screen>,
    /// Makes the link to what is on the page now, for the audience.
    make_link: Callback<(), Link>,
    intents: Intents,
) -> impl IntoView {
    tick(intents);
    let model = shown.model;
    let is_covered = Memo::new(move |_| lesson.with(|s| s.as_ref().is_some_and(|s| s.is_covered)));
    let there = Memo::new(move |_| model.with(Option::is_some) && !is_covered.get());
    let headline = move || match (is_covered.get(), model.get()) {
        (true, _) => "What do you think?".to_owned(),
        (false, Some(model)) => sentence::headline(&model),
        (false, None) => "Running…".to_owned(),
    };
    let opened = Memo::new(move |_| {
        lesson.with(|s| {
            let key = |s: &LessonState| Arc::as_ptr(&s.lesson).addr();
            s.as_ref().map(|s| (key(s), s.lesson.title.clone(), s.step, s.lesson.steps.len()))
        })
    });
    view! {
        <div class="presenter">
            <div>
                <Progress work/>
                <Notices notice document=written.document setup work intents/>
            </div>
            <div class="stage">
                {move || match opened.get() {
                    Some((_, title, step, steps)) => view! {
                        <section class="lesson" aria-label="Lesson" data-step=(step + 1).to_string()>
                            <header><h2>{title}</h2><span>{format!("step {} of {steps}", step + 1)}</span></header>
                            <div class="body" tabindex="0" role="region" aria-labelledby="lesson-step">
                                <OpenStep lesson is_running=work.is_running room=true intents/>
                            </div>
                        </section>
                    }.into_any(),
                    None => view! { <Told model/> }.into_any(),
                }}
                <main class="scene">
                    <h1 class:hidden=move || opened.with(Option::is_none)>{headline}</h1>
                    <div class="controls" role="group" aria-label="Settings">
                        <StrategyPicker setup intents/>
                        <LanesStepper setup intents/>
                    </div>
                    {move || if there.get() {
                        let Written { is_stale, .. } = written;
                        view! {
                            <Lanes shown time pinned clock=setup.clock cost_model=setup.cost_model is_stale
                                is_running=work.is_running theme screen intents/>
                        }.into_any()
                    } else if is_covered.get() {
                        view! { <p class="waiting">"The lanes come with the answer."</p> }.into_any()
                    } else {
                        ().into_any()
                    }}
                    <Code present lesson written setup model make_link intents/>
                </main>
            </div>
            <Bar present lesson is_covered intents/>
        </div>
    }
}

/// Tells the session what time it is, as long as the component is there.
fn tick(intents: Intents) {
    let tick = move || intents.present(PresentEvent::Tick(dom::now()));
    request_animation_frame(tick);
    let ticks = set_interval_with_handle(tick, Duration::from_millis(500)).ok();
    on_cleanup(move || {
        if let Some(ticks) = ticks {
            ticks.clear();
        }
    });
}

/// Without a lesson: what the run says.
#[component]
fn Told(model: Slice<Option<Arc<RunModel>>>) -> impl IntoView {
    view! {
        <section class="lesson" aria-label="What the run says">
            <div class="body" tabindex="0" role="region" aria-labelledby="lesson-step">
                <h2 id="lesson-step" tabindex="-1">{move || {
                    model.get().map_or_else(|| "Running…".to_owned(), |model| sentence::headline(&model))
                }}</h2>
                {move || model.get().map(|model| {
                    let told: String = sentence::story(&model)
                        .into_iter()
                        .map(|piece| match piece {
                            Piece::Words(words) => words,
                            Piece::Location(_, name) => name,
                            Piece::Tx(tx) => tx.0.to_string(),
                        })
                        .collect();
                    view! {
                        <p>{told}</p>
                        <p class="faint">{sentence::taken(&model)}</p>
                    }
                })}
            </div>
        </section>
    }
}

/// The code of the link that the audience opens: small in its corner, or as large as the screen.
#[component]
fn Code(
    present: Slice<Option<Present>>,
    lesson: Slice<Option<LessonState>>,
    written: Written,
    setup: Setup,
    model: Slice<Option<Arc<RunModel>>>,
    make_link: Callback<(), Link>,
    intents: Intents,
) -> impl IntoView {
    let is_large = Memo::new(move |_| present.with(|p| p.as_ref().is_some_and(|p| p.is_code_large)));
    let address = Memo::new(move |_| {
        // Whatever the link is made of.
        let step = lesson.with(|s| s.as_ref().map(|s| (s.lesson.id.clone(), s.step)));
        written.document.with(|_| ());
        model.with(|_| ());
        let _ = (step, setup.strategy.get(), setup.lanes.get(), setup.clock.get(), setup.cost_model.get());
        match untrack(|| make_link.run(())) {
            Link::Fits(link) => Some(format!("{}{link}", link::base())),
            Link::TooLong | Link::File(_) => None,
        }
    });
    view! {
        <figure class="code" class:large=move || is_large.get()>
            {move || match code(address.get().as_deref()) {
                Ok(picture) => {
                    let view_box = format!("0 0 {0} {0}", picture.side);
                    let ground = format!("M0 0h{0}v{0}H0z", picture.side);
                    view! {
                        <button type="button" aria-pressed=move || is_large.get().to_string()
                            aria-label="QR code of the link, large" aria-keyshortcuts="Q"
                            on:click=move |_| intents.present(PresentEvent::ToggleCode)>
                            <svg viewBox=view_box aria-hidden="true" shape-rendering="crispEdges">
                                <path fill="#fff" d=ground></path>
                                <path fill="#000" d=picture.path></path>
                            </svg>
                        </button>
                        <Show when=move || is_large.get()>
                            <figcaption class="mono">{move || address.get()}</figcaption>
                        </Show>
                    }.into_any()
                }
                Err(why) => view! { <figcaption>{why}</figcaption> }.into_any(),
            }}
        </figure>
    }
}

/// Steps, answer, timer, and the way out.
#[component]
fn Bar(
    present: Slice<Option<Present>>,
    lesson: Slice<Option<LessonState>>,
    is_covered: Memo<bool>,
    intents: Intents,
) -> impl IntoView {
    let place = Memo::new(move |_| lesson.with(|s| s.as_ref().map(|s| (s.step, s.lesson.steps.len()))));
    let is_first = move || place.get().is_none_or(|(step, _)| step == 0);
    let is_last = move || place.get().is_none_or(|(step, steps)| step + 1 >= steps);
    let send = move |event: PresentEvent| move |_| intents.present(event.clone());
    view! {
        <footer class="presenting" aria-label="Presenter">
            <Show when=move || place.with(Option::is_some)>
                <button type="button" class="btn" aria-disabled=move || is_first().to_string()
                    aria-keyshortcuts="ArrowLeft" on:click=send(PresentEvent::Previous)>"Previous"</button>
                // One button for both, so that the focus stays on it.
                <button type="button" class="btn go" aria-disabled=move || (is_last() && !is_covered.get()).to_string()
                    aria-keyshortcuts="ArrowRight" on:click=send(PresentEvent::Next)>
                    {move || if is_covered.get() { "Reveal the answer" } else { "Next" }}
                </button>
            </Show>
            <span class="push"></span>
            <Timer present intents/>
            <button type="button" class="btn" aria-keyshortcuts="Escape" on:click=send(PresentEvent::Leave)>"Leave"</button>
        </footer>
    }
}

/// The time of the talk. It is never read out by itself.
#[component]
fn Timer(present: Slice<Option<Present>>, intents: Intents) -> impl IntoView {
    let timer = Memo::new(move |_| present.with(|p| p.as_ref().map(|p| p.timer).unwrap_or_default()));
    let shown = Memo::new(move |_| clock(timer.get().seconds()));
    let is_over = Memo::new(move |_| timer.get().is_over());
    let minutes = Memo::new(move |_| timer.get().minutes);
    let is_running = Memo::new(move |_| timer.get().is_running);
    view! {
        <div class="timer" role="group" aria-label="Timer">
            <span role="timer" aria-live="off" class:over=move || is_over.get()>{move || shown.get()}</span>
            <button type="button" class="btn" aria-keyshortcuts="T"
                on:click=move |_| intents.present(PresentEvent::ToggleTimer)>
                {move || if is_running.get() { "Pause" } else { "Go on" }}
            </button>
            <button type="button" class="btn" on:click=move |_| intents.present(PresentEvent::ResetTimer)>"Restart"</button>
            <label class="field">
                <span>"of"</span>
                <input type="number" inputmode="numeric" min="0" max=MAX_MINUTES.to_string() step="1" placeholder="∞"
                    title="Minutes to count down from; empty: count up"
                    aria-label="Minutes to count down from; empty: count up"
                    prop:value=move || minutes.get().map(|minutes| minutes.to_string()).unwrap_or_default()
                    on:change=move |e| {
                        intents.present(PresentEvent::SetMinutes(event_target_value(&e).trim().parse().ok()));
                    }/>
                <span aria-hidden="true">"min"</span>
            </label>
        </div>
    }
}

/// The question, asked of a room: its choices bear letters, the room's answer is marked, nothing is given away.
#[component]
pub(super) fn Choices(
    choices: Vec<String>,
    right: Option<usize>,
    lesson: Slice<Option<LessonState>>,
    is_covered: Memo<bool>,
    chosen: Memo<Option<usize>>,
    intents: Intents,
) -> impl IntoView {
    let is_right = move |i: usize| !is_covered.get() && right == Some(i);
    let answer = Memo::new(move |_| lesson.with(|s| s.as_ref().and_then(LessonState::right_answer)));
    view! {
        <ol class="choices">
            {choices.into_iter().enumerate().map(|(i, text)| view! {
                <li>
                    <button type="button" class="btn choice" class:right=move || is_right(i)
                        aria-pressed=move || (chosen.get() == Some(i)).to_string()
                        aria-disabled=move || (!is_covered.get()).to_string()
                        on:click=move |_| intents.lesson(LessonEvent::Vote(i))>
                        <b>{crate::view::present::letter(i).to_string()}</b>
                        <span>{text}
                            {move || is_right(i).then(|| view! { <strong>" ✓ right"</strong> })}
                            {move || (chosen.get() == Some(i)).then_some(" (the room’s answer)")}
                        </span>
                    </button>
                </li>
            }).collect_view()}
        </ol>
        {move || (!is_covered.get()).then(|| answer.get().map(|answer| view! {
            <div class="reply right">{super::prose::prose(&answer, super::prose::Filled::Already, None)}</div>
        }))}
    }
}
