//! The lanes: a canvas, mirrored by a focusable overlay whose every step is a sentence.

use std::sync::Arc;

use evm_lanes_core::model::CostModel;
use evm_lanes_core::trace::Clock;
use evm_lanes_core::units::{Ticks, Version};
use leptos::either::Either;
use leptos::prelude::*;
use web_sys::{PointerEvent, WheelEvent};

use super::measure::size_of;
use crate::paint::{self, Palette};
use crate::state::late;
use crate::state::{Dialog, Intents, PinnedRuns, Screen, Shown, Slice, Theme, TimeView, dom, theme};
use crate::view::format::{Unit, counted};
use crate::view::gesture::{Gestures, Move, Pointer, Release};
use crate::view::lanes::{Metrics, Pattern, hit, layout};
use crate::view::limits::Side;
use crate::view::model::{RunModel, What};
use crate::view::scale::{CssPx, TimeScale, Viewport, axis, rem};
use crate::view::sentence::{self, cost_name};
use crate::view::spent::Use;

const OVERVIEW: f64 = 22.0;

/// The panel of the lanes.
#[component]
pub fn Lanes(
    shown: Shown,
    time: TimeView,
    pinned: PinnedRuns,
    clock: Slice<Clock>,
    cost_model: Slice<CostModel>,
    is_stale: Slice<bool>,
    is_running: Slice<bool>,
    theme: Slice<Theme>,
    screen: Slice<Screen>,
    intents: Intents,
) -> impl IntoView {
    let field: NodeRef<leptos::html::Div> = NodeRef::new();
    let canvas: NodeRef<leptos::html::Canvas> = NodeRef::new();
    let overview: NodeRef<leptos::html::Canvas> = NodeRef::new();
    let size = size_of(field, screen);
    let hovered: RwSignal<Option<What>> = RwSignal::new(None);
    let range: RwSignal<Option<(f64, f64)>> = RwSignal::new(None);
    let palette: RwSignal<Option<Palette>, LocalStorage> = RwSignal::new_local(None);
    Effect::new(move |_| {
        theme::apply(theme.get());
        palette.set(Some(Palette::read(screen.get().scale())));
    });
    let width = Memo::new(move |_| size.get().0.max(1.0));
    let there = Memo::new(move |_| shown.model.with(Option::is_some));
    let metrics = Memo::new(move |_| {
        Metrics::for_lanes(shown.model.with(|m| m.as_ref().map_or(2, |m| m.report.lanes)))
    });
    let scale =
        move || there.get().then(|| TimeScale { view: time.visible.get(), width: CssPx(width.get()) });

    // Paint. An effect, because a canvas is the outside.
    Effect::new(move |_| {
        let (Some(canvas), Some(model), Some(scale)) = (canvas.get(), shown.model.get(), scale()) else {
            return;
        };
        let (metrics, emphasis) = (metrics.get(), shown.emphasis.get());
        let lanes = model.report.lanes;
        if let Some(context) =
            paint::prepare(&canvas, width.get(), metrics.height(lanes), screen.get().scale())
        {
            let picture = layout(&model, scale, metrics, emphasis);
            let marks = axis(scale, CssPx(96.0), model.unit());
            let width = width.get();
            palette.with(|p| {
                p.as_ref().map(|p| paint::lanes(&context, &picture, &marks, lanes, metrics, width, p))
            });
        }
    });
    Effect::new(move |_| {
        let (Some(canvas), Some(model)) = (overview.get(), shown.model.get()) else { return };
        let lanes = model.report.lanes;
        let whole = TimeScale { view: Viewport::whole(time.extent.get()), width: CssPx(width.get()) };
        let metrics = Metrics::overview(lanes, OVERVIEW);
        if let Some(context) = paint::prepare(&canvas, width.get(), OVERVIEW, screen.get().scale()) {
            let picture = layout(&model, whole, metrics, shown.emphasis.get());
            palette.with(|p| p.as_ref().map(|p| paint::overview(&context, &picture, p)));
        }
    });

    let pins = late::Pins { shown, visible: time.visible, pinned, palette, screen, intents };
    view! {
        <section class="panel" id="lanes" aria-label="Lanes" role=dom::landmark()>
            <header>
                <h2>{move || shown.model.with(|m| match m {
                    Some(m) if m.is_simulated() => "Simulated lanes",
                    Some(_) => "Measured lanes",
                    None => "Lanes",
                })}{move || pinned.versions.with(|v| v.get(None)).map(|version| format!(", version {version}"))}</h2>
                <Legend model=shown.model/>
                <span class="push"></span>
                <Show when=move || clock.get() == Clock::Simulated>
                    <button type="button" class="btn small" aria-haspopup="dialog"
                        on:click=move |_| intents.open_dialog(Dialog::CostModel)>
                        "Model: "{move || cost_name(cost_model.get().cost)}
                    </button>
                </Show>
                <button type="button" class="btn small" id="keep" disabled=move || shown.model.with(Option::is_none)
                    aria-pressed=move || pinned.is_pinned.get().to_string()
                    title="Keeps this run below the next ones for comparison"
                    on:click=move |_| intents.toggle_pin()>"Keep"</button>
                <button type="button" class="btn small" aria-haspopup="dialog" disabled=move || shown.model.with(Option::is_none)
                    on:click=move |_| intents.open_dialog(Dialog::Picture)>"Picture"</button>
                <button type="button" class="btn small" aria-keyshortcuts="C"
                    aria-pressed=move || shown.show_path.get().to_string()
                    on:click=move |_| intents.toggle_path()>"Longest chain"</button>
                <button type="button" class="btn small" aria-label="Zoom out" aria-keyshortcuts="S"
                    on:click=move |_| intents.zoom(0.5)>"−"</button>
                <button type="button" class="btn small" aria-label="Zoom in" aria-keyshortcuts="W"
                    on:click=move |_| intents.zoom(2.0)>"+"</button>
                <button type="button" class="btn small"
                    aria-disabled=move || time.viewport.get().is_none().to_string()
                    on:click=move |_| intents.show_whole_run()>"Whole run"</button>
            </header>
            {move || if there.get() {
                Either::Left(view! {
                    <div class="lanes" class:stale=move || is_stale.get() || is_running.get()>
                        <div class="axis" aria-hidden="true">{move || {
                            let unit = shown.model.with(|m| m.as_ref().map(|m| m.unit()));
                            scale().zip(unit).map(|(s, unit)| marks(s, unit))
                        }}</div>
                        <div class="rows">
                            <div class="names" aria-hidden="true">{move || {
                                let lanes = shown.model.with(|m| m.as_ref().map_or(0, |m| m.report.lanes));
                                names(lanes, metrics.get())
                            }}</div>
                            <div class="field-of-time" node_ref=field>
                                <canvas node_ref=canvas aria-hidden="true" style:height=move || {
                                    let lanes = shown.model.with(|m| m.as_ref().map_or(1, |m| m.report.lanes));
                                    rem(metrics.get().height(lanes))
                                }></canvas>
                                <Range range model=shown.model visible=time.visible width/>
                                <Overlay model=shown.model time range hovered metrics width screen intents/>
                            </div>
                        </div>
                        <Overview time width canvas=overview screen intents/>
                        <div class="said" aria-hidden="true">{move || said(shown, hovered.get())}</div>
                        <Patterns/>
                    </div>
                    <Show when=move || pinned.pins.with(|pins| !pins.is_empty())>
                        {intents.late().view(move |parts| (parts.pins)(pins))}
                    </Show>
                })
            } else {
                Either::Right(view! {
                    <div class="lanes" aria-hidden="true">
                        <div class="axis"></div>
                        <div class="names"></div>
                        <div><div class="ghost lane"></div><div class="ghost lane"></div></div>
                    </div>
                })
            }}
        </section>
    }
}

/// The axis as DOM text.
pub fn marks(scale: TimeScale, unit: Unit) -> impl IntoView {
    axis(scale, CssPx(96.0), unit)
        .into_iter()
        .filter_map(|m| m.side.map(|side| (m, side)))
        .map(|(m, side)| {
            view! {
                <span class:before=side == Side::Before style:left=rem(m.x.0)>{m.text}</span>
            }
        })
        .collect_view()
}

/// The lanes' numbers: of thin lanes only some, so that they can be read.
pub fn names(lanes: u16, metrics: Metrics) -> impl IntoView {
    let every = metrics.named();
    (1..=lanes)
        .step_by(usize::from(every))
        .map(|lane| {
            let rows = every.min(lanes - lane + 1);
            let first = if every == 1 { Some(view! { <i>"Lane "</i> }) } else { None };
            let height = rem(metrics.row * f64::from(rows));
            let class = if every > 1 { "thin" } else { "" };
            let fits = metrics.row * f64::from(rows) >= 11.0;
            view! { <span class=class style:height=height>{first}{fits.then_some(lane)}</span> }
        })
        .collect_view()
}

#[component]
fn Legend(model: Slice<Option<Arc<RunModel>>>) -> impl IntoView {
    view! {
        <ul class="legend" aria-label="Colours">
            {move || model.get().map(|model| {
                let shown = model.labels.iter().take(7).map(|label| view! {
                    <li><span class=format!("tag hue-{}", label.colour)></span>
                        {if label.text.is_empty() { "transaction".to_owned() } else { label.text.clone() }}</li>
                }).collect_view();
                let more = model.labels.len().saturating_sub(7);
                view! { {shown} {(more > 0).then(|| view! { <li>{format!("and {more} more")}</li> })} }
            })}
        </ul>
    }
}

/// How the lanes draw one use of time.
#[component]
pub fn Key(kind: Use) -> impl IntoView {
    let class = match kind.pattern() {
        Some(Pattern::Solid) => "solid",
        Some(Pattern::Hatched) => "hatched",
        Some(Pattern::Pale) => "pale",
        Some(Pattern::Dotted) => "dotted",
        Some(Pattern::Overhead) => "overhead",
        None => "background",
    };
    view! { <span class=format!("key {class}") aria-hidden="true"></span> }
}

/// What the patterns mean.
#[component]
fn Patterns() -> impl IntoView {
    view! {
        <ul class="legend uses" aria-label="Patterns">
            {Use::ALL.into_iter().filter(|u| *u != Use::Committing).map(|u| {
                // Both are drawn alike: short and of the engine's own.
                let name = if u == Use::Scheduling { "scheduling, committing" } else { u.name() };
                view! { <li title=u.about()><Key kind=u/>{name}</li> }
            }).collect_view()}
        </ul>
    }
}

/// The sentence below the lanes: what is pointed at, else what is selected.
fn said(shown: Shown, hovered: Option<What>) -> String {
    let Some(model) = shown.model.get() else { return String::new() };
    let what = hovered.or_else(|| shown.selected_attempt.get().map(What::Attempt));
    what.map_or_else(|| sentence::lanes_summary(&model), |w| sentence::step(&model, w))
}

/// A measured stretch of time.
#[component]
fn Range(
    range: RwSignal<Option<(f64, f64)>>,
    model: Slice<Option<Arc<RunModel>>>,
    visible: Slice<Viewport>,
    width: Memo<f64>,
) -> impl IntoView {
    move || {
        let (Some((a, b)), Some(model)) = (range.get(), model.get()) else { return None };
        let scale = TimeScale { view: visible.get(), width: CssPx(width.get()) };
        let (start, end) = (a.min(b), a.max(b));
        let (x0, x1) = (scale.px_from_time(start).0, scale.px_from_time(end).0);
        let inside = model.attempts_between(start, end);
        Some(view! {
            <div class="range" style:left=rem(x0) style:width=rem(x1 - x0)>
                <span>{format!("{} · {}", model.ticks(Ticks::from_f64(end - start)), counted(inside, "attempt"))}</span>
            </div>
        })
    }
}

/// Catches pointers and keys over the canvas.
#[component]
fn Overlay(
    model: Slice<Option<Arc<RunModel>>>,
    time: TimeView,
    range: RwSignal<Option<(f64, f64)>>,
    hovered: RwSignal<Option<What>>,
    metrics: Memo<Metrics>,
    width: Memo<f64>,
    screen: Slice<Screen>,
    intents: Intents,
) -> impl IntoView {
    let gestures = StoredValue::new(Gestures::default());
    let scale = move || TimeScale { view: time.visible.get_untracked(), width: CssPx(width.get_untracked()) };
    // In units of the picture.
    let place = move |x: i32| CssPx(f64::from(x) / screen.get_untracked().text);
    let pointer = move |e: &PointerEvent| Pointer {
        id: e.pointer_id(),
        x: place(e.offset_x()),
        touch: e.pointer_type() == "touch",
        shift: e.shift_key(),
        alt: e.alt_key(),
    };
    let at = move |e: &PointerEvent| {
        let model = model.get_untracked()?;
        hit(&model, scale(), metrics.get_untracked(), place(e.offset_x()), place(e.offset_y()))
    };
    let choose = move |what: Option<What>| {
        let (Some(what), Some(model)) = (what, model.get_untracked()) else { return };
        if let What::Attempt(i) = what
            && let Some(attempt) = model.attempt(i)
        {
            let Version { tx, incarnation } = attempt.version;
            if model.attempts_of.get(tx.index()).is_some_and(|a| a.len() > 1) {
                intents.select_attempt(tx, incarnation);
            } else {
                intents.select_tx(tx);
            }
        }
        intents.announce(sentence::step(&model, what));
    };
    let down = move |e: PointerEvent| {
        if e.button() != 0 {
            return;
        }
        if let Some(target) = e.current_target()
            && let Ok(element) = wasm_bindgen::JsCast::dyn_into::<web_sys::Element>(target)
        {
            let _ = element.set_pointer_capture(e.pointer_id());
        }
        range.set(None);
        gestures.update_value(|g| g.down(pointer(&e), scale()));
    };
    let moved = move |e: PointerEvent| {
        let extent = time.extent.get_untracked();
        match gestures.try_update_value(|g| g.moved(pointer(&e), scale(), extent)) {
            Some(Move::Hover) => hovered.set(at(&e)),
            Some(Move::Range(from, to)) => range.set(Some((from, to))),
            Some(Move::View(view)) => intents.show_view(view),
            Some(Move::Nothing) | None => {}
        }
    };
    let up = move |e: PointerEvent| match gestures.try_update_value(|g| g.up(pointer(&e), scale())) {
        Some(Release::Click) => choose(at(&e)),
        Some(Release::Measured(from, to)) => {
            range.set(Some((from, to)));
            if let Some(model) = model.get_untracked() {
                intents.announce(sentence::measured(&model, from, to));
            }
        }
        Some(Release::Nothing) | None => {}
    };
    let wheel = move |e: WheelEvent| {
        // The wheel alone belongs to the page's scroll.
        let (scale, extent) = (scale(), time.extent.get_untracked());
        if e.ctrl_key() || e.meta_key() {
            e.prevent_default();
            let at = scale.time_from_px(place(e.offset_x()));
            intents.show_view(scale.view.zoomed((-e.delta_y() * 0.0025).exp(), at, extent));
        } else if e.delta_x().abs() > e.delta_y().abs() && time.viewport.get_untracked().is_some() {
            e.prevent_default();
            let ticks = e.delta_x() / screen.get_untracked().text * scale.time_per_px();
            intents.show_view(scale.view.panned(ticks, extent));
        }
    };
    let zoom_to_range = move |_| {
        if let Some((a, b)) = range.get_untracked() {
            range.set(None);
            intents.show_view(Viewport::fitting(a.min(b), a.max(b), time.extent.get_untracked()));
        }
    };
    view! {
        <div class="overlay" tabindex="0" role="application" id="lanes-overlay"
            aria-label=move || model.with(|m| m.as_ref().map(|m| format!("Lanes. {}", sentence::lanes_summary(m))))
            aria-roledescription="lanes" aria-describedby="lanes-keys"
            on:pointerdown=down on:pointermove=moved on:pointerup=up
            on:pointercancel=move |_| gestures.update_value(Gestures::cancel)
            on:pointerleave=move |_| hovered.set(None)
            on:dblclick=zoom_to_range
            on:wheel=wheel></div>
        <span class="hidden" id="lanes-keys">
            "Arrow keys left and right pan, with Shift they go along the lane; up and down go through the block. Plus and minus zoom. Square brackets go to cause and effect, F fits the selection, Escape leaves."
        </span>
    }
}

/// The whole run with a window on what is visible.
#[component]
fn Overview(
    time: TimeView,
    width: Memo<f64>,
    canvas: NodeRef<leptos::html::Canvas>,
    screen: Slice<Screen>,
    intents: Intents,
) -> impl IntoView {
    let held = StoredValue::new(false);
    let scale =
        move |extent| TimeScale { view: Viewport::whole(extent), width: CssPx(width.get_untracked()) };
    let centre = move |e: &PointerEvent| {
        let Some(view) = time.viewport.get_untracked() else { return };
        let extent = time.extent.get_untracked();
        let x = CssPx(f64::from(e.offset_x()) / screen.get_untracked().text);
        let time = scale(extent).time_from_px(x);
        intents.show_view(view.panned(time - f64::midpoint(view.start, view.end), extent));
    };
    let window = move || {
        width.track();
        let (scale, view) = (scale(time.extent.get()), time.viewport.get()?);
        let (x0, x1) = (scale.px_from_time(view.start).0, scale.px_from_time(view.end).0);
        Some((x0, (x1 - x0).max(6.0)))
    };
    view! {
        <div class="overview" aria-hidden="true"
            on:pointerdown=move |e| {
                held.set_value(true);
                centre(&e);
            }
            on:pointermove=move |e| if held.get_value() { centre(&e) }
            on:pointerup=move |_| held.set_value(false)
            on:pointerleave=move |_| held.set_value(false)>
            <canvas node_ref=canvas></canvas>
            {move || window().map(|(x, w)| view! {
                <div class="window" style:left=rem(x) style:width=rem(w)></div>
            })}
        </div>
    }
}
