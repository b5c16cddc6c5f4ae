//! The lanes as a file, and on paper.

use std::sync::Arc;

use leptos::ev;
use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::dialogs::{Top, bind};
use crate::state::{self, CurveState, Document, Intents, Picture, Slice, dom, image};
use crate::view::format::bytes;
use crate::view::model::RunModel;
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

/// What is printed in place of the panels: the lanes, what they show, and the link. It is made when the page is printed.
#[component]
pub fn Printed(
    model: Slice<Option<Arc<RunModel>>>,
    picture: Slice<Picture>,
    /// The address of the page that shows what is here now, if a link can say it.
    address: Callback<(), Option<String>>,
) -> impl IntoView {
    /// As wide as the text on a sheet of A4.
    const SHEET: f64 = 700.0;
    let element: NodeRef<leptos::html::Div> = NodeRef::new();
    let words = RwSignal::new((String::new(), String::new()));
    let print = window_event_listener_untyped("beforeprint", move |_| {
        let (Some(element), Some(model)) = (element.get_untracked(), model.get_untracked()) else { return };
        // Its texts are escaped; see `svg::escape`.
        element.set_inner_html(&svg::inline(&model, SHEET, "printed"));
        let caption = picture.with_untracked(|picture| {
            recorded::caption(&model, picture, &address.run(()).unwrap_or_default())
        });
        words.set((caption.what, caption.link));
    });
    on_cleanup(move || print.remove());
    view! {
        <section class="printed" aria-hidden="true">
            <div class="picture" node_ref=element></div>
            <p>{move || words.get().0}</p>
            <p class="mono">{move || words.get().1}</p>
        </section>
    }
}
