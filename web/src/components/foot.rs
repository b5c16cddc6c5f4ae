//! The last line: the engine, and where the figures come from.

use std::sync::Arc;

use evm_lanes_core::units::Ticks;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::state::{EngineState, Slice, Work, dom};
use crate::view::format::shortened;
use crate::view::model::RunModel;
use crate::view::sentence;

fn isolated() -> bool {
    dom::window().is_some_and(|w| {
        js_sys::Reflect::get(w.unchecked_ref(), &"crossOriginIsolated".into()).is_ok_and(|v| v.is_truthy())
    })
}

/// What preparing the block took; nothing for a recorded run, which holds no time of any machine.
fn preparing(model: &RunModel) -> Option<String> {
    let took = model.report.timing.preparing;
    (took > Ticks(0)).then(|| format!(", preparing {}", model.time(took)))
}

/// One line about the engine and about where the figures come from.
#[component]
pub fn Foot(work: Work, model: Slice<Option<Arc<RunModel>>>) -> impl IntoView {
    let engine = move || {
        match work.engine.get() {
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
            {move || work.restarted.get().filter(|_| matches!(work.engine.get(), EngineState::Ready { .. })).map(|reason| {
                view! { <span>"Started anew: "{reason}</span> }
            })}
            {move || model.get().map(|model| view! {
                <span>{sentence::taken(&model)}{preparing(&model)}</span>
                <span title=model.report.trace_hash.clone()>"trace "<code>{shortened(&model.report.trace_hash)}</code></span>
            })}
        </footer>
    }
}
