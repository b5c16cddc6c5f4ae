//! Tabs below the pictures.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::compare::Compare;
use super::curve::Curve;
use super::editor::Editor;
use super::list::List;
use super::tables::{Contracts, Locations, Time, Transactions};
use crate::state::{Page, Tab, dom};

/// The tabs and the open one's panel.
#[component]
pub fn Tabs(page: Page) -> impl IntoView {
    let key = move |e: KeyboardEvent| {
        let at = Tab::ALL.iter().position(|t| *t == page.tab.get_untracked()).unwrap_or(0);
        let next = match e.key().as_str() {
            "ArrowRight" => (at + 1) % Tab::ALL.len(),
            "ArrowLeft" => (at + Tab::ALL.len() - 1) % Tab::ALL.len(),
            "Home" => 0,
            "End" => Tab::ALL.len() - 1,
            _ => return,
        };
        e.prevent_default();
        page.open_tab(Tab::ALL[next]);
        dom::focus(&format!("tab-{}", Tab::ALL[next].id()));
    };
    view! {
        <section class="tabs" aria-label="Details">
            <div class="strip">
            <div role="tablist" aria-label="Details" on:keydown=key>
                {Tab::ALL.map(|tab| view! {
                    <button type="button" role="tab" id=format!("tab-{}", tab.id()) aria-controls="tab-panel"
                        aria-selected=move || (page.tab.get() == tab).to_string()
                        tabindex=move || if page.tab.get() == tab { "0" } else { "-1" }
                        on:click=move |_| page.open_tab(tab)>
                        {tab.name()}
                        {move || (tab == Tab::Scenario && page.is_stale()).then_some(" •")}
                    </button>
                }).collect_view()}
            </div>
            <Show when=move || page.tab.get() == Tab::Transactions>
                <input type="search" class="find" id="find" placeholder="Find  /" aria-label="Find transactions"
                    prop:value=move || page.query.get() on:input=move |e| page.filter(event_target_value(&e))/>
            </Show>
            </div>
            <div role="tabpanel" id="tab-panel" tabindex="0" aria-labelledby=move || format!("tab-{}", page.tab.get().id())>
                {move || match page.tab.get() {
                    Tab::Transactions => view! { <Transactions page/> }.into_any(),
                    Tab::Locations => view! { <Locations page/> }.into_any(),
                    Tab::Time => view! { <Time page/> }.into_any(),
                    Tab::AccessList => view! { <List page/> }.into_any(),
                    Tab::Compare => view! { <Compare page/> }.into_any(),
                    Tab::Curve => view! { <Curve page/> }.into_any(),
                    Tab::Story => view! { <Story page/> }.into_any(),
                    Tab::Scenario => view! { <Editor page/> }.into_any(),
                    Tab::Contracts => view! { <Contracts page/> }.into_any(),
                }}
            </div>
        </section>
    }
}

/// The scenario's own words. Always as text, never as HTML.
#[component]
fn Story(page: Page) -> impl IntoView {
    let told =
        Memo::new(move |_| page.document.with(|d| d.parsed().map(|s| (s.title.clone(), s.story.clone()))));
    view! {
        <div class="prose">
            {move || match told.get() {
                Some((title, story)) => {
                    let paragraphs = story.split("\n\n").filter(|p| !p.trim().is_empty())
                        .map(|p| view! { <p>{p.trim().to_owned()}</p> }).collect_view();
                    let silent = story.trim().is_empty();
                    view! {
                        <h3>{title}</h3>
                        {paragraphs}
                        {silent.then(|| view! { <p>"This scenario tells no story. Write one in its \"story\" field."</p> })}
                    }.into_any()
                }
                None => view! {
                    <p>{move || page.model.get().map(|m| format!("{}: a real block, executed as it was.", m.report.title))}</p>
                }.into_any(),
            }}
        </div>
    }
}
