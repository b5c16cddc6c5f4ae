//! The frame of the page: the only component that knows the whole page. It gives each of the others what that one shows.

use leptos::ev;
use leptos::prelude::*;

use super::compare::Compare;
use super::curve::Curve;
use super::dialogs::{CostModel, Help, Strategies};
use super::editor::Editor;
use super::foot::Foot;
use super::framed::Framed;
use super::graph::Graph;
use super::head::Head;
use super::header::Header;
use super::inspector::Inspector;
use super::keys::{self, Keys};
use super::lanes::Lanes;
use super::lesson::{Lesson, Lessons};
use super::list::List;
use super::notices::{Notices, Progress};
use super::picture::{Printed, SavePicture};
use super::present::Presenter;
use super::share::Share;
use super::story::Story;
use super::tables::{Contracts, Locations, Time, Transactions};
use super::tabs::Tabs;
use crate::state::recorded::Recorded;
use crate::state::{Browser, Intents, Page, Panels, Setup, Shown, Tab, Written, file, screen, sync};

/// The page.
#[component]
pub fn App(
    /// The recorded run that is shown until the engine has run the same.
    recorded: Option<Recorded>,
) -> impl IntoView {
    let page = Page::start(recorded);
    let intents = page.intents();
    let Page { written, setup, work, shown, time, pinned, lists, curve, panels, browser, .. } = page;
    let Written { document, is_stale, .. } = written;
    let Setup { strategy, clock, cost_model, .. } = setup;
    let Shown { model, picture, selection, detail, .. } = shown;
    let Panels { tab, dialog, notice, query } = panels;
    let Browser { theme, screen, letter_keys, spoken } = browser;
    let is_running = work.is_running;
    sync::start(page);
    keys::start(Keys {
        command: Callback::new(move |command| page.command(command)),
        intents,
        selection,
        tab,
        dialog,
        present: page.present,
        letter_keys: letter_keys.into(),
    });
    super::focus::start();
    let dropping = drop_target(intents);
    let probe: NodeRef<leptos::html::I> = NodeRef::new();
    Effect::new(move |_| {
        if let Some(probe) = probe.get() {
            screen::follow(screen, &probe);
        }
    });
    let address = Callback::new(move |()| page.address());
    if page.embed.with_untracked(Option::is_some) {
        let (embed, theme, screen) = (page.embed, theme.into(), screen.into());
        let (lesson, progress) = (page.lesson.open, page.lesson.progress);
        return view! {
            <Framed embed written setup work shown time pinned curve panels lesson progress theme screen intents address/>
            <i class="probe" node_ref=probe aria-hidden="true"></i>
            <div class="hidden" role="status" aria-live="polite">{move || spoken.get()}</div>
            <Help dialog letter_keys intents/>
            <CostModel dialog cost_model intents/>
            <Strategies dialog strategy intents/>
            <SavePicture dialog model picture document curve address intents/>
            <Lessons dialog progress intents/>
        }
        .into_any();
    }
    let panel = move |tab| panel(page, intents, tab);
    let make_link = Callback::new(move |()| page.link());
    let given = lists.given;
    let is_presenting = Memo::new(move |_| page.present.with(Option::is_some));
    let whole = move || {
        view! {
            <a class="skip" href="#lanes">"Skip to the lanes"</a>
            <div class="page">
                <div>
                    <Header document setup work theme intents/>
                    <Progress work/>
                    <Notices notice document setup work intents/>
                </div>
                <Head model picture selection written work intents/>
                <div></div>
                <main class="main" class:teaching=move || page.lesson.open.with(Option::is_some)>
                    <Lesson lesson=page.lesson.open progress=page.lesson.progress is_running can_present=true intents/>
                    <div class="left" class:writing=move || matches!(tab.get(), Tab::Scenario | Tab::AccessList | Tab::Compare | Tab::Curve)>
                        <Lanes shown time pinned clock cost_model is_stale is_running
                            theme=theme.into() screen=screen.into() intents/>
                        <Graph model selection is_stale is_running screen=screen.into() intents/>
                        <Tabs tab query is_stale intents panel/>
                    </div>
                    <Inspector model selection detail intents/>
                </main>
                <Foot work model/>
            </div>
        }
    };
    let presented = move || {
        view! {
            <Presenter present=page.present lesson=page.lesson.open written setup work shown time pinned notice
                theme=theme.into() screen=screen.into() make_link intents/>
        }
    };
    view! {
        {move || if is_presenting.get() { presented().into_any() } else { whole().into_any() }}
        <Printed model picture lesson=page.lesson.open pins=pinned.pins address/>
        <i class="probe" node_ref=probe aria-hidden="true"></i>
        <div class="hidden" role="status" aria-live="polite">{move || spoken.get()}</div>
        <Help dialog letter_keys intents/>
        <Share dialog document strategy given lesson=page.lesson.open model is_stale make_link intents/>
        <CostModel dialog cost_model intents/>
        <Strategies dialog strategy intents/>
        <SavePicture dialog model picture document curve address intents/>
        <Lessons dialog progress=page.lesson.progress can_present=true intents/>
        <Show when=move || dropping.get()>
            <div class="dropping">"Drop a scenario, a real block (evm-block-case/1) or a block access list (EIP-7928)"</div>
        </Show>
    }
    .into_any()
}

/// What a tab's panel holds.
fn panel(page: Page, intents: Intents, tab: Tab) -> AnyView {
    let Page { written, setup, work, lists, pinned, curve, .. } = page;
    let Written { document, ran, .. } = written;
    let Shown { model, selection, .. } = page.shown;
    let query = page.panels.query;
    let screen = page.browser.screen.into();
    match tab {
        Tab::Transactions => view! { <Transactions model selection query intents/> }.into_any(),
        Tab::Locations => view! { <Locations model selection intents/> }.into_any(),
        Tab::Time => view! { <Time model/> }.into_any(),
        Tab::AccessList => {
            view! { <List lists ran strategy=setup.strategy work model selection intents/> }.into_any()
        }
        Tab::Compare => view! { <Compare model pinned work intents/> }.into_any(),
        Tab::Curve => view! { <Curve curve document setup work model screen intents/> }.into_any(),
        Tab::Story => view! { <Story document model/> }.into_any(),
        Tab::Scenario => view! { <Editor written activity=work.activity screen intents/> }.into_any(),
        Tab::Contracts => view! { <Contracts model/> }.into_any(),
    }
}

/// Files may be dropped anywhere. True while one hovers.
fn drop_target(intents: Intents) -> RwSignal<bool> {
    let dropping = RwSignal::new(false);
    let has_files = |event: &web_sys::DragEvent| {
        event.data_transfer().is_some_and(|t| t.types().includes(&"Files".into(), 0))
    };
    let over = window_event_listener(ev::dragover, move |event| {
        if has_files(&event) {
            event.prevent_default();
            dropping.set(true);
        }
    });
    let leave = window_event_listener(ev::dragleave, move |event| {
        // Leaving an element for its child is not leaving the page.
        if event.related_target().is_none() {
            dropping.set(false);
        }
    });
    let drop = window_event_listener(ev::drop, move |event| {
        dropping.set(false);
        if has_files(&event) {
            event.prevent_default();
            if let Some(dropped) = event.data_transfer().and_then(|t| t.files()).and_then(|f| f.get(0)) {
                file::open(intents, dropped);
            }
        }
    });
    on_cleanup(move || {
        over.remove();
        leave.remove();
        drop.remove();
    });
    dropping
}
