//! The frame of the page.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::dialogs::{CostModel, Help, Share, Strategies};
use super::graph::Graph;
use super::head::Head;
use super::header::Header;
use super::inspector::Inspector;
use super::lanes::Lanes;
use super::tabs::Tabs;
use crate::state::{Activity, EngineState, Page, Tab, dom, file, screen, sync};
use crate::view::format::shortened;
use crate::view::sentence;

/// All of it.
#[component]
pub fn App() -> impl IntoView {
    let page = Page::start();
    sync::start(page);
    super::keys::start(page);
    super::focus::start();
    let dropping = drop_target(page);
    let probe: NodeRef<leptos::html::I> = NodeRef::new();
    Effect::new(move |_| {
        if let Some(probe) = probe.get() {
            screen::follow(page.screen, &probe);
        }
    });
    view! {
        <a class="skip" href="#lanes">"Skip to the lanes"</a>
        <div class="page">
            <div>
                <Header page/>
                <Progress page/>
                <Notices page/>
            </div>
            <Head page/>
            <div></div>
            <main class="main">
                <div class="left" class:writing=move || matches!(page.tab.get(), Tab::Scenario | Tab::AccessList | Tab::Compare | Tab::Curve)>
                    <Lanes page/>
                    <Graph page/>
                    <Tabs page/>
                </div>
                <Inspector page/>
            </main>
            <Foot page/>
        </div>
        <i class="probe" node_ref=probe aria-hidden="true"></i>
        <div class="hidden" role="status" aria-live="polite">{move || page.spoken.get()}</div>
        <Help page/>
        <Share page/>
        <CostModel page/>
        <Strategies page/>
        <Show when=move || dropping.get()>
            <div class="dropping">"Drop a scenario, a real block (evm-block-case/1) or a block access list (EIP-7928)"</div>
        </Show>
    }
}

/// Files may be dropped anywhere. True while one hovers.
fn drop_target(page: Page) -> RwSignal<bool> {
    let dropping = RwSignal::new(false);
    let has_files = |event: &web_sys::DragEvent| {
        event.data_transfer().is_some_and(|t| t.types().includes(&"Files".into(), 0))
    };
    let over = window_event_listener(ev::dragover, move |event| {
        if has_files(&event) {
            event.prevent_default();
            dropping.set(true);
        }
    });
    let leave = window_event_listener(ev::dragleave, move |event| {
        // Leaving an element for its child is not leaving the page.
        if event.related_target().is_none() {
            dropping.set(false);
        }
    });
    let drop = window_event_listener(ev::drop, move |event| {
        dropping.set(false);
        if has_files(&event) {
            event.prevent_default();
            if let Some(dropped) = event.data_transfer().and_then(|t| t.files()).and_then(|f| f.get(0)) {
                file::open(page, dropped);
            }
        }
    });
    on_cleanup(move || {
        over.remove();
        leave.remove();
        drop.remove();
    });
    dropping
}

/// A thin line below the header that says how far a run is.
#[component]
fn Progress(page: Page) -> impl IntoView {
    let share = move || {
        page.activity.with(|a| match a {
            Activity::Running { done, total, .. } if *total > 0 => Some(f64::from(*done) / f64::from(*total)),
            _ => None,
        })
    };
    view! {
        <div class="bar" class:unknown=move || page.is_running() && share().is_none() aria-hidden="true">
            <i style:width=move || match (page.is_running(), share()) {
                (true, Some(share)) => format!("{:.0}%", share * 100.0),
                (true, None) => String::new(),
                (false, _) => "0".to_owned(),
            }></i>
        </div>
    }
}

/// What a person should know: what went wrong, and what is kept for them.
#[component]
fn Notices(page: Page) -> impl IntoView {
    let draft = RwSignal::new(dom::stored("draft").filter(|d| {
        page.document
            .with_untracked(|document| document.builtin.is_some() && document.text() != Some(d.as_str()))
    }));
    let problems = move || {
        page.activity.with(|a| match a {
            Activity::Failed(problems) => problems.clone(),
            _ => Vec::new(),
        })
    };
    view! {
        <Show when=move || page.notice.with(Option::is_some)>
            <div class="notice" class:error=move || page.notice.with(|n| n.as_ref().is_some_and(|n| n.error))
                role=move || if page.notice.with(|n| n.as_ref().is_some_and(|n| n.error)) { "alert" } else { "status" }>
                <span>{move || page.notice.get().map(|n| n.text)}</span>
                <button type="button" class="btn small" on:click=move |_| page.close_notice()>"Close"</button>
            </div>
        </Show>
        <Show when=move || !problems().is_empty()>
            <div class="notice error" role="alert">
                <div>
                    <b>"This did not run. "</b>
                    {move || {
                        let problems = problems();
                        let more = problems.len().saturating_sub(3);
                        let lines = problems.into_iter().take(3).map(|p| view! { <li>{p.to_string()}</li> }).collect_view();
                        view! { <ul>{lines}</ul> {(more > 0).then(|| format!("and {more} more, below the scenario"))} }
                    }}
                </div>
                <button type="button" class="btn small" on:click=move |_| page.open_tab(Tab::Scenario)>"Show"</button>
            </div>
        </Show>
        <Show when=move || matches!(page.engine.get(), EngineState::Failed { .. })>
            <div class="notice error" role="alert">
                <span>"The engine does not run: "{move || match page.engine.get() {
                    EngineState::Failed { reason } => reason,
                    _ => String::new(),
                }}" Your scenario is untouched."</span>
                <button type="button" class="btn small" on:click=move |_| page.restart_engine()>"Start it again"</button>
            </div>
        </Show>
        <Show when=move || page.missing_lanes().is_some() && matches!(page.engine.get(), EngineState::Ready { .. })>
            <div class="notice" role="status">
                <span>{move || sentence::fewer_lanes(page.missing_lanes().unwrap_or_default(), page.max_lanes())}</span>
            </div>
        </Show>
        <Show when=move || draft.with(Option::is_some)>
            <div class="notice" role="status">
                <span>"A scenario that you changed earlier is kept in this browser."</span>
                <span>
                    <button type="button" class="btn small" on:click=move |_| {
                        if let Some(text) = draft.get_untracked() {
                            draft.set(None);
                            page.open(crate::state::Document::scenario(text));
                        }
                    }>"Open it"</button>
                    " "
                    <button type="button" class="btn small" on:click=move |_| {
                        dom::store("draft", None);
                        draft.set(None);
                    }>"Forget it"</button>
                </span>
            </div>
        </Show>
    }
}

fn isolated() -> bool {
    dom::window().is_some_and(|w| {
        js_sys::Reflect::get(w.unchecked_ref(), &"crossOriginIsolated".into()).is_ok_and(|v| v.is_truthy())
    })
}

/// One line about the engine and about where the figures come from.
#[component]
fn Foot(page: Page) -> impl IntoView {
    let engine = move || {
        match page.engine.get() {
        EngineState::Starting => ("dot wait", "The engine is starting".to_owned()),
        EngineState::Restarting { reason } => ("dot wait", format!("The engine is started again: {reason}")),
        EngineState::Failed { reason } => ("dot bad", format!("No engine: {reason}")),
        EngineState::Ready { info } if info.threads => {
            ("dot", format!("Engine with threads, up to {} lanes", info.max_lanes))
        }
        EngineState::Ready { .. } if !isolated() => (
            "dot",
            "Engine without threads, one lane: this page is not cross-origin isolated, so the browser gives it no shared memory"
                .to_owned(),
        ),
        EngineState::Ready { .. } => {
            ("dot", "Engine without threads, one lane: its threads did not start here".to_owned())
        }
    }
    };
    view! {
        <footer class="foot">
            <span><i class=move || engine().0></i>{move || engine().1}</span>
            {move || page.restarted.get().filter(|_| matches!(page.engine.get(), EngineState::Ready { .. })).map(|reason| {
                view! { <span>"Started anew: "{reason}</span> }
            })}
            {move || page.model.get().map(|model| view! {
                <span>{sentence::taken(&model)}", preparing "{model.time(model.report.timing.preparing)}</span>
                <span title=model.report.trace_hash.clone()>"trace "<code>{shortened(&model.report.trace_hash)}</code></span>
            })}
        </footer>
    }
}
