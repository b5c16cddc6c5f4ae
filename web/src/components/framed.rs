//! The page in a frame of another page: one view of the run, what may be changed in it, and the way to the page itself.

use std::sync::Arc;

use evm_lanes_core::trace::Clock;
use evm_lanes_session::Embed;
use evm_lanes_session::embed::{Edit, View};
use leptos::prelude::*;

use super::graph::Graph;
use super::head::Head;
use super::header::{LanesStepper, OtherClock, RunButton, ScenarioPicker, StrategyPicker};
use super::inspector::Inspector;
use super::lanes::Lanes;
use super::notices::{Notices, Progress};
use super::tables::Transactions;
use crate::state::{
    CurveState, EngineState, Intents, LessonState, Panels, PinnedRuns, Progress as LessonsDone, Screen,
    Setup, Shown, Slice, Theme, TimeView, Work, Written,
};
use crate::view::model::RunModel;
use crate::view::sentence;

/// What a frame shows.
#[component]
pub fn Framed(
    embed: Slice<Option<Embed>>,
    written: Written,
    setup: Setup,
    work: Work,
    shown: Shown,
    time: TimeView,
    pinned: PinnedRuns,
    curve: Slice<CurveState>,
    panels: Panels,
    lesson: Slice<Option<LessonState>>,
    progress: Slice<LessonsDone>,
    theme: Slice<Theme>,
    screen: Slice<Screen>,
    intents: Intents,
    /// The page's own address that shows the same.
    address: Callback<(), Option<String>>,
) -> impl IntoView {
    let view = Memo::new(move |_| embed.with(|e| e.as_ref().map_or(View::Lanes, |e| e.view)));
    let edit = Memo::new(move |_| embed.with(|e| e.as_ref().map_or(Edit::None, |e| e.edit)));
    let Written { document, is_stale, .. } = written;
    let Setup { clock, cost_model, .. } = setup;
    let Shown { model, picture, selection, detail, .. } = shown;
    let is_running = work.is_running;
    let late = intents.late();
    let lanes = move || {
        view! {
            <Lanes shown time pinned clock cost_model is_stale is_running theme screen intents/>
        }
    };
    let head = move || view! { <Head model picture selection written work intents/> };
    // Landmarks of several frames on a page are told apart by what is in them.
    let name = move || {
        let title = document.with(|d| d.parsed().map(|scenario| scenario.title.clone())).unwrap_or_default();
        format!("EVM Lanes, {}: {title}", view.get().name())
    };
    let line = move || view! { <Line model/> };
    let body = move || {
        match view.get() {
        View::Lanes => view! { {head()} {lanes()} }.into_any(),
        View::Mini => view! { {line()} {lanes()} }.into_any(),
        View::Graph => view! {
            {line()}
            <Graph model selection is_stale is_running screen intents/>
        }
        .into_any(),
        View::Table => view! {
            {line()}
            <Panel><Transactions model selection query=panels.query intents/></Panel>
        }
        .into_any(),
        View::Curve => view! {
            {line()}
            <Panel>{late.view(move |parts| (parts.curve)(curve, document, setup, work, model, screen, intents))}</Panel>
        }
        .into_any(),
        View::Compare => view! {
            {line()} {lanes()}
            <Panel>{late.view(move |parts| (parts.compare)(model, pinned, work, intents))}</Panel>
        }
        .into_any(),
        View::Split => view! {
            {head()}
            <div class="beside">
                {lanes()}
                {move || if edit.get() == Edit::Full {
                    view! { <Panel>{late.view(move |parts| (parts.editor)(written, work.activity, screen, intents))}</Panel> }.into_any()
                } else {
                    view! { <Inspector model selection detail intents/> }.into_any()
                }}
            </div>
        }
        .into_any(),
    }
    };
    view! {
        <main class="framed" aria-label=name>
            <Progress work/>
            <Notices notice=panels.notice document setup work intents/>
            <Show when=move || edit.get() != Edit::None && view.get() != View::Mini>
                <div class="top controls" role="group" aria-label="Settings">
                    <Show when=move || edit.get() == Edit::Full><ScenarioPicker document intents/></Show>
                    <StrategyPicker setup intents/>
                    <LanesStepper setup intents/>
                    <RunButton setup work intents/>
                    <Show when=move || work.info.with(|info| info.as_ref().is_some_and(|info| info.threads))>
                        <OtherClock setup work intents/>
                    </Show>
                </div>
            </Show>
            <Show when=move || lesson.with(Option::is_some)>
                {late.view(move |parts| (parts.lesson)(lesson, progress, is_running, false, intents))}
            </Show>
            <div class="main-view">{body}</div>
            <Last model setup work address/>
        </main>
    }
}

/// What a view shows in a place of its own that scrolls.
#[component]
fn Panel(children: Children) -> impl IntoView {
    view! {
        <div class="tabs">
            <div id="tab-panel" role="group" aria-label="Details" tabindex="0">{children()}</div>
        </div>
    }
}

/// The headline alone.
#[component]
fn Line(model: Slice<Option<Arc<RunModel>>>) -> impl IntoView {
    view! {
        <h1 class="headline">
            {move || model.with(|m| m.as_ref().map_or_else(|| "Starting…".to_owned(), |m| sentence::headline(m)))}
        </h1>
    }
}

/// The last line: where the figures come from, and the page itself.
#[component]
fn Last(
    model: Slice<Option<Arc<RunModel>>>,
    setup: Setup,
    work: Work,
    address: Callback<(), Option<String>>,
) -> impl IntoView {
    let badge = move || {
        let measured = model.with(|m| m.as_ref().map(|m| !m.is_simulated()));
        let threads = work.info.with(|info| info.as_ref().is_some_and(|info| info.threads));
        match (work.engine.get(), measured.unwrap_or(setup.clock.get() == Clock::Measured), threads) {
            (EngineState::Failed { .. }, ..) => "No engine",
            (_, true, true) => "Measured on threads",
            (_, true, false) => "Measured on one thread",
            (_, false, _) => "Simulated lanes",
        }
    };
    let title = move || {
        if model.with(|m| m.as_ref().is_none_or(|m| m.is_simulated())) {
            "The times are simulated: they are the same on every machine."
        } else {
            "The times are measured on this machine."
        }
    };
    // The link changes with the document, the settings and the selection; it is made when it is needed.
    let href = RwSignal::new(None::<String>);
    let refresh = move || href.set(address.run(()));
    Effect::new(move |_| {
        model.with(|_| ());
        refresh();
    });
    view! {
        <footer class="foot">
            <span class="badge" data-badge="" title=title>{badge}</span>
            <Show when=move || href.with(Option::is_some)>
                <a class="own-tab" target="_blank" rel="noopener" href=move || href.get()
                    on:pointerenter=move |_| refresh() on:focus=move |_| refresh()
                    on:pointerdown=move |_| refresh()>
                    "Open in its own tab"
                </a>
            </Show>
        </footer>
    }
}
