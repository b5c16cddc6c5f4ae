//! The frame of the page: the only component that knows the whole page. It gives each of the others what that one shows.

use std::time::Duration;

use leptos::ev;
use leptos::prelude::*;

use super::foot::Foot;
use super::head::Head;
use super::header::Header;
use super::keys::{self, Keys};
use super::lanes::Lanes;
use super::late::{self, WaitingDialog};
use super::notices::{Notices, Progress};
use super::tabs::Tabs;
use crate::state::late::{Details, Dialogs, Framed, Later, OwnDialogs};
use crate::state::recorded::Recorded;
use crate::state::{
    Activity, Browser, Intents, Page, Panels, Setup, Shown, Tab, Written, file, screen, sync,
};

/// The page.
#[component]
pub fn App(
    /// The recorded run that is shown until the engine has run the same.
    recorded: Option<Recorded>,
) -> impl IntoView {
    let page = Page::start(recorded, late::load);
    let intents = page.intents();
    let Page { written, setup, work, shown, time, pinned, lists, curve, panels, browser, .. } = page;
    let Written { document, is_stale, .. } = written;
    let Setup { strategy, clock, cost_model, .. } = setup;
    let Shown { model, picture, selection, detail, .. } = shown;
    let Panels { tab, dialog, notice, query } = panels;
    let Browser { theme, screen, letter_keys, spoken, late } = browser;
    let is_running = work.is_running;
    let details = Later::new(late::load_details);
    let progress = page.lesson.progress;
    // In the first quiet moment after the first run.
    Effect::new(move |_| {
        if model.with(Option::is_some) && work.activity.with(|activity| matches!(activity, Activity::Idle)) {
            // Not every browser has such moments.
            if request_idle_callback_with_handle(move || late.start()).is_err() {
                set_timeout(move || late.start(), Duration::from_millis(200));
            }
        }
    });
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
    let can_present = page.embed.with_untracked(Option::is_none);
    let dialogs = Dialogs {
        dialog,
        letter_keys,
        cost_model,
        strategy,
        progress,
        can_present,
        model,
        picture,
        document,
        curve,
        address,
        intents,
    };
    if page.embed.with_untracked(Option::is_some) {
        let (embed, theme, screen) = (page.embed, theme.into(), screen.into());
        let lesson = page.lesson.open;
        let framed = Framed {
            embed,
            written,
            setup,
            work,
            shown,
            time,
            pinned,
            curve,
            panels,
            lesson,
            progress,
            theme,
            screen,
            intents,
            address,
        };
        return view! {
            {details.view(move |details| (details.framed)(framed))}
            <i class="probe" node_ref=probe aria-hidden="true"></i>
            <div class="hidden" role="status" aria-live="polite">{move || spoken.get()}</div>
            {move || match late.get() {
                Some(parts) => (parts.framed_dialogs)(dialogs),
                None => view! { <WaitingDialog dialog late intents/> }.into_any(),
            }}
        }
        .into_any();
    }
    let panel = move |tab| panel(page, intents, details, tab);
    let make_link = Callback::new(move |()| page.link());
    let given = lists.given;
    let own_dialogs = OwnDialogs {
        dialog,
        document,
        strategy,
        given,
        lesson: page.lesson.open,
        model,
        is_stale,
        picture,
        pins: pinned.pins,
        make_link,
        address,
        intents,
    };
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
                    {lesson(page, intents)}
                    <div class="left" class:writing=move || matches!(tab.get(), Tab::Scenario | Tab::AccessList | Tab::Compare | Tab::Curve)>
                        <Lanes shown time pinned clock cost_model is_stale is_running
                            theme=theme.into() screen=screen.into() intents/>
                        {details.view(move |details| {
                            (details.graph)(model, selection, is_stale, is_running, screen.into(), intents)
                        })}
                        <Tabs tab query is_stale intents panel/>
                    </div>
                    {details.view(move |details| (details.inspector)(model, selection, detail, intents))}
                </main>
                <Foot work model/>
            </div>
        }
    };
    let presented = crate::state::late::Presented {
        present: page.present,
        lesson: page.lesson.open,
        written,
        setup,
        work,
        shown,
        time,
        pinned,
        notice,
        theme: theme.into(),
        screen: screen.into(),
        make_link,
        intents,
    };
    let presented = move || late.view(move |parts| (parts.present)(presented));
    view! {
        {move || if is_presenting.get() { presented() } else { whole().into_any() }}
        <i class="probe" node_ref=probe aria-hidden="true"></i>
        <div class="hidden" role="status" aria-live="polite">{move || spoken.get()}</div>
        {move || match late.get() {
            Some(parts) => [(parts.framed_dialogs)(dialogs), (parts.own_dialogs)(own_dialogs)].into_any(),
            None => view! { <WaitingDialog dialog late intents/> }.into_any(),
        }}
        <Show when=move || dropping.get()>
            <div class="dropping">"Drop a scenario, a real block (evm-block-case/1) or a block access list (EIP-7928)"</div>
        </Show>
    }
    .into_any()
}

/// What a tab's panel holds.
fn panel(page: Page, intents: Intents, details: Later<Details>, tab: Tab) -> AnyView {
    let Page { written, setup, work, lists, pinned, curve, .. } = page;
    let Written { document, ran, .. } = written;
    let Shown { model, selection, .. } = page.shown;
    let query = page.panels.query;
    let screen = page.browser.screen.into();
    let late = page.browser.late;
    match tab {
        Tab::Transactions => {
            details.view(move |details| (details.transactions)(model, selection, query, intents))
        }
        Tab::Locations => late.view(move |parts| (parts.locations)(model, selection, intents)),
        Tab::Time => late.view(move |parts| (parts.time)(model)),
        Tab::AccessList => {
            late.view(move |parts| (parts.list)(lists, ran, setup.strategy, work, model, selection, intents))
        }
        Tab::Compare => late.view(move |parts| (parts.compare)(model, pinned, work, intents)),
        Tab::Curve => {
            late.view(move |parts| (parts.curve)(curve, document, setup, work, model, screen, intents))
        }
        Tab::Story => late.view(move |parts| (parts.story)(document, model)),
        Tab::Scenario => late.view(move |parts| (parts.editor)(written, work.activity, screen, intents)),
        Tab::Contracts => late.view(move |parts| (parts.contracts)(model)),
    }
}

/// The open lesson.
fn lesson(page: Page, intents: Intents) -> impl IntoView {
    let (open, progress, is_running) = (page.lesson.open, page.lesson.progress, page.work.is_running);
    let is_open = Memo::new(move |_| open.with(Option::is_some));
    move || {
        is_open.get().then(|| {
            page.browser.late.view(move |parts| (parts.lesson)(open, progress, is_running, true, intents))
        })
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
