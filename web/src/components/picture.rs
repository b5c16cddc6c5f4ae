//! The lanes as a file, and on paper.

use std::sync::Arc;

use evm_lanes_core::goal;
use evm_lanes_core::scenario::lesson::number;
use leptos::ev;
use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::dialogs::{Top, bind};
use crate::state::{self, CurveState, Document, Intents, LessonState, Picture, Pin, Slice, dom, image};
use crate::view::format::bytes;
use crate::view::model::RunModel;
use crate::view::print::{self, Sheet, Step};
use crate::view::svg::{self, SvgOptions, Theme};
use crate::view::{offline, recorded};

/// The width of a picture, in CSS pixels.
const WIDTH: f64 = 1060.0;

/// The picture, and files of it.
#[component]
pub fn SavePicture(
    dialog: Slice<Option<state::Dialog>>,
    model: Slice<Option<Arc<RunModel>>>,
    picture: Slice<Picture>,
    document: Slice<Document>,
    /// Speed-up over lanes, if it was asked for.
    curve: Slice<CurveState>,
    /// The address of the page that shows what is here now, if a link can say it.
    address: Callback<(), Option<String>>,
    intents: Intents,
) -> impl IntoView {
    let element: NodeRef<Dialog> = NodeRef::new();
    bind(element, dialog, state::Dialog::Picture);
    let theme = RwSignal::new(Theme::Light);
    let with_link = RwSignal::new(true);
    let said = RwSignal::new(String::new());
    let drawn = Memo::new(move |_| {
        if dialog.get() != Some(state::Dialog::Picture) {
            return None;
        }
        said.set(String::new());
        let model = model.get()?;
        let link =
            if with_link.get() { untrack(|| address.run(()).unwrap_or_default()) } else { String::new() };
        let caption = picture.with(|picture| recorded::caption(&model, picture, &link));
        Some(svg::lanes(
            &model,
            &SvgOptions { width: WIDTH, theme: theme.get(), caption: Some(caption), until: None },
        ))
    });
    let save_png = move |_| {
        let Some(svg) = drawn.get_untracked() else { return };
        spawn_local(async move {
            let saved = image::save_png("lanes.png", &svg).await.is_some();
            said.set(if saved {
                "Saved as lanes.png.".to_owned()
            } else {
                "This browser could not make a PNG of it. Save it as SVG instead.".to_owned()
            });
        });
    };
    let options = move || {
        let model = model.get_untracked()?;
        let link =
            if with_link.get_untracked() { address.run(()).unwrap_or_default() } else { String::new() };
        let caption = picture.with_untracked(|picture| recorded::caption(&model, picture, &link));
        Some((
            model,
            SvgOptions { width: WIDTH, theme: theme.get_untracked(), caption: Some(caption), until: None },
        ))
    };
    let save_moving = move |_| {
        if let Some((model, options)) = options() {
            dom::save("lanes-moving.svg", "image/svg+xml", svg::moving(&model, &options).as_bytes());
            said.set("Saved as lanes-moving.svg.".to_owned());
        }
    };
    let save_page = move |_| {
        if let Some((model, SvgOptions { caption: Some(caption), .. })) = options() {
            let drawn = curve.with_untracked(|curve| match curve {
                CurveState::Done { curve, source, .. }
                    if document.with_untracked(|d| d.source == *source) =>
                {
                    Some(curve.clone())
                }
                _ => None,
            });
            let html = offline::html(&model, &caption, drawn.as_deref());
            dom::save("run.html", "text/html", html.as_bytes());
            said.set(format!("Saved as run.html ({}). It opens without a server.", bytes(html.len() as u64)));
        }
    };
    let save_svg = move |_| {
        if let Some(svg) = drawn.get_untracked() {
            dom::save("lanes.svg", "image/svg+xml", svg.as_bytes());
            said.set("Saved as lanes.svg.".to_owned());
        }
    };
    let themes = [
        (Theme::Light, "light", "Light"),
        (Theme::Dark, "dark", "Dark"),
        (Theme::Auto, "auto", "Light or dark, as the reader’s program prefers (SVG)"),
    ]
    .map(|(choice, name, text)| {
        view! {
            <label class="choice">
                <input type="radio" name="picture-theme" value=name prop:checked=move || theme.get() == choice
                    on:change=move |_| theme.set(choice)/>
                <span>{text}</span>
            </label>
        }
    })
    .collect_view();
    view! {
        <dialog class="picture-file" node_ref=element aria-labelledby="picture-title"
            on:close=move |_: ev::Event| intents.close_dialog(state::Dialog::Picture)>
            <Top title="The lanes as a picture" id="picture-title" own=state::Dialog::Picture intents/>
            <div class="body">
                {move || drawn.get().map(|svg| view! {
                    <img class="preview" src=image::address(&svg) alt="The picture as it will be saved"/>
                })}
                <fieldset><legend>"Colours"</legend>{themes}</fieldset>
                <label class="choice">
                    <input type="checkbox" prop:checked=move || with_link.get()
                        on:change=move |e| with_link.set(event_target_checked(&e))/>
                    <span>"Write the link below it"</span>
                </label>
                <div class="row">
                    <button type="button" class="btn go" on:click=save_svg>"Save as SVG"</button>
                    <button type="button" class="btn" on:click=save_png>"Save as PNG"</button>
                    <button type="button" class="btn" on:click=save_moving>"Save as moving SVG"</button>
                    <button type="button" class="btn" on:click=save_page
                        title="One file that opens without a server: lanes, figures, graph, transactions, attempts, locations, time, and the curve if it is drawn">"Save as page"</button>
                </div>
                <p role="status">{move || said.get()}</p>
                <p>"It shows the whole run, whatever part of it the lanes show now. To print it with the headline, use the browser’s own Print."</p>
            </div>
        </dialog>
    }
}

/// What is printed in place of the panels: the lesson's step, the lanes, the runs beside them, what they show, the link and
/// its code. It is made when the page is printed.
#[component]
pub fn Printed(
    model: Slice<Option<Arc<RunModel>>>,
    picture: Slice<Picture>,
    lesson: Slice<Option<LessonState>>,
    pins: Slice<Vec<Pin>>,
    /// The address of the page that shows what is here now, if a link can say it.
    address: Callback<(), Option<String>>,
) -> impl IntoView {
    let element: NodeRef<leptos::html::Section> = NodeRef::new();
    let print = window_event_listener_untyped("beforeprint", move |_| {
        let Some(element) = element.get_untracked() else { return };
        let (model, pins) = (model.get_untracked(), pins.get_untracked());
        let link = address.run(()).unwrap_or_default();
        let caption = model
            .as_ref()
            .map(|model| picture.with_untracked(|picture| recorded::caption(model, picture, &link).what));
        let is_other = |pin: &&Pin| model.as_ref().is_none_or(|model| !Arc::ptr_eq(model, &pin.model));
        let sheet = Sheet {
            step: lesson.with_untracked(|lesson| lesson.as_ref().and_then(step)),
            model: model.as_deref(),
            // Beside a question that waits for its answer there is no run at all.
            beside: if model.is_some() {
                pins.iter().filter(is_other).map(|pin| &*pin.model).collect()
            } else {
                Vec::new()
            },
            caption: caption.unwrap_or_default(),
            link,
        };
        // Its texts are escaped; see `view/print.rs`.
        element.set_inner_html(&print::html(&sheet));
    });
    on_cleanup(move || print.remove());
    view! { <section class="printed" aria-hidden="true" node_ref=element></section> }
}

/// The open step as it is read: with its question, and with its explanation once the step is done.
fn step(state: &LessonState) -> Option<Step> {
    let step = state.current()?;
    let start = state.start_figures.as_ref().or(state.figures.as_ref());
    let now = |text: &str, figures| {
        number::labels_now(&goal::fill(text, figures), |target| state.numbers.get(target).copied())
    };
    let mut texts = vec![now(&step.text, start)];
    if let Some(question) = &step.question {
        texts.push(question.text.clone());
        texts.push(question.choices.iter().map(|choice| format!("- {}\n", choice.text)).collect());
    }
    if state.is_done {
        texts.push(now(&step.explanation, state.figures.as_ref()));
    }
    let (number, steps) = (state.step + 1, state.lesson.steps.len());
    Some(Step { heading: format!("{}, step {number} of {steps}: {}", state.lesson.title, step.title), texts })
}
