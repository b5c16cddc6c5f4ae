//! Runs side by side, as numbers: the one that is shown and those that are kept.

use std::sync::Arc;

use leptos::prelude::*;

use crate::state::{EngineState, Intents, PinnedRuns, Slice, Work};
use crate::view::compare::line;
use crate::view::format::count;
use crate::view::model::RunModel;

/// The table of the runs that are shown and kept.
#[component]
pub fn Compare(
    model: Slice<Option<Arc<RunModel>>>,
    pinned: PinnedRuns,
    work: Work,
    intents: Intents,
) -> impl IntoView {
    let rows = move || {
        let shown = model.get();
        let mut runs: Vec<(Option<u32>, Arc<RunModel>)> =
            pinned.pins.with(|pins| pins.iter().map(|p| (Some(p.id), p.model.clone())).collect());
        if let Some(shown) = shown.clone()
            && !runs.iter().any(|(_, m)| Arc::ptr_eq(m, &shown))
        {
            runs.insert(0, (None, shown));
        }
        runs.into_iter()
            .map(|(id, model)| {
                let here = shown.as_ref().is_some_and(|m| Arc::ptr_eq(m, &model));
                view! { <Row id here model pinned intents/> }
            })
            .collect_view()
    };
    let busy = move || work.is_running.get() || !matches!(work.engine.get(), EngineState::Ready { .. });
    view! {
        <div class="tools">
            <button type="button" class="btn small go" aria-disabled=move || busy().to_string()
                on:click=move |_| if !untrack(busy) { intents.compare_strategies(); }>
                "Run every strategy"
            </button>
            <button type="button" class="btn small" disabled=move || pinned.pins.with(Vec::is_empty)
                on:click=move |_| intents.unpin_all()>"Remove all"</button>
            <span>"Press Keep above the lanes, change the strategy, the lanes or the scenario, and run again. Both runs then appear here, and above as lanes on one axis."</span>
        </div>
        <table class="table runs">
            <caption class="hidden">"Runs side by side"</caption>
            <thead><tr>
                <th scope="col">"Run"</th>
                <th scope="col" class="number">"Time"</th>
                <th scope="col" class="number">"Speed-up"</th>
                <th scope="col" class="number" title="the lower limit of that run">"Limit"</th>
                <th scope="col" class="number" title="share of the limit that was reached">"Reached"</th>
                <th scope="col" class="number">"Aborts"</th>
                <th scope="col" class="number" title="gas of aborted attempts">"Wasted gas"</th>
                <th scope="col" class="number" title="share of the lanes' time in attempts that committed">"Lanes busy"</th>
                <th scope="col">"Equal"</th>
                <th scope="col">"Scenario"</th>
                <th scope="col">"Figures"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

#[component]
fn Row(
    id: Option<u32>,
    here: bool,
    model: Arc<RunModel>,
    pinned: PinnedRuns,
    intents: Intents,
) -> impl IntoView {
    let line = line(&model);
    let name = match id.filter(|_| !here) {
        Some(id) => view! {
            <button type="button" class="link" on:click=move |_| intents.show_pinned(id)>{line.run.clone()}</button>
        }
        .into_any(),
        None => line.run.clone().into_any(),
    };
    view! {
        <tr class:on=here aria-current=here.then_some("true") data-run=model.report.strategy.name()>
            <th scope="row">{name}</th>
            <td class="number">{line.time}</td>
            <td class="number">{line.speed_up}</td>
            <td class="number">{line.limit}</td>
            <td class="number">{line.reached}</td>
            <td class="number">{count(model.report.analysis.aborts.into())}</td>
            <td class="number">{line.wasted}</td>
            <td class="number">{line.busy}</td>
            <td class=if line.equal { "ok" } else { "wrong" }>{if line.equal { "✓" } else { "✗" }}</td>
            <td>{model.report.title.clone()}{move || pinned.versions.with(|v| v.get(id)).map(|n| format!(", version {n}"))}</td>
            <td>{line.taken}</td>
        </tr>
    }
}
