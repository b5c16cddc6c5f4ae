//! Runs that are kept, below the lanes.

use std::sync::Arc;

use leptos::either::Either;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::lanes::{marks, names};
use super::measure::size_of;
use crate::paint::{self, Palette};
use crate::state::{Intents, Pin, PinnedRuns, Screen, Shown, Slice, dom};
use crate::view::lanes::{Emphasis, Metrics, layout};
use crate::view::model::RunModel;
use crate::view::scale::{CssPx, TimeScale, Viewport, axis, rem};
use crate::view::sentence;

/// Which scenario a kept run is of, where it is another than the one that is shown.
fn scenario_of(model: Slice<Option<Arc<RunModel>>>, pinned: PinnedRuns, id: u32) -> Option<impl IntoView> {
    let title =
        pinned.pins.with(|pins| pins.iter().find(|p| p.id == id).map(|p| p.model.report.title.clone()))?;
    let text = match pinned.versions.with(|v| v.get(Some(id))) {
        Some(version) => format!("{title}, version {version}"),
        None if model.with(|m| m.as_ref().is_some_and(|m| m.report.title == title)) => return None,
        None => title,
    };
    Some(view! { <span>{text}</span> })
}

/// Runs that are kept beside the one that is shown, below it: on its axis where both count the same.
#[component]
pub fn Pins(
    shown: Shown,
    visible: Slice<Viewport>,
    pinned: PinnedRuns,
    palette: RwSignal<Option<Palette>, LocalStorage>,
    screen: Slice<Screen>,
    intents: Intents,
) -> impl IntoView {
    let beside = Memo::new(move |_| {
        let current = shown.model.get();
        pinned.pins.with(|pins| {
            let other = |pin: &&Pin| current.as_ref().is_none_or(|m| !Arc::ptr_eq(m, &pin.model));
            pins.iter().filter(other).map(|pin| pin.id).collect::<Vec<_>>()
        })
    });
    view! {
        <For each=move || beside.get() key=|id| *id children=move |id| view! {
            <Pinned id shown visible pinned palette screen intents/>
        }/>
    }
}

/// One of them.
#[component]
fn Pinned(
    id: u32,
    shown: Shown,
    visible: Slice<Viewport>,
    pinned: PinnedRuns,
    palette: RwSignal<Option<Palette>, LocalStorage>,
    screen: Slice<Screen>,
    intents: Intents,
) -> impl IntoView {
    let Some(model) =
        pinned.pins.with_untracked(|pins| pins.iter().find(|p| p.id == id).map(|p| p.model.clone()))
    else {
        return Either::Left(());
    };
    let field: NodeRef<leptos::html::Div> = NodeRef::new();
    let canvas: NodeRef<leptos::html::Canvas> = NodeRef::new();
    let size = size_of(field, screen);
    let (lanes, unit) = (model.report.lanes, model.unit());
    let metrics = Metrics::beside(lanes);
    let (of_scale, of_paint) = (model.clone(), model.clone());
    let scale = Memo::new(move |_| {
        let current = shown.model.get().filter(|current| current.shares_axis(&of_scale));
        let view = match current {
            Some(_) => visible.get(),
            None => Viewport::whole(of_scale.duration()),
        };
        TimeScale { view, width: CssPx(size.get().0.max(1.0)) }
    });
    Effect::new(move |_| {
        let Some(canvas) = canvas.get() else { return };
        let scale = scale.get();
        // Another scenario's transactions are others.
        let same = shown.model.with(|m| m.as_ref().is_some_and(|m| m.is_of_the_block_of(&of_paint)));
        let emphasis =
            if same { Emphasis { incarnation: None, ..shown.emphasis.get() } } else { Emphasis::default() };
        if let Some(context) =
            paint::prepare(&canvas, scale.width.0, metrics.height(lanes), screen.get().scale())
        {
            let picture = layout(&of_paint, scale, metrics, emphasis);
            let marks = axis(scale, CssPx(96.0), unit);
            palette.with(|p| {
                p.as_ref().map(|p| paint::lanes(&context, &picture, &marks, lanes, metrics, scale.width.0, p))
            });
        }
    });
    let title = sentence::short(&model);
    let said = format!("{title}. {}", sentence::lanes_summary(&model));
    Either::Right(view! {
        <div class="pinned" data-pinned=model.report.trace_hash.clone() data-clock=model.report.clock.name()>
            <p>
                <b>{title.clone()}</b>
                {move || scenario_of(shown.model, pinned, id)}
                <span>{sentence::taken(&model)}</span>
                <span class="push"></span>
                <button type="button" class="btn small" aria-label=format!("Show this run: {title}")
                    on:click=move |_| intents.show_pinned(id)>"Show this run"</button>
                <button type="button" class="btn small" aria-label=format!("Remove {title}")
                    on:click=move |e| {
                        let at = place_among_pinned(&e);
                        intents.unpin(id);
                        request_animation_frame(move || focus_pinned(at));
                    }>"×"</button>
            </p>
            <div class="lanes" role="img" aria-label=said>
                <div class="axis">{move || marks(scale.get(), unit)}</div>
                <div class="names">{names(lanes, metrics)}</div>
                <div class="field-of-time" node_ref=field>
                    <canvas node_ref=canvas style:height=rem(metrics.height(lanes))></canvas>
                </div>
            </div>
        </div>
    })
}

/// Which of the kept runs below the lanes an event belongs to.
fn place_among_pinned(event: &web_sys::Event) -> usize {
    let target: Option<Element> = event.target().and_then(|t| t.dyn_into().ok());
    pinned().iter().position(|run| target.as_ref().is_some_and(|t| run.contains(Some(t)))).unwrap_or(0)
}

/// The focus to the button that removes the run which is at that place now, else to *Keep*.
fn focus_pinned(at: usize) {
    let runs = pinned();
    let button =
        runs.get(at).or(runs.last()).and_then(|run| run.query_selector("button:last-of-type").ok()?);
    match button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        Some(button) => drop(button.focus()),
        None => dom::focus("keep"),
    }
}

fn pinned() -> Vec<Element> {
    let found = dom::root().and_then(|root| root.query_selector_all(".pinned").ok());
    found.map_or_else(Vec::new, |found| {
        (0..found.length()).filter_map(|i| found.item(i)?.dyn_into().ok()).collect()
    })
}
