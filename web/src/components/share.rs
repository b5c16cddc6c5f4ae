//! The dialog that hands on what is on the page: the link in the forms that other places take, its QR code, and a file for
//! what no link takes.

use std::sync::Arc;

use evm_lanes_core::scenario::StrategyChoice;
use leptos::ev;
use leptos::html::{Dialog, Textarea};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::dialogs::{Top, bind};
use crate::state::{self, Document, Given, Intents, LessonState, Link, Slice, dom, link};
use crate::view::format::count;
use crate::view::model::RunModel;
use crate::view::qr::{self, QrPicture};
use crate::view::sentence;
use crate::view::share::{self, Form, Shared};

/// The link, how long it is, and what else holds it.
#[component]
pub fn Share(
    dialog: Slice<Option<state::Dialog>>,
    document: Slice<Document>,
    strategy: Slice<StrategyChoice>,
    given: Slice<Option<Given>>,
    lesson: Slice<Option<LessonState>>,
    model: Slice<Option<Arc<RunModel>>>,
    is_stale: Slice<bool>,
    /// Makes the link to what is on the page now. That takes too long to be done before anyone asks.
    make_link: Callback<(), Link>,
    intents: Intents,
) -> impl IntoView {
    let element: NodeRef<Dialog> = NodeRef::new();
    // What the latest button did.
    let done = RwSignal::new(String::new());
    bind(element, dialog, state::Dialog::Share);
    let shared = Memo::new(move |_| {
        if dialog.get() != Some(state::Dialog::Share) {
            return None;
        }
        done.set(String::new());
        Some(make_link.run(()))
    });
    let body = move || {
        match shared.get()? {
        Link::Fits(link) => Some(
            view! {
                <p>{held(lesson)}" Nothing is stored on a server."</p>
                <GivenList given strategy/>
                <Texts link document lesson model is_stale done intents/>
            }
            .into_any(),
        ),
        Link::TooLong if lesson.with_untracked(|l| l.as_ref().is_some_and(|l| l.own.is_some())) => Some(
            view! {
                <p role="alert">{format!("This lesson, with what was changed in it, is too long for a link: browsers take about {} characters. Share its file, and the changed scenario beside it.", count(32_000))}</p>
                <div class="row">
                    <button type="button" class="btn" on:click=move |_| {
                        if let Some(text) = lesson.with_untracked(|l| l.as_ref().and_then(|l| l.own.clone())) {
                            dom::save("lesson.json", "application/json", text.as_bytes());
                        }
                    }>"Save the lesson"</button>
                    <SaveButton document/>
                </div>
            }
            .into_any(),
        ),
        Link::TooLong => Some(
            view! {
                <p role="alert">{format!("This scenario is too long for a link: browsers take about {} characters. Share it as a file: dropped on this page, it opens.", count(32_000))}</p>
                <div class="row"><SaveButton document/></div>
            }
            .into_any(),
        ),
        Link::File(name) => Some(
            view! {
                <GivenList given strategy/>
                <p>{format!("A real block does not fit into a link. Share the file {name}: dropped on this page, it gives the same run.")}</p>
            }
            .into_any(),
        ),
    }
    };
    view! {
        <dialog class="share" node_ref=element aria-labelledby="share-title" on:close=move |_: ev::Event| intents.close_dialog(state::Dialog::Share)>
            <Top title="Share what is on the page" id="share-title" own=state::Dialog::Share intents/>
            <div class="body">
                {body}
                // Always there, so that a change of it is read out.
                <p role="status">{move || done.get()}</p>
            </div>
        </dialog>
    }
}

/// What a link holds, in a sentence.
fn held(lesson: Slice<Option<LessonState>>) -> &'static str {
    match lesson.get_untracked() {
        None => "The link holds the scenario, strategy, lanes, clock and selection.",
        Some(state) if state.own.is_none() => {
            "The link opens this step of the lesson, with the scenario as it was changed, strategy, lanes, clock and selection."
        }
        Some(_) => {
            "The link holds the whole lesson, this step with the scenario as it was changed, strategy, lanes, clock and selection."
        }
    }
}

/// Every form of a link, its length, its code.
#[component]
fn Texts(
    link: String,
    document: Slice<Document>,
    lesson: Slice<Option<LessonState>>,
    model: Slice<Option<Arc<RunModel>>>,
    is_stale: Slice<bool>,
    done: RwSignal<String>,
    intents: Intents,
) -> impl IntoView {
    let base = link::base();
    // A real block has no title.
    let title = lesson.with_untracked(|lesson| {
        lesson.as_ref().map(|state| format!("{}, step {}", state.lesson.title, state.step + 1))
    });
    let title = title
        .or_else(|| document.with_untracked(|d| d.parsed().map(|s| s.title.clone())))
        .unwrap_or_default();
    let run = model.get_untracked().filter(|_| !is_stale.get_untracked());
    let headline = run.map(|model| sentence::headline(&model)).unwrap_or_default();
    let shared = Shared { base: &base, link: &link, title: &title, headline: &headline };
    let url = shared.url();
    let length = url.chars().count();
    let fits = share::LIMITS
        .map(|limit| {
            let ok = length <= limit.characters;
            view! {
                <li class=if ok { "ok" } else { "wrong" }>
                    {format!("{} {} ({} characters)", if ok { "✓ fits" } else { "✗ too long for" }, limit.place, count(limit.characters as u64))}
                </li>
            }
        })
        .collect_view();
    let mut forms = Form::ALL.into_iter().map(|form| (form, form.text(&shared)));
    let first = forms.next().map(|(form, text)| view! { <Text form text done document=Some(document)/> });
    let others = forms.map(|(form, text)| view! { <Text form text done document=None/> }).collect_view();
    // The site has pictures of recorded runs only.
    let save = shared.recorded().is_none().then(|| {
        view! {
            <p>
                {format!("The image is a file of yours: save the picture as {} beside your text. ", share::OWN_IMAGE)}
                <button type="button" class="btn small" on:click=move |_| intents.open_dialog(state::Dialog::Picture)>
                    "Picture…"
                </button>
            </p>
        }
    });
    let code = qr::picture(&url).zip(share::describe_qr(length));
    view! {
        {first}
        <p>{share::describe(length)}</p>
        <ul class="fits">{fits}</ul>
        {code.map(|(picture, about)| view! { <Code picture about title=shared.title()/> })}
        <h3>"For other places"</h3>
        {others}
        {save}
    }
}

/// One form, to be copied. The link itself may also be saved as a file.
#[component]
fn Text(
    form: Form,
    text: String,
    done: RwSignal<String>,
    document: Option<Slice<Document>>,
) -> impl IntoView {
    let field: NodeRef<Textarea> = NodeRef::new();
    let copied = text.clone();
    let copy = move |_| {
        let text = copied.clone();
        // Said again if it is done again.
        done.set(String::new());
        spawn_local(async move {
            if dom::copy(&text).await {
                done.set(form.copied());
                return;
            }
            if let Some(field) = field.get_untracked() {
                let _ = field.focus();
                field.select();
            }
            done.set("The browser did not allow copying. The text is selected: copy it by hand.".to_owned());
        });
    };
    let is_link = form == Form::Link;
    let rows = if is_link { "2" } else { "3" };
    view! {
        <div class="form">
            <span class="about"><b>{form.name()}</b>" "{form.purpose()}</span>
            <textarea readonly node_ref=field rows=rows aria-label=form.name() spellcheck="false" prop:value=text
                on:focus=move |_| {
                    if let Some(field) = field.get_untracked() {
                        field.select();
                    }
                }></textarea>
            <div class="row">
                <button type="button" class=if is_link { "btn go" } else { "btn small" } on:click=copy>
                    {if is_link { "Copy the link".to_owned() } else { format!("Copy {}", form.name()) }}
                </button>
                {document.map(|document| view! { <SaveButton document/> })}
            </div>
        </div>
    }
}

/// The link for phones.
#[component]
fn Code(picture: QrPicture, about: &'static str, title: String) -> impl IntoView {
    let view_box = format!("0 0 {0} {0}", picture.side);
    let ground = format!("M0 0h{0}v{0}H0z", picture.side);
    let path = picture.path.clone();
    let save = move |_| dom::save("qr.svg", "image/svg+xml", picture.svg(&title).as_bytes());
    view! {
        <figure class="qr">
            // Dark on light in every theme: not all phones read the inverse.
            <svg viewBox=view_box role="img" aria-label="QR code of the link" shape-rendering="crispEdges">
                <path fill="#fff" d=ground></path>
                <path fill="#000" d=path></path>
            </svg>
            <figcaption>
                <p>{about}</p>
                <button type="button" class="btn small" on:click=save>"Save the code as SVG"</button>
            </figcaption>
        </figure>
    }
}

/// That a list from a file is in no link.
#[component]
fn GivenList(given: Slice<Option<Given>>, strategy: Slice<StrategyChoice>) -> impl IntoView {
    let name = given.get_untracked().map(|given| given.name);
    name.filter(|_| strategy.get_untracked().reads_block_access_list()).map(|name| view! {
        <p class="wrong">{format!("This link leaves out the access list in {name}, so the run it opens uses the block’s own list. Send the file, too: dropped on the page, it is used again.")}</p>
    })
}

#[component]
fn SaveButton(document: Slice<Document>) -> impl IntoView {
    view! {
        <button type="button" class="btn" on:click=move |_| {
            if let Some(text) = document.with_untracked(|d| d.text().map(str::to_owned)) {
                dom::save("scenario.json", "application/json", text.as_bytes());
            }
        }>"Save as file"</button>
    }
}
