//! A lesson beside the lanes: text, question, goal, hints, explanation; and the list of lessons.

use std::sync::Arc;

use evm_lanes_core::goal::{self, Figures};
use evm_lanes_core::scenario::lesson::{Step, builtin};
use leptos::ev;
use leptos::html::Dialog;
use leptos::prelude::*;

use super::dialogs::{Top, bind};
use super::present::Choices;
use super::prose::{Filled, Numbers, prose};
use crate::state::{self, Intents, LessonAnswer, LessonEvent, LessonState, PresentEvent, Progress, Slice};
use crate::view::format::{capitalised, counted};

/// The lesson that is open.
#[component]
pub fn Lesson(
    lesson: Slice<Option<LessonState>>,
    progress: Slice<Progress>,
    is_running: Slice<bool>,
    /// Whether it can be presented from here: not from a frame.
    #[prop(optional)]
    can_present: bool,
    intents: Intents,
) -> impl IntoView {
    // The step is drawn anew only when another one is opened, so that a number that is being typed stays; also when a file of
    // the same lesson is opened again, because somebody is writing it.
    let opened = Memo::new(move |_| {
        lesson.with(|state| {
            state.as_ref().map(|s| (Arc::as_ptr(&s.lesson).addr(), s.step, s.lesson.steps.len()))
        })
    });
    view! {
        {move || opened.get().map(|(_, step, steps)| view! {
            <section class="panel lesson" aria-label="Lesson" data-step=(step + 1).to_string()>
                <header>
                    <h2>{move || lesson.with(|s| s.as_ref().map(|s| s.lesson.title.clone()))}</h2>
                    <span>{format!("step {} of {steps}", step + 1)}</span>
                    <span class="push"></span>
                    <button type="button" class="btn small" on:click=move |_| intents.open_dialog(state::Dialog::Lessons)>
                        "All lessons"
                    </button>
                    <button type="button" class="btn small" on:click=move |_| intents.lesson(LessonEvent::Close)>"Close"</button>
                </header>
                <div class="body" tabindex="0" role="region" aria-labelledby="lesson-step">
                    <OpenStep lesson is_running room=false intents/>
                    <Steps lesson progress step steps can_present intents/>
                </div>
            </section>
        })}
    }
}

/// What is read, asked, wanted and said of the open step, in this order.
#[component]
pub(super) fn OpenStep(
    lesson: Slice<Option<LessonState>>,
    is_running: Slice<bool>,
    /// Whether a room is asked, which sees the answer once the presenter reveals it.
    room: bool,
    intents: Intents,
) -> impl IntoView {
    let Some(step) = lesson.with_untracked(|s| s.as_ref().and_then(|s| s.current().cloned())) else {
        return ().into_any();
    };
    let with = move |read: fn(&LessonState) -> bool| {
        Memo::new(move |_| lesson.with(|state| state.as_ref().is_some_and(read)))
    };
    let (is_covered, is_done, is_measured) =
        (with(|state| state.is_covered), with(|state| state.is_done), with(|state| state.is_measured));
    let figures = Memo::new(move |_| lesson.with(|s| s.as_ref().and_then(|s| s.figures.clone())));
    let start_figures = Memo::new(move |_| {
        lesson.with(|s| s.as_ref().and_then(|s| s.start_figures.clone().or_else(|| s.figures.clone())))
    });
    let Step { title, text, question, goal, hints, explanation, .. } = step;
    let has_goal = goal.is_some();
    let numbers = Some(Numbers { lesson, intents });
    view! {
        <h3 id="lesson-step" tabindex="-1">{title}</h3>
        {prose(&text, Filled::By(start_figures), numbers)}
        {question.map(|question| view! { <Question question lesson is_covered room intents/> })}
        {goal.map(|goal| view! { <Goal goal lesson figures is_measured is_covered is_running/> })}
        <Show when=move || has_goal && !is_covered.get()>
            <Help lesson hints=hints.clone() figures intents/>
        </Show>
        <Show when=move || is_done.get()>
            <div class="explanation" role="region" aria-label="Explanation">
                {prose(&explanation, Filled::By(figures), numbers)}
            </div>
        </Show>
    }
    .into_any()
}

/// The question, which comes before its run.
#[component]
fn Question(
    question: evm_lanes_core::scenario::lesson::Question,
    lesson: Slice<Option<LessonState>>,
    is_covered: Memo<bool>,
    room: bool,
    intents: Intents,
) -> impl IntoView {
    let number: NodeRef<leptos::html::Input> = NodeRef::new();
    let reply = Memo::new(move |_| lesson.with(|s| s.as_ref().and_then(LessonState::reply)));
    let chosen = Memo::new(move |_| {
        lesson.with(|s| match s.as_ref().and_then(|s| s.answer) {
            Some(LessonAnswer::Choice(index)) => Some(index),
            _ => None,
        })
    });
    let answer_number = move || {
        let typed = number.get_untracked().map(|input| input.value()).unwrap_or_default();
        let typed: String = typed.chars().filter(|c| !matches!(c, ',' | '_' | ' ' | '\u{a0}')).collect();
        match typed.parse::<f64>() {
            Ok(answer) if answer.is_finite() => {
                intents.lesson(LessonEvent::Answer(LessonAnswer::Number(answer)))
            }
            _ => intents.announce("Type a number."),
        }
    };
    if room {
        let right = question.choices.iter().position(|choice| choice.is_right);
        let choices = question.choices.into_iter().map(|choice| choice.text).collect();
        return view! {
            <div class="question" role="group" aria-labelledby="lesson-question">
                <div id="lesson-question">{prose(&question.text, Filled::Already, None)}</div>
                <Choices choices right lesson is_covered chosen intents/>
            </div>
        }
        .into_any();
    }
    let choices = question
        .choices
        .into_iter()
        .enumerate()
        .map(|(i, choice)| view! {
            <button type="button" class="btn choice" aria-pressed=move || (chosen.get() == Some(i)).to_string()
                on:click=move |_| intents.lesson(LessonEvent::Answer(LessonAnswer::Choice(i)))>{choice.text}</button>
        })
        .collect_view();
    let unit = question.figure.map(|figure| match figure.kind() {
        evm_lanes_core::scenario::lesson::Kind::Ticks => "gas",
        evm_lanes_core::scenario::lesson::Kind::Factor => "times as fast",
        evm_lanes_core::scenario::lesson::Kind::Share => "of 1",
        evm_lanes_core::scenario::lesson::Kind::Count => "",
    });
    view! {
        <div class="question" role="group" aria-labelledby="lesson-question">
            <div id="lesson-question">{prose(&question.text, Filled::Already, None)}</div>
            {choices}
            {unit.map(|unit| view! {
                <form on:submit=move |e| {
                    e.prevent_default();
                    answer_number();
                }>
                    <input node_ref=number type="text" inputmode="decimal" autocomplete="off" aria-labelledby="lesson-question"/>
                    <span>{unit}</span>
                    <button type="submit" class="btn">"Answer"</button>
                </form>
            })}
            <Show when=move || is_covered.get()>
                <p class="covered">
                    "The lanes appear once you have answered. "
                    <button type="button" class="link" on:click=move |_| intents.lesson(LessonEvent::Skip)>"Show me"</button>
                </p>
            </Show>
            {move || reply.get().map(|reply| view! {
                <div class="reply" class:right=reply.is_right>
                    <p class="verdict">{if reply.is_right { "Right." } else { "Not quite." }}</p>
                    {prose(&reply.text, Filled::Already, None)}
                </div>
            })}
        </div>
    }
    .into_any()
}

/// What the run must be like, and how far it is.
#[component]
fn Goal(
    goal: evm_lanes_core::scenario::lesson::Goal,
    lesson: Slice<Option<LessonState>>,
    figures: Memo<Option<Figures>>,
    is_measured: Memo<bool>,
    is_covered: Memo<bool>,
    is_running: Slice<bool>,
) -> impl IntoView {
    let is_met = Memo::new(move |_| lesson.with(|s| s.as_ref().is_some_and(|s| s.is_met)));
    view! {
        <div class="goal" class:met=move || is_met.get() role="group" aria-label="Goal">
            <p class="state">{move || match (is_met.get(), is_measured.get(), is_covered.get(), is_running.get()) {
                (_, _, true, _) => "Goal",
                (_, true, ..) => "Goals are judged on simulated lanes. Choose Simulate.",
                (_, _, _, true) => "Goal: running…",
                (true, ..) => "Goal met",
                (false, ..) => "Goal open",
            }}</p>
            <ul>
                {move || match figures.get() {
                    Some(figures) => figures.judge(&goal).into_iter().map(|judged| view! {
                        <li class:ok=judged.is_met>
                            <span aria-hidden="true">{if judged.is_met { "✓ " } else { "○ " }}</span>
                            {capitalised(&judged.sentence)}
                            <span class="hidden">{if judged.is_met { ": met" } else { ": open" }}</span>
                        </li>
                    }).collect_view().into_any(),
                    None => goal::parts(&goal).into_iter()
                        .map(|part| view! { <li><span aria-hidden="true">"○ "</span>{capitalised(&part)}</li> })
                        .collect_view().into_any(),
                }}
            </ul>
        </div>
    }
}

/// Hints, the answer, and the way back.
#[component]
fn Help(
    lesson: Slice<Option<LessonState>>,
    hints: Vec<evm_lanes_core::scenario::lesson::Hint>,
    figures: Memo<Option<Figures>>,
    intents: Intents,
) -> impl IntoView {
    let shown =
        Memo::new(move |_| lesson.with(|s| s.as_ref().map(LessonState::shown_hints).unwrap_or_default()));
    let has_more = Memo::new(move |_| lesson.with(|s| s.as_ref().is_some_and(|s| s.next_hint().is_some())));
    view! {
        <div class="help">
            {move || shown.get().into_iter().filter_map(|i| hints.get(i)).map(|hint| view! {
                <div class="hint">{prose(&hint.text, Filled::By(figures), None)}</div>
            }).collect_view()}
            <div class="row">
                <button type="button" class="btn small" aria-disabled=move || (!has_more.get()).to_string()
                    on:click=move |_| if has_more.get_untracked() { intents.lesson(LessonEvent::Hint) }>"Hint"</button>
                <button type="button" class="btn small" on:click=move |_| intents.lesson(LessonEvent::ShowAnswer)>
                    "Show one answer"
                </button>
                <button type="button" class="btn small" on:click=move |_| intents.lesson(LessonEvent::StartAgain)>
                    "Start again"
                </button>
            </div>
        </div>
    }
}

/// From step to step.
#[component]
fn Steps(
    lesson: Slice<Option<LessonState>>,
    progress: Slice<Progress>,
    step: usize,
    steps: usize,
    can_present: bool,
    intents: Intents,
) -> impl IntoView {
    let is_last = step + 1 >= steps;
    // After the last step of a built-in lesson comes the next lesson.
    let next = lesson.with_untracked(|state| {
        let state = state.as_ref().filter(|state| is_last && state.own.is_none())?;
        let at = builtin::ALL.iter().position(|lesson| lesson.id == state.lesson.id)?;
        builtin::ALL.get(at + 1)
    });
    let done = move |of: usize| {
        lesson.with(|s| {
            s.as_ref().is_some_and(|s| {
                (s.step == of && s.is_done) || progress.with(|progress| progress.is_done(&s.lesson.id, of))
            })
        })
    };
    let back = move |_| {
        if let Some(before) = step.checked_sub(1) {
            intents.lesson(LessonEvent::GoTo(before));
        }
    };
    view! {
        <nav class="row" aria-label="Steps">
            <button type="button" class="btn" aria-disabled=(step == 0).to_string()
                on:click=back>"Previous"</button>
            {(0..steps).map(|of| view! {
                <button type="button" class="btn square" aria-current=(of == step).then_some("step")
                    aria-label=move || format!("Step {}{}", of + 1, if done(of) { ", done" } else { "" })
                    on:click=move |_| intents.lesson(LessonEvent::GoTo(of))>
                    {move || if done(of) { "✓".to_owned() } else { (of + 1).to_string() }}
                </button>
            }).collect_view()}
            {match next {
                Some(next) => view! {
                    <button type="button" class="btn go" on:click=move |_| intents.lesson(LessonEvent::Open(next.id.to_owned()))>
                        {format!("Next lesson: {}", next.title)}
                    </button>
                }.into_any(),
                None => view! {
                    <button type="button" class="btn" class:go=move || !is_last aria-disabled=is_last.to_string()
                        on:click=move |_| if !is_last { intents.lesson(LessonEvent::GoTo(step + 1)) }>"Next"</button>
                }.into_any(),
            }}
            {can_present.then(|| view! {
                <button type="button" class="btn" id="present" aria-keyshortcuts="P"
                    on:click=move |_| intents.present(PresentEvent::Start)>"Present"</button>
            })}
        </nav>
    }
}

/// The list of lessons.
#[component]
pub fn Lessons(
    dialog: Slice<Option<state::Dialog>>,
    progress: Slice<Progress>,
    /// Whether lessons can be presented from here: not from a frame.
    #[prop(optional)]
    can_present: bool,
    intents: Intents,
) -> impl IntoView {
    let element: NodeRef<Dialog> = NodeRef::new();
    bind(element, dialog, state::Dialog::Lessons);
    let line = move |lesson: &'static builtin::Builtin| {
        let about = move || match progress.with(|progress| progress.done(lesson.id)) {
            0 => format!("{} minutes", lesson.minutes),
            done => format!("{} minutes, {} done", lesson.minutes, counted(done as u64, "step")),
        };
        view! {
            <li>
                <button type="button" class="link" on:click=move |_| intents.lesson(LessonEvent::Open(lesson.id.to_owned()))>
                    {lesson.title}
                </button>
                <span>{about}</span>
                {can_present.then(|| view! {
                    <button type="button" class="btn small" aria-label=format!("Present {}", lesson.title)
                        on:click=move |_| intents.present(PresentEvent::Open(lesson.id.to_owned()))>"Present"</button>
                })}
            </li>
        }
    };
    view! {
        <dialog node_ref=element aria-labelledby="lessons-title" on:close=move |_: ev::Event| intents.close_dialog(state::Dialog::Lessons)>
            <Top title="Lessons" id="lessons-title" own=state::Dialog::Lessons intents/>
            <div class="body">
                <p>"Each takes a few minutes, on simulated lanes, the same on every machine. Nothing is sent anywhere."</p>
                <ol class="lessons">{builtin::ALL.iter().map(line).collect_view()}</ol>
                {can_present.then(|| view! {
                    <p>
                        "Present shows a lesson, or "
                        <button type="button" class="link" on:click=move |_| intents.present(PresentEvent::Start)>"what is on the page now"</button>
                        ", in large type to a room. The key P does the same."
                    </p>
                })}
                <p>
                    "A lesson of your own opens from a file. Begin with "
                    <a href="./lessons/template.json" download="my-lesson.json">"the template"</a>"."
                </p>
                <p><a href="./teach/">"For teachers: times, aims, codes for pages of yours"</a></p>
            </div>
        </dialog>
    }
}
