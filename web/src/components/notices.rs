//! Below the header: how far a run is, and what a person should know.

use leptos::prelude::*;

use crate::state::{Activity, Document, EngineState, Intents, Notice, Setup, Slice, Tab, Work, dom};
use crate::view::sentence;

/// A thin line below the header that says how far a run is.
#[component]
pub fn Progress(work: Work) -> impl IntoView {
    let share = move || {
        work.activity.with(|a| match a {
            Activity::Running { done, total, .. } if *total > 0 => Some(f64::from(*done) / f64::from(*total)),
            _ => None,
        })
    };
    view! {
        <div class="bar" class:unknown=move || work.is_running.get() && share().is_none() aria-hidden="true">
            <i style:width=move || match (work.is_running.get(), share()) {
                (true, Some(share)) => format!("{:.0}%", share * 100.0),
                (true, None) => String::new(),
                (false, _) => "0".to_owned(),
            }></i>
        </div>
    }
}

/// What a person should know: what went wrong, and what is kept for them.
#[component]
pub fn Notices(
    notice: Slice<Option<Notice>>,
    document: Slice<Document>,
    setup: Setup,
    work: Work,
    intents: Intents,
) -> impl IntoView {
    let draft = RwSignal::new(dom::stored("draft").filter(|d| {
        document.with_untracked(|document| document.builtin.is_some() && document.text() != Some(d.as_str()))
    }));
    let problems = move || {
        work.activity.with(|a| match a {
            Activity::Failed(problems) => problems.clone(),
            _ => Vec::new(),
        })
    };
    view! {
        <Show when=move || notice.with(Option::is_some)>
            <div class="notice" class:error=move || notice.with(|n| n.as_ref().is_some_and(|n| n.error))
                role=move || if notice.with(|n| n.as_ref().is_some_and(|n| n.error)) { "alert" } else { "status" }>
                <span>{move || notice.get().map(|n| n.text)}</span>
                <button type="button" class="btn small" on:click=move |_| intents.close_notice()>"Close"</button>
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
                <button type="button" class="btn small" on:click=move |_| intents.open_tab(Tab::Scenario)>"Show"</button>
            </div>
        </Show>
        <Show when=move || matches!(work.engine.get(), EngineState::Failed { .. })>
            <div class="notice error" role="alert">
                <span>"The engine is not running: "{move || match work.engine.get() {
                    EngineState::Failed { reason } => reason,
                    _ => String::new(),
                }}" Your scenario is untouched."</span>
                <button type="button" class="btn small" on:click=move |_| intents.restart_engine()>"Start it again"</button>
            </div>
        </Show>
        <Show when=move || setup.missing_lanes.get().is_some() && matches!(work.engine.get(), EngineState::Ready { .. })>
            <div class="notice" role="status">
                <span>{move || sentence::fewer_lanes(setup.missing_lanes.get().unwrap_or_default(), setup.max_lanes.get())}</span>
            </div>
        </Show>
        <Show when=move || draft.with(Option::is_some)>
            <div class="notice" role="status">
                <span>"A scenario that you changed earlier is kept in this browser."</span>
                <span>
                    <button type="button" class="btn small" on:click=move |_| {
                        if let Some(text) = draft.get_untracked() {
                            draft.set(None);
                            intents.open(Document::scenario(text));
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
