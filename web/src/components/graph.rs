//! The dependency graph as SVG: transactions by wave, hot locations as diamonds.

use std::sync::Arc;

use leptos::either::Either;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{KeyboardEvent, MouseEvent};

use super::measure::size_of;
use crate::state::{Intents, Screen, Selection, Slice, dom};
use crate::view::graph::{self, Graph as Picture};
use crate::view::model::RunModel;
use crate::view::navigate;
use crate::view::scale::rem;
use crate::view::sentence;

/// The panel of the graph.
#[component]
pub fn Graph(
    model: Slice<Option<Arc<RunModel>>>,
    selection: Slice<Selection>,
    is_stale: Slice<bool>,
    is_running: Slice<bool>,
    screen: Slice<Screen>,
    intents: Intents,
) -> impl IntoView {
    let room: NodeRef<leptos::html::Div> = NodeRef::new();
    let size = size_of(room, screen);
    let picture = Memo::new(move |_| {
        let (width, height) = size.get();
        model.get().filter(|_| width > 0.0).map(|m| graph::layout(&m, width, height))
    });
    view! {
        <section class="panel graph" aria-label="Dependencies" role=dom::landmark()>
            <header>
                <h2>"Dependencies"</h2>
                <span>"waves → · thick: longest chain · ◇ hot location"</span>
                <span class="push"></span>
                <span>{move || picture.with(|p| p.as_ref().and_then(|p| p.note.clone()))}</span>
            </header>
            <div class="canvas" node_ref=room class:stale=move || is_stale.get() || is_running.get()>
                {move || match picture.get() {
                    Some(picture) => Either::Left(view! { <Drawing picture model selection screen intents/> }),
                    None => Either::Right(()),
                }}
            </div>
        </section>
    }
}

#[component]
fn Drawing(
    picture: Picture,
    model: Slice<Option<Arc<RunModel>>>,
    selection: Slice<Selection>,
    screen: Slice<Screen>,
    intents: Intents,
) -> impl IntoView {
    let picture = StoredValue::new(picture);
    let still =
        picture.with_value(|p| {
            let links = p
                .links
                .iter()
                .map(|l| {
                    view! { <path class=if l.on_path { "path" } else { "" } d=l.path.clone()/> }
                })
                .collect_view();
            let nodes = p.nodes.iter().map(|n| {
            let text = (n.r >= 7.0 && (n.r >= 9.0 || n.tx.0 < 100)).then(|| view! {
                <text x=px(n.x) y=px(n.y + 3.8)>{n.tx.0}</text>
            });
            view! { <circle class=format!("hue-{}", n.colour) cx=px(n.x) cy=px(n.y) r=px(n.r)/> {text} }
        }).collect_view();
            let waves = waves(p);
            view! { <g>{links}</g> <g>{waves}</g> <g>{nodes}</g> }
        });
    let moving = move || {
        let selection = selection.get();
        picture.with_value(|p| {
            let near = p
                .links
                .iter()
                .filter(|l| is_near(p, l, &selection))
                .map(|l| {
                    let hot = selection.location.is_some() && l.location == selection.location;
                    view! { <path class=if hot { "hot" } else { "" } d=l.path.clone()/> }
                })
                .collect_view();
            let ring = selection.tx.and_then(|tx| p.node(tx)).map(|n| {
                view! {
                    <circle class="ring gap" cx=px(n.x) cy=px(n.y) r=px(n.r + 1.0)/>
                    <circle class="ring" cx=px(n.x) cy=px(n.y) r=px(n.r + 3.0)/>
                }
            });
            let halos = selection.location.zip(model.get()).map(|(location, model)| {
                let (writers, readers) = crate::view::inspect::touching(&model, location);
                let mut txs = writers;
                txs.extend(readers);
                txs.sort_unstable();
                txs.dedup();
                txs.into_iter()
                    .filter(|t| Some(*t) != selection.tx)
                    .filter_map(|t| p.node(t))
                    .map(|n| {
                        view! {
                            <circle class="halo" cx=px(n.x) cy=px(n.y) r=px(n.r + 2.5)/>
                        }
                    })
                    .collect_view()
            });
            view! { <g class="near">{near}</g> {halos} {ring} }
        })
    };
    let diamonds = picture.with_value(|p| p.diamonds.iter().map(|d| {
        let location = d.location;
        let (x, y, r) = (d.x, d.y, d.r);
        let text = d.label.map(|label| view! {
            <text x=px(label.x) y=px(label.y) class:ends=label.ends>{d.title.clone()}</text>
        });
        let title = d.title.clone();
        view! {
            <g class="diamond" class:on=move || selection.get().location == Some(location)>
                <rect x=px(x - r) y=px(y - r) width=px(r * 2.0) height=px(r * 2.0) transform=format!("rotate(45 {x:.1} {y:.1})")>
                    <title>{title}</title>
                </rect>
                {text}
            </g>
        }
    }).collect_view());
    let (width, height) = picture.with_value(|p| (p.width, p.height));
    let point = move |e: &MouseEvent| {
        let svg = e.current_target()?.dyn_into::<web_sys::Element>().ok()?;
        let rect = svg.get_bounding_client_rect();
        let unit = screen.get_untracked().text;
        Some(((f64::from(e.client_x()) - rect.left()) / unit, (f64::from(e.client_y()) - rect.top()) / unit))
    };
    let click = move |e: MouseEvent| {
        let Some((x, y)) = point(&e) else { return };
        let hit = picture.with_value(|p| (p.hit_diamond(x, y), p.hit(x, y)));
        match hit {
            (Some(location), _) => intents.select_location(location),
            (None, Some(tx)) => {
                intents.go_to(tx);
            }
            (None, None) => {}
        }
    };
    let key = move |e: KeyboardEvent| {
        let Some(model) = model.get_untracked() else { return };
        let tx = selection.get_untracked().tx;
        let next = match (e.key().as_str(), tx) {
            ("ArrowLeft", Some(tx)) => model.sources.get(tx.index()).and_then(|s| s.last().copied()),
            ("ArrowRight", Some(tx)) => model.readers.get(tx.index()).and_then(|r| r.first().copied()),
            ("ArrowDown", Some(tx)) => picture.with_value(|p| p.beside(tx, true)),
            ("ArrowUp", Some(tx)) => picture.with_value(|p| p.beside(tx, false)),
            ("Home", _) => model.report.analysis.critical_path.first().copied(),
            ("ArrowLeft" | "ArrowRight" | "ArrowDown" | "ArrowUp", None) => {
                navigate::in_block(&model, None, true)
            }
            _ => return,
        };
        e.prevent_default();
        if let Some(tx) = next {
            intents.go_to(tx);
        } else {
            intents.announce("Nothing further that way.");
        }
    };
    view! {
        <svg style:width=rem(width) style:height=rem(height) viewBox=format!("0 0 {width:.1} {height:.1}") tabindex="0" role="application" aria-roledescription="graph"
            aria-label=move || model.with(|m| m.as_ref().map(|m| format!(
                "Dependency graph. {} Arrow keys: left to what a transaction read from, right to who read it, up and down in its wave.",
                sentence::graph_summary(m)
            )))
            on:click=click on:keydown=key>
            {still}
            {moving}
            <g>{diamonds}</g>
        </svg>
    }
}

fn is_near(picture: &Picture, link: &graph::Link, selection: &Selection) -> bool {
    if selection.location.is_some() && link.location == selection.location {
        return true;
    }
    let Some(tx) = selection.tx else { return false };
    let _ = picture;
    link.writer == Some(tx) || link.reader == Some(tx)
}

/// Headings that do not run into each other.
fn waves(picture: &Picture) -> impl IntoView + use<> {
    let mut last = f64::NEG_INFINITY;
    picture
        .waves
        .iter()
        .filter(|w| {
            let free = w.x - last >= 58.0;
            if free {
                last = w.x;
            }
            free
        })
        .map(|w| view! { <text class="wave" x=px(w.x) y="13">{format!("wave {}", w.wave)}</text> })
        .collect_view()
}

fn px(value: f64) -> String {
    format!("{value:.1}")
}
