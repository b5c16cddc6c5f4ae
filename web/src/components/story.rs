//! The scenario's description.

use std::sync::Arc;

use leptos::prelude::*;

use crate::state::{Document, Slice};
use crate::view::model::RunModel;

/// The scenario's own words. Always as text, never as HTML.
#[component]
pub fn Story(document: Slice<Document>, model: Slice<Option<Arc<RunModel>>>) -> impl IntoView {
    let told = Memo::new(move |_| document.with(|d| d.parsed().map(|s| (s.title.clone(), s.story.clone()))));
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
                        {silent.then(|| view! { <p>"No description yet. Write one in the \"story\" field."</p> })}
                    }.into_any()
                }
                None => view! {
                    <p>{move || model.get().map(|m| format!("{}: a real block, executed as it was on the chain.", m.report.title))}</p>
                }.into_any(),
            }}
        </div>
    }
}
