//! Texts of lessons: marks become elements, never HTML; figures of the run fill in by themselves; numbers can be dragged.

use evm_lanes_core::goal::{self, Figures};
use evm_lanes_core::scenario::lesson::number::Number;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent, PointerEvent};

use crate::state::{Intents, LessonEvent, LessonState, Slice};
use crate::view::markdown::{self, Block, Span};
use crate::view::number;

/// What a text says of the run.
#[derive(Clone, Copy)]
pub(super) enum Filled {
    /// It is filled in already, or says nothing.
    Already,
    /// The figures of that run stand for its placeholders.
    By(Memo<Option<Figures>>),
}

/// What the numbers of a text change.
#[derive(Clone, Copy)]
pub(super) struct Numbers {
    pub lesson: Slice<Option<LessonState>>,
    pub intents: Intents,
}

/// A text in simple Markdown. Its elements stay while its figures change, so that a number that is being dragged stays, too.
/// Without `numbers` they are read only.
pub(super) fn prose(text: &str, filled: Filled, numbers: Option<Numbers>) -> impl IntoView + use<> {
    markdown::blocks(text)
        .into_iter()
        .map(|block| match block {
            Block::Paragraph(spans) => view! { <p>{line(spans, filled, numbers)}</p> }.into_any(),
            Block::List(points) => {
                let points = points
                    .into_iter()
                    .map(|point| view! { <li>{line(point, filled, numbers)}</li> })
                    .collect_view();
                view! { <ul>{points}</ul> }.into_any()
            }
        })
        .collect_view()
}

fn line(spans: Vec<Span>, filled: Filled, numbers: Option<Numbers>) -> impl IntoView {
    spans
        .into_iter()
        .map(|span| match span {
            Span::Text(text) => words(text, filled),
            Span::Code(text) => view! { <code>{words(text, filled)}</code> }.into_any(),
            Span::Strong(text) => view! { <strong>{words(text, filled)}</strong> }.into_any(),
            Span::Emphasis(text) => view! { <em>{words(text, filled)}</em> }.into_any(),
            Span::Number(number) => match numbers {
                Some(numbers) => view! { <Draggable number numbers/> }.into_any(),
                None => number.label(number.value).into_any(),
            },
        })
        .collect_view()
}

fn words(text: String, filled: Filled) -> AnyView {
    match filled {
        Filled::By(figures) if text.contains('{') => {
            (move || figures.with(|figures| goal::fill(&text, figures.as_ref()))).into_any()
        }
        _ => text.into_any(),
    }
}

/// A hand that drags.
#[derive(Clone, Copy)]
struct Drag {
    /// Where it began.
    x: f64,
    /// The number there.
    from: u64,
    /// Whether it has moved further than a click does.
    is_moved: bool,
}

/// A number that is dragged sideways, clicked on its left or right half, or changed by arrow keys. It is a spin button: the
/// arrows, Home and End are those of any other one.
#[component]
fn Draggable(number: Number, numbers: Numbers) -> impl IntoView {
    let Numbers { lesson, intents } = numbers;
    let number = StoredValue::new(number);
    let target = number.with_value(|number| number.target.clone());
    let now = Memo::new(move |_| lesson.with(|s| s.as_ref().and_then(|s| s.numbers.get(&target).copied())));
    let is_covered = Memo::new(move |_| lesson.with(|s| s.as_ref().is_some_and(|s| s.is_covered)));
    // While a question waits, and where somebody has taken the value out of the scenario, there is nothing to change.
    let is_active = Memo::new(move |_| now.get().is_some() && !is_covered.get());
    let label = move || number.with_value(|number| number.label(now.get().unwrap_or(number.value)));
    let drag: RwSignal<Option<Drag>> = RwSignal::new(None);
    let set = move |value: u64| {
        number.with_value(|number| intents.lesson(LessonEvent::SetNumber(number.clone(), value)));
    };
    let on_key = move |event: KeyboardEvent| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let Some(from) = now.get_untracked() else { return };
        if let Some(to) =
            number.with_value(|number| number::typed(number, from, &event.key(), event.shift_key()))
        {
            event.prevent_default();
            set(to);
        }
    };
    let on_down = move |event: PointerEvent| {
        let (Some(from), true) = (now.get_untracked(), event.is_primary() && event.button() == 0) else {
            return;
        };
        if let Some(element) = element_of(&event) {
            let _ = element.set_pointer_capture(event.pointer_id());
        }
        drag.set(Some(Drag { x: event.client_x().into(), from, is_moved: false }));
    };
    let on_move = move |event: PointerEvent| {
        let Some(mut held) = drag.get_untracked() else { return };
        let way = f64::from(event.client_x()) - held.x;
        held.is_moved |= way.abs() > number::CLICK;
        if held.is_moved {
            drag.set(Some(held));
            set(number.with_value(|number| number::dragged(number, held.from, way)));
        }
    };
    let on_up = move |event: PointerEvent| {
        let Some(held) = drag.get_untracked() else { return };
        drag.set(None);
        if !held.is_moved
            && let Some(element) = element_of(&event)
        {
            let bounds = element.get_bounding_client_rect();
            let at = f64::from(event.client_x()) - bounds.left();
            set(number.with_value(|number| number::clicked(number, held.from, at, bounds.width())));
        }
        intents.remember();
    };
    let (name, low, high) = number.with_value(|number| (number.name(), number.low, number.high));
    view! {
        {move || if is_active.get() {
            view! {
                <span class="drag" class:held=move || drag.with(Option::is_some) role="spinbutton" tabindex="0"
                    aria-label=name.clone() aria-valuemin=low.to_string() aria-valuemax=high.to_string()
                    aria-valuenow=move || now.get().map(|now| now.to_string()) aria-valuetext=label
                    title="Drag sideways, click on its left or right half, or use the arrow keys"
                    on:keydown=on_key on:keyup=move |_| intents.remember()
                    on:pointerdown=on_down on:pointermove=on_move on:pointerup=on_up
                    on:pointercancel=move |_| drag.set(None)>{label}</span>
            }.into_any()
        } else {
            view! { <span>{label}</span> }.into_any()
        }}
    }
}

/// The number that an event is of.
fn element_of(event: &PointerEvent) -> Option<Element> {
    event.current_target().and_then(|target| target.dyn_into().ok())
}
