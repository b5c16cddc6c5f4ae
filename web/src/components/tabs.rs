//! Tabs below the pictures.

use leptos::html::Button;
use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::state::{Intents, Slice, Tab};

/// The tabs and the open one's panel.
#[component]
pub fn Tabs<F>(
    tab: Slice<Tab>,
    query: Slice<String>,
    is_stale: Slice<bool>,
    intents: Intents,
    /// What a tab's panel holds.
    panel: F,
) -> impl IntoView
where
    F: Fn(Tab) -> AnyView + Send + 'static,
{
    let buttons = Tab::ALL.map(|tab| (tab, NodeRef::<Button>::new()));
    let key = move |e: KeyboardEvent| {
        let at = Tab::ALL.iter().position(|t| *t == tab.get_untracked()).unwrap_or(0);
        let next = match e.key().as_str() {
            "ArrowRight" => (at + 1) % Tab::ALL.len(),
            "ArrowLeft" => (at + Tab::ALL.len() - 1) % Tab::ALL.len(),
            "Home" => 0,
            "End" => Tab::ALL.len() - 1,
            _ => return,
        };
        e.prevent_default();
        let (next, button) = buttons[next];
        intents.open_tab(next);
        if let Some(button) = button.get_untracked() {
            let _ = button.focus();
        }
    };
    view! {
        <section class="tabs" aria-label="Details">
            <div class="strip">
            <div role="tablist" aria-label="Details" on:keydown=key>
                {buttons.map(|(own, button)| view! {
                    <button type="button" role="tab" node_ref=button id=format!("tab-{}", own.id()) aria-controls="tab-panel"
                        aria-selected=move || (tab.get() == own).to_string()
                        tabindex=move || if tab.get() == own { "0" } else { "-1" }
                        on:click=move |_| intents.open_tab(own)>
                        {own.name()}
                        {move || (own == Tab::Scenario && is_stale.get()).then_some(" •")}
                    </button>
                }).collect_view()}
            </div>
            <Show when=move || tab.get() == Tab::Transactions>
                <input type="search" class="find" id="find" placeholder="Find  /" aria-label="Find transactions"
                    prop:value=move || query.get() on:input=move |e| intents.filter(event_target_value(&e))/>
            </Show>
            </div>
            <div role="tabpanel" id="tab-panel" tabindex="0" aria-labelledby=move || format!("tab-{}", tab.get().id())>
                {move || panel(tab.get())}
            </div>
        </section>
    }
}
