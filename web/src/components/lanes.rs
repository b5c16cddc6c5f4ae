//! The lanes: a canvas, mirrored by a focusable overlay whose every step is a sentence.

use std::sync::Arc;

use evm_lanes_core::trace::Clock;
use leptos::either::Either;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, PointerEvent, WheelEvent};

use super::measure::size_of;
use crate::paint::{self, Palette};
use crate::state::{Dialog, Page, Pin, dom, theme};
use crate::view::format::{Unit, counted};
use crate::view::lanes::{Emphasis, Metrics, Pattern, hit, layout};
use crate::view::limits::Side;
use crate::view::model::{RunModel, What};
use crate::view::scale::{CssPx, TimeScale, Viewport, axis, rem};
use crate::view::sentence::{self, cost_name};
use crate::view::spent::Use;

const OVERVIEW: f64 = 22.0;

/// What a pointer is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Gesture {
    #[default]
    None,
    /// Measuring from a tick.
    Range { from: f64, moved: bool },
    /// Moving the viewport: last x.
    Pan { x: f64, moved: bool },
    /// Two fingers: their distance and middle at the last move.
    Pinch { distance: f64, middle: f64 },
}

/// The panel of the lanes.
#[component]
pub fn Lanes(page: Page) -> impl IntoView {
    let field: NodeRef<leptos::html::Div> = NodeRef::new();
    let canvas: NodeRef<leptos::html::Canvas> = NodeRef::new();
    let overview: NodeRef<leptos::html::Canvas> = NodeRef::new();
    let size = size_of(field, page.screen);
    let hovered: RwSignal<Option<What>> = RwSignal::new(None);
    let range: RwSignal<Option<(f64, f64)>> = RwSignal::new(None);
    let palette: RwSignal<Option<Palette>, LocalStorage> = RwSignal::new_local(None);
    Effect::new(move |_| {
        theme::apply(page.theme.get());
        palette.set(Some(Palette::read(page.screen.get().scale())));
    });
    let width = Memo::new(move |_| size.get().0.max(1.0));
    let there = Memo::new(move |_| page.model.with(Option::is_some));
    let metrics =
        Memo::new(move |_| Metrics::for_lanes(page.model.with(|m| m.as_ref().map_or(2, |m| m.report.lanes))));
    let view = move || {
        page.model.with(|m| {
            m.as_ref().map(|m| page.viewport.get().unwrap_or_else(|| Viewport::whole(extent(page, m))))
        })
    };
    let scale = move || view().map(|view| TimeScale { view, width: CssPx(width.get()) });

    // Paint. An effect, because a canvas is the outside.
    Effect::new(move |_| {
        let (Some(canvas), Some(model), Some(scale)) = (canvas.get(), page.model.get(), scale()) else {
            return;
        };
        let (metrics, emphasis) = (metrics.get(), page.emphasis());
        let lanes = model.report.lanes;
        if let Some(context) =
            paint::prepare(&canvas, width.get(), metrics.height(lanes), page.screen.get().scale())
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
        let (Some(canvas), Some(model)) = (overview.get(), page.model.get()) else { return };
        let lanes = model.report.lanes;
        let whole = TimeScale { view: Viewport::whole(extent(page, &model)), width: CssPx(width.get()) };
        let metrics = Metrics::overview(lanes, OVERVIEW);
        if let Some(context) = paint::prepare(&canvas, width.get(), OVERVIEW, page.screen.get().scale()) {
            let picture = layout(&model, whole, metrics, page.emphasis());
            palette.with(|p| p.as_ref().map(|p| paint::overview(&context, &picture, p)));
        }
    });

    view! {
        <section class="panel" id="lanes" aria-label="Lanes">
            <header>
                <h2>{move || page.model.with(|m| match m {
                    Some(m) if m.is_simulated() => "Simulated lanes",
                    Some(_) => "Measured lanes",
                    None => "Lanes",
                })}{move || page.version_of(None).map(|version| format!(", version {version}"))}</h2>
                <Legend page/>
                <span class="push"></span>
                <Show when=move || page.clock.get() == Clock::Simulated>
                    <button type="button" class="btn small" aria-haspopup="dialog"
                        on:click=move |_| page.open_dialog(Dialog::CostModel)>
                        "Model: "{move || cost_name(page.cost_model.get().cost)}
                    </button>
                </Show>
                <button type="button" class="btn small" id="keep" disabled=move || page.model.with(Option::is_none)
                    aria-pressed=move || page.is_pinned().to_string()
                    title="Keeps this run below the next ones, to compare them"
                    on:click=move |_| page.toggle_pin()>"Keep"</button>
                <button type="button" class="btn small" aria-keyshortcuts="C"
                    aria-pressed=move || page.show_path.get().to_string()
                    on:click=move |_| page.toggle_path()>"Longest chain"</button>
                <button type="button" class="btn small" aria-label="Zoom out" aria-keyshortcuts="S"
                    on:click=move |_| zoom(page, 0.5)>"−"</button>
                <button type="button" class="btn small" aria-label="Zoom in" aria-keyshortcuts="W"
                    on:click=move |_| zoom(page, 2.0)>"+"</button>
                <button type="button" class="btn small"
                    aria-disabled=move || page.viewport.get().is_none().to_string()
                    on:click=move |_| page.set_viewport(None)>"Whole run"</button>
            </header>
            {move || if there.get() {
                Either::Left(view! {
                    <div class="lanes" class:stale=move || page.is_stale() || page.is_running()>
                        <div class="axis" aria-hidden="true">{move || {
                            let unit = page.model.with(|m| m.as_ref().map(|m| m.unit()));
                            scale().zip(unit).map(|(s, unit)| marks(s, unit))
                        }}</div>
                        <div class="rows">
                            <div class="names" aria-hidden="true">{move || {
                                let lanes = page.model.with(|m| m.as_ref().map_or(0, |m| m.report.lanes));
                                names(lanes, metrics.get())
                            }}</div>
                            <div class="field-of-time" node_ref=field>
                                <canvas node_ref=canvas aria-hidden="true" style:height=move || {
                                    let lanes = page.model.with(|m| m.as_ref().map_or(1, |m| m.report.lanes));
                                    rem(metrics.get().height(lanes))
                                }></canvas>
                                <Range page range width/>
                                <Overlay page range hovered metrics width/>
                            </div>
                        </div>
                        <Overview page width canvas=overview/>
                        <div class="said" aria-hidden="true">{move || said(page, hovered.get())}</div>
                        <Patterns/>
                    </div>
                    <Pins page palette/>
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
fn marks(scale: TimeScale, unit: Unit) -> impl IntoView {
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
fn names(lanes: u16, metrics: Metrics) -> impl IntoView {
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

/// Which scenario a kept run is of, where it is another than the one that is shown.
fn scenario_of(page: Page, id: u32) -> Option<impl IntoView> {
    let title =
        page.pins.with(|pins| pins.iter().find(|p| p.id == id).map(|p| p.model.report.title.clone()))?;
    let text = match page.version_of(Some(id)) {
        Some(version) => format!("{title}, version {version}"),
        None if page.model.with(|m| m.as_ref().is_some_and(|m| m.report.title == title)) => return None,
        None => title,
    };
    Some(view! { <span>{text}</span> })
}

/// Runs that are kept beside the one that is shown, below it: on its axis where both count the same.
#[component]
fn Pins(page: Page, palette: RwSignal<Option<Palette>, LocalStorage>) -> impl IntoView {
    let shown = Memo::new(move |_| {
        let current = page.model.get();
        page.pins.with(|pins| {
            let other = |pin: &&Pin| current.as_ref().is_none_or(|m| !Arc::ptr_eq(m, &pin.model));
            pins.iter().filter(other).map(|pin| pin.id).collect::<Vec<_>>()
        })
    });
    view! {
        <For each=move || shown.get() key=|id| *id children=move |id| view! { <Pinned page id palette/> }/>
    }
}

/// One of them.
#[component]
fn Pinned(page: Page, id: u32, palette: RwSignal<Option<Palette>, LocalStorage>) -> impl IntoView {
    let Some(model) =
        page.pins.with_untracked(|pins| pins.iter().find(|p| p.id == id).map(|p| p.model.clone()))
    else {
        return Either::Left(());
    };
    let field: NodeRef<leptos::html::Div> = NodeRef::new();
    let canvas: NodeRef<leptos::html::Canvas> = NodeRef::new();
    let size = size_of(field, page.screen);
    let (lanes, unit) = (model.report.lanes, model.unit());
    let metrics = Metrics::beside(lanes);
    let (of_scale, of_paint) = (model.clone(), model.clone());
    let scale = Memo::new(move |_| {
        let current = page.model.get().filter(|current| current.shares_axis(&of_scale));
        let view = match current {
            Some(current) => page.viewport.get().unwrap_or_else(|| Viewport::whole(extent(page, &current))),
            None => Viewport::whole(of_scale.duration()),
        };
        TimeScale { view, width: CssPx(size.get().0.max(1.0)) }
    });
    Effect::new(move |_| {
        let Some(canvas) = canvas.get() else { return };
        let scale = scale.get();
        // Another scenario's transactions are others.
        let same = page.model.with(|m| m.as_ref().is_some_and(|m| m.is_of_the_block_of(&of_paint)));
        let emphasis =
            if same { Emphasis { incarnation: None, ..page.emphasis() } } else { Emphasis::default() };
        if let Some(context) =
            paint::prepare(&canvas, scale.width.0, metrics.height(lanes), page.screen.get().scale())
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
                {move || scenario_of(page, id)}
                <span>{sentence::taken(&model)}</span>
                <span class="push"></span>
                <button type="button" class="btn small" aria-label=format!("Look at it: {title}")
                    on:click=move |_| page.show_pinned(id)>"Look at it"</button>
                <button type="button" class="btn small" aria-label=format!("Put {title} away")
                    on:click=move |e| {
                        let at = place_among_pinned(&e);
                        page.unpin(id);
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

#[component]
fn Legend(page: Page) -> impl IntoView {
    view! {
        <ul class="legend" aria-label="Colours">
            {move || page.model.get().map(|model| {
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
fn said(page: Page, hovered: Option<What>) -> String {
    let Some(model) = page.model.get() else { return String::new() };
    let what = hovered.or_else(|| selected_attempt(&model, page).map(What::Attempt));
    what.map_or_else(|| sentence::lanes_summary(&model), |w| sentence::step(&model, w))
}

/// The selected attempt; of a transaction selected as a whole its committed one.
pub fn selected_attempt(model: &RunModel, page: Page) -> Option<u32> {
    let selection = page.selection.get();
    let tx = selection.tx?;
    let attempts = model.attempts_of.get(tx as usize)?;
    selection
        .incarnation
        .and_then(|n| {
            attempts.iter().copied().find(|i| model.attempt(*i).is_some_and(|a| a.version.incarnation.0 == n))
        })
        .or_else(|| model.committed.get(tx as usize).copied().flatten())
        .or_else(|| attempts.last().copied())
}

/// Zooms about the selection if it is visible, else about the middle.
pub fn zoom(page: Page, factor: f64) {
    let Some(model) = page.model.get_untracked() else { return };
    let view = page.viewport.get_untracked().unwrap_or_else(|| Viewport::whole(extent(page, &model)));
    let at = untrack(|| selected_attempt(&model, page))
        .and_then(|i| model.attempt(i))
        .map(|a| f64::midpoint(a.start.0 as f64, a.end.0 as f64))
        .filter(|t| (view.start..=view.end).contains(t))
        .unwrap_or_else(|| f64::midpoint(view.start, view.end));
    set_view(page, &model, view.zoomed(factor, at, extent(page, &model)));
}

/// Pans by a share of what is visible.
pub fn pan(page: Page, share: f64) {
    let Some(model) = page.model.get_untracked() else { return };
    let view = page.viewport.get_untracked().unwrap_or_else(|| Viewport::whole(extent(page, &model)));
    set_view(page, &model, view.panned(view.span() * share, extent(page, &model)));
}

/// Shows the selected attempts, or all of the run where nothing is selected.
pub fn fit_selection(page: Page) {
    let Some(model) = page.model.get_untracked() else { return };
    let Some(tx) = page.selection.get_untracked().tx else {
        page.set_viewport(None);
        return;
    };
    let ends = model.attempts(tx).fold(None, |ends: Option<(f64, f64)>, a| {
        let (start, end) = (a.start.0 as f64, a.end.0 as f64);
        Some(ends.map_or((start, end), |(s, e)| (s.min(start), e.max(end))))
    });
    if let Some((start, end)) = ends {
        set_view(page, &model, Viewport::fitting(start, end, extent(page, &model)));
    }
}

/// Brings the selected attempt into view, and says what it is.
pub fn reveal(page: Page) {
    let Some(model) = page.model.get_untracked() else { return };
    let Some(index) = untrack(|| selected_attempt(&model, page)) else { return };
    if let (Some(view), Some(attempt)) = (page.viewport.get_untracked(), model.attempt(index)) {
        let shown = view.revealing(attempt.start.0 as f64, attempt.end.0 as f64, extent(page, &model));
        set_view(page, &model, shown);
    }
    page.announce(sentence::step(&model, What::Attempt(index)));
}

/// How far the axis goes: all runs that share it fit.
fn extent(page: Page, model: &RunModel) -> f64 {
    page.pins.with(|pins| {
        pins.iter()
            .filter(|pin| pin.model.shares_axis(model))
            .map(|pin| pin.model.duration())
            .fold(model.duration(), f64::max)
    })
}

fn set_view(page: Page, model: &RunModel, view: Viewport) {
    page.set_viewport((!view.is_whole(extent(page, model))).then_some(view));
}

/// A measured stretch of time.
#[component]
fn Range(page: Page, range: RwSignal<Option<(f64, f64)>>, width: Memo<f64>) -> impl IntoView {
    move || {
        let (Some((a, b)), Some(model)) = (range.get(), page.model.get()) else { return None };
        let view = page.viewport.get().unwrap_or_else(|| Viewport::whole(extent(page, &model)));
        let scale = TimeScale { view, width: CssPx(width.get()) };
        let (start, end) = (a.min(b), a.max(b));
        let (x0, x1) = (scale.px_from_time(start).0, scale.px_from_time(end).0);
        let inside = model
            .trace
            .attempts
            .iter()
            .filter(|t| (t.start.0 as f64) < end && (t.end.0 as f64) > start)
            .count();
        Some(view! {
            <div class="range" style:left=rem(x0) style:width=rem(x1 - x0)>
                <span>{format!("{} · {}", model.ticks((end - start) as u64), counted(inside as u64, "attempt"))}</span>
            </div>
        })
    }
}

/// Catches pointers and keys over the canvas.
#[component]
fn Overlay(
    page: Page,
    range: RwSignal<Option<(f64, f64)>>,
    hovered: RwSignal<Option<What>>,
    metrics: Memo<Metrics>,
    width: Memo<f64>,
) -> impl IntoView {
    let gesture = StoredValue::new(Gesture::None);
    let fingers: StoredValue<Vec<(i32, f64)>> = StoredValue::new(Vec::new());
    // The tick that was clicked last.
    let clicked: StoredValue<Option<f64>> = StoredValue::new(None);
    let current = move || {
        let model = page.model.get_untracked()?;
        let view = page.viewport.get_untracked().unwrap_or_else(|| Viewport::whole(extent(page, &model)));
        Some((model, TimeScale { view, width: CssPx(width.get_untracked()) }))
    };
    // CSS pixels in a unit of the picture.
    let unit = move || page.screen.get_untracked().text;
    let at = move |e: &PointerEvent| {
        let (model, scale) = current()?;
        hit(
            &model,
            scale,
            metrics.get_untracked(),
            CssPx(f64::from(e.offset_x()) / unit()),
            CssPx(f64::from(e.offset_y()) / unit()),
        )
    };
    let choose = move |what: Option<What>| {
        let Some((model, _)) = current() else { return };
        if let Some(What::Attempt(i)) = what
            && let Some(attempt) = model.attempt(i)
        {
            let (tx, n) = (attempt.version.tx.0, attempt.version.incarnation.0);
            if model.attempts_of.get(tx as usize).is_some_and(|a| a.len() > 1) {
                page.select_attempt(tx, n);
            } else {
                page.select_tx(tx);
            }
            page.announce(sentence::step(&model, What::Attempt(i)));
        } else if let Some(what) = what {
            page.announce(sentence::step(&model, what));
        }
    };
    let down = move |e: PointerEvent| {
        if e.button() != 0 {
            return;
        }
        let x = f64::from(e.offset_x()) / unit();
        if let Some(target) = e.current_target()
            && let Ok(element) = wasm_bindgen::JsCast::dyn_into::<web_sys::Element>(target)
        {
            let _ = element.set_pointer_capture(e.pointer_id());
        }
        range.set(None);
        fingers.update_value(|f| {
            f.retain(|(id, _)| *id != e.pointer_id());
            f.push((e.pointer_id(), x));
        });
        let held = fingers.get_value();
        gesture.set_value(match (held.as_slice(), e.pointer_type().as_str()) {
            ([(_, a), (_, b)], _) => {
                Gesture::Pinch { distance: (a - b).abs().max(1.0), middle: f64::midpoint(*a, *b) }
            }
            (_, "touch") => Gesture::Pan { x, moved: false },
            _ if e.shift_key() || e.alt_key() => Gesture::Pan { x, moved: false },
            _ => match current() {
                Some((_, scale)) => Gesture::Range { from: scale.time_from_px(CssPx(x)), moved: false },
                None => Gesture::None,
            },
        });
    };
    let moved = move |e: PointerEvent| {
        let x = f64::from(e.offset_x()) / unit();
        let Some((model, scale)) = current() else { return };
        match gesture.get_value() {
            Gesture::None => hovered.set(at(&e)),
            Gesture::Range { from, moved } => {
                let to = scale.time_from_px(CssPx(x.clamp(0.0, scale.width.0)));
                if moved || (scale.px_from_time(from).0 - x).abs() > 4.0 {
                    gesture.set_value(Gesture::Range { from, moved: true });
                    range.set(Some((from, to)));
                }
            }
            Gesture::Pan { x: last, moved } => {
                if moved || (x - last).abs() > 6.0 {
                    set_view(
                        page,
                        &model,
                        scale.view.panned((last - x) * scale.time_per_px(), extent(page, &model)),
                    );
                    gesture.set_value(Gesture::Pan { x, moved: true });
                }
            }
            Gesture::Pinch { distance, middle } => {
                fingers.update_value(|f| {
                    if let Some(finger) = f.iter_mut().find(|(id, _)| *id == e.pointer_id()) {
                        finger.1 = x;
                    }
                });
                if let [(_, a), (_, b)] = fingers.get_value().as_slice() {
                    let (now, centre) = ((a - b).abs().max(1.0), f64::midpoint(*a, *b));
                    let zoomed = scale.view.zoomed(
                        now / distance,
                        scale.time_from_px(CssPx(middle)),
                        extent(page, &model),
                    );
                    let moved = zoomed.panned((middle - centre) * scale.time_per_px(), extent(page, &model));
                    set_view(page, &model, moved);
                    gesture.set_value(Gesture::Pinch { distance: now, middle: centre });
                }
            }
        }
    };
    let up = move |e: PointerEvent| {
        fingers.update_value(|f| f.retain(|(id, _)| *id != e.pointer_id()));
        let tick = current().map(|(_, scale)| scale.time_from_px(CssPx(f64::from(e.offset_x()) / unit())));
        let held = gesture.get_value();
        match held {
            // Without dragging: click where it begins, Shift and click where it ends.
            Gesture::Pan { moved: false, .. } if e.shift_key() && clicked.get_value().is_some() => {
                range.set(clicked.get_value().zip(tick));
            }
            Gesture::Range { moved: false, .. } | Gesture::Pan { moved: false, .. } => {
                clicked.set_value(tick);
                choose(at(&e));
            }
            _ => {}
        }
        match held {
            Gesture::Range { moved: true, .. } | Gesture::Pan { moved: false, .. } => {
                if let (Some((a, b)), Some((model, _))) = (range.get_untracked(), current()) {
                    let inside = model
                        .trace
                        .attempts
                        .iter()
                        .filter(|t| (t.start.0 as f64) < a.max(b) && (t.end.0 as f64) > a.min(b))
                        .count();
                    page.announce(format!(
                        "{} measured, {} in it.",
                        model.ticks((a - b).abs() as u64),
                        counted(inside as u64, "attempt")
                    ));
                }
            }
            _ => {}
        }
        gesture.set_value(Gesture::None);
    };
    let wheel = move |e: WheelEvent| {
        // The wheel alone belongs to the page's scroll.
        let Some((model, scale)) = current() else { return };
        if e.ctrl_key() || e.meta_key() {
            e.prevent_default();
            let at = scale.time_from_px(CssPx(f64::from(e.offset_x()) / page.screen.get_untracked().text));
            set_view(
                page,
                &model,
                scale.view.zoomed((-e.delta_y() * 0.0025).exp(), at, extent(page, &model)),
            );
        } else if e.delta_x().abs() > e.delta_y().abs() && page.viewport.get_untracked().is_some() {
            e.prevent_default();
            set_view(
                page,
                &model,
                scale.view.panned(e.delta_x() / unit() * scale.time_per_px(), extent(page, &model)),
            );
        }
    };
    let zoom_to_range = move |_| {
        if let (Some((a, b)), Some((model, _))) = (range.get_untracked(), current()) {
            range.set(None);
            set_view(page, &model, Viewport::fitting(a.min(b), a.max(b), extent(page, &model)));
        }
    };
    view! {
        <div class="overlay" tabindex="0" role="application" id="lanes-overlay"
            aria-label=move || page.model.with(|m| m.as_ref().map(|m| format!("Lanes. {}", sentence::lanes_summary(m))))
            aria-roledescription="lanes" aria-describedby="lanes-keys"
            on:pointerdown=down on:pointermove=moved on:pointerup=up
            on:pointercancel=move |_| {
                gesture.set_value(Gesture::None);
                fingers.set_value(Vec::new());
            }
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
fn Overview(page: Page, width: Memo<f64>, canvas: NodeRef<leptos::html::Canvas>) -> impl IntoView {
    let held = StoredValue::new(false);
    let centre = move |e: &PointerEvent| {
        let Some(model) = page.model.get_untracked() else { return };
        let Some(view) = page.viewport.get_untracked() else { return };
        let scale =
            TimeScale { view: Viewport::whole(extent(page, &model)), width: CssPx(width.get_untracked()) };
        let time = scale.time_from_px(CssPx(f64::from(e.offset_x()) / page.screen.get_untracked().text));
        set_view(page, &model, view.panned(time - f64::midpoint(view.start, view.end), extent(page, &model)));
    };
    let window = move || {
        let (model, view) = (page.model.get()?, page.viewport.get()?);
        let scale = TimeScale { view: Viewport::whole(extent(page, &model)), width: CssPx(width.get()) };
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
