//! The late module: its components as functions of [`Parts`], and what stands in for dialogs until it has come.
//!
//! Only [`load_details`] names [`DETAILS`], and only [`load`] names [`PARTS`]: whatever else of the page named them would keep
//! them in the first module.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use evm_lanes_core::scenario::StrategyChoice;
use leptos::html::Dialog;
use leptos::prelude::*;

use super::compare::Compare;
use super::curve::Curve;
use super::dialogs::{CostModel, Help, Strategies};
use super::editor::Editor;
use super::framed::Framed;
use super::graph::Graph;
use super::inspector::Inspector;
use super::lesson::{Lesson, Lessons};
use super::list::List;
use super::picture::{Printed, SavePicture};
use super::pins::Pins;
use super::present::Presenter;
use super::share::Share;
use super::story::Story;
use super::tables::{Contracts, Locations, Time, Transactions};
use crate::state::late::{self, Details, Dialogs, Late, OwnDialogs, Parts};
use crate::state::{
    self, Activity, CurveState, DetailState, Document, Intents, LessonState, Lists, PinnedRuns, Progress,
    Screen, Selection, Setup, Slice, Source, Work, Written, effects, file,
};
use crate::view::model::RunModel;

type Model = Slice<Option<Arc<RunModel>>>;

static DETAILS: Details = Details { graph, inspector, transactions, framed };

static PARTS: Parts = Parts {
    framed_dialogs,
    own_dialogs,
    locations,
    time,
    list,
    compare,
    curve,
    story,
    editor,
    contracts,
    lesson,
    pins,
    present,
    post_picture: effects::post_picture,
    read_file: file::read_boxed,
};

/// The panels, once their module is there.
#[cfg(split)]
#[leptos::wasm_split::wasm_split(details, wasm_split_path = ::leptos::wasm_split, fallible)]
fn details() -> Result<&'static Details, leptos::wasm_split::SplitLoaderError> {
    Ok(&DETAILS)
}

/// Loads the panels around the lanes; `None` if their module does not come.
pub fn load_details() -> Pin<Box<dyn Future<Output = Option<&'static Details>>>> {
    #[cfg(split)]
    return Box::pin(async { details().await.ok() });
    // They are in the page's only module.
    #[cfg(not(split))]
    return Box::pin(async { Some(&DETAILS) });
}

/// The parts, once their module is there. The session's are in it, too.
#[cfg(split)]
#[leptos::wasm_split::wasm_split(late, wasm_split_path = ::leptos::wasm_split, fallible)]
fn parts() -> Result<&'static Parts, leptos::wasm_split::SplitLoaderError> {
    evm_lanes_session::late::install(&evm_lanes_session::late::LATE);
    Ok(&PARTS)
}

/// Loads the parts; `None` if their module does not come.
pub fn load() -> Pin<Box<dyn Future<Output = Option<&'static Parts>>>> {
    #[cfg(split)]
    return Box::pin(async { parts().await.ok() });
    // They are in the page's only module.
    #[cfg(not(split))]
    return Box::pin(async { Some(&PARTS) });
}

fn graph(
    model: Model,
    selection: Slice<Selection>,
    is_stale: Slice<bool>,
    is_running: Slice<bool>,
    screen: Slice<Screen>,
    intents: Intents,
) -> AnyView {
    view! { <Graph model selection is_stale is_running screen intents/> }.into_any()
}

fn inspector(
    model: Model,
    selection: Slice<Selection>,
    detail: Slice<DetailState>,
    intents: Intents,
) -> AnyView {
    view! { <Inspector model selection detail intents/> }.into_any()
}

fn transactions(
    model: Model,
    selection: Slice<Selection>,
    query: Slice<String>,
    intents: Intents,
) -> AnyView {
    view! { <Transactions model selection query intents/> }.into_any()
}

fn framed(given: late::Framed) -> AnyView {
    let late::Framed { embed, written, setup, work, shown, time, pinned, .. } = given;
    let late::Framed { curve, panels, lesson, progress, theme, screen, intents, address, .. } = given;
    view! {
        <Framed embed written setup work shown time pinned curve panels lesson progress theme screen intents address/>
    }
    .into_any()
}

fn framed_dialogs(given: Dialogs) -> AnyView {
    let Dialogs { dialog, letter_keys, cost_model, strategy, progress, can_present, .. } = given;
    let Dialogs { model, picture, document, curve, address, intents, .. } = given;
    view! {
        <Help dialog letter_keys intents/>
        <CostModel dialog cost_model intents/>
        <Strategies dialog strategy intents/>
        <SavePicture dialog model picture document curve address intents/>
        <Lessons dialog progress can_present intents/>
    }
    .into_any()
}

fn own_dialogs(given_dialogs: OwnDialogs) -> AnyView {
    let OwnDialogs { dialog, document, strategy, given, lesson, model, is_stale, .. } = given_dialogs;
    let OwnDialogs { picture, pins, address, make_link, intents, .. } = given_dialogs;
    view! {
        <Share dialog document strategy given lesson model is_stale make_link intents/>
        <Printed model picture lesson pins address/>
    }
    .into_any()
}

fn locations(model: Model, selection: Slice<Selection>, intents: Intents) -> AnyView {
    view! { <Locations model selection intents/> }.into_any()
}

fn time(model: Model) -> AnyView {
    view! { <Time model/> }.into_any()
}

fn list(
    lists: Lists,
    ran: Slice<Option<Source>>,
    strategy: Slice<StrategyChoice>,
    work: Work,
    model: Model,
    selection: Slice<Selection>,
    intents: Intents,
) -> AnyView {
    view! { <List lists ran strategy work model selection intents/> }.into_any()
}

fn compare(model: Model, pinned: PinnedRuns, work: Work, intents: Intents) -> AnyView {
    view! { <Compare model pinned work intents/> }.into_any()
}

fn curve(
    curve: Slice<CurveState>,
    document: Slice<Document>,
    setup: Setup,
    work: Work,
    model: Model,
    screen: Slice<Screen>,
    intents: Intents,
) -> AnyView {
    view! { <Curve curve document setup work model screen intents/> }.into_any()
}

fn story(document: Slice<Document>, model: Model) -> AnyView {
    view! { <Story document model/> }.into_any()
}

fn editor(written: Written, activity: Slice<Activity>, screen: Slice<Screen>, intents: Intents) -> AnyView {
    view! { <Editor written activity screen intents/> }.into_any()
}

fn contracts(model: Model) -> AnyView {
    view! { <Contracts model/> }.into_any()
}

fn lesson(
    lesson: Slice<Option<LessonState>>,
    progress: Slice<Progress>,
    is_running: Slice<bool>,
    can_present: bool,
    intents: Intents,
) -> AnyView {
    view! { <Lesson lesson progress is_running can_present intents/> }.into_any()
}

fn pins(given: late::Pins) -> AnyView {
    let late::Pins { shown, visible, pinned, palette, screen, intents } = given;
    view! { <Pins shown visible pinned palette screen intents/> }.into_any()
}

fn present(given: late::Presented) -> AnyView {
    let late::Presented { present, lesson, written, setup, work, shown, time, pinned, notice, .. } = given;
    let late::Presented { theme, screen, make_link, intents, .. } = given;
    view! {
        <Presenter present lesson written setup work shown time pinned notice theme screen make_link intents/>
    }
    .into_any()
}

/// In the place of a dialog whose code has not come yet.
#[component]
pub fn WaitingDialog(dialog: Slice<Option<state::Dialog>>, late: Late, intents: Intents) -> impl IntoView {
    let element: NodeRef<Dialog> = NodeRef::new();
    Effect::new(move |_| {
        let (Some(element), wanted) = (element.get(), dialog.get().is_some()) else { return };
        if wanted {
            late.start();
        }
        if wanted && !element.open() {
            // A dialog that cannot be modal is still shown.
            if element.show_modal().is_err() {
                element.show();
            }
        } else if !wanted && element.open() {
            element.close();
        }
    });
    let close = move || {
        if let Some(open) = dialog.get_untracked() {
            intents.close_dialog(open);
        }
    };
    view! {
        <dialog class="waiting" node_ref=element aria-label="Loading" on:cancel=move |_: leptos::ev::Event| close()>
            <div class="body">
                {late.waiting()}
                <button type="button" class="btn" on:click=move |_| close()>"Close"</button>
            </div>
        </dialog>
    }
}
