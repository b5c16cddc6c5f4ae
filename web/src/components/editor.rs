//! The scenario as text: line numbers, problems at their place.

use evm_lanes_core::problem::{Position, Problem};
use evm_lanes_core::scenario::{self, Scenario, json};
use leptos::either::Either;
use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::state::{Activity, Document, Intents, Screen, Slice, Source, Written, dom};
use crate::view::format::{bytes, counted};

/// Longer texts are checked when they are run and not at every key stroke.
const MOST_LIVE: usize = 1 << 20;
/// Height of a line, in units.
const LINE: f64 = 19.0;
/// More generated transactions than this are not written out: nobody would edit them, and the text would not fit a link.
const MOST_FROZEN: u64 = 5_000;

/// The editor, or what stands in its place for a real block.
#[component]
pub fn Editor(
    written: Written,
    activity: Slice<Activity>,
    screen: Slice<Screen>,
    intents: Intents,
) -> impl IntoView {
    let case = Memo::new(move |_| {
        written.document.with(|d| match &d.source {
            Source::Case { name, text } => Some((name.to_string(), text.len())),
            Source::Scenario(_) => None,
        })
    });
    move || match case.get() {
        Some((name, size)) => Either::Left(view! {
            <div class="prose">
                <h3>{name}</h3>
                <p>{format!("A real block of {} (evm-block-case/1), executed as it is. It cannot be edited here.", bytes(size as u64))}</p>
                <button type="button" class="btn" on:click=move |_| {
                    if let Some(b) = scenario::builtin::find(scenario::builtin::DEFAULT) {
                        intents.open(Document { source: Source::scenario(b.text), builtin: Some(b.name) });
                    }
                }>"Back to a scenario"</button>
            </div>
        }),
        None => Either::Right(view! { <Paper written activity screen intents/> }),
    }
}

#[component]
fn Paper(
    written: Written,
    activity: Slice<Activity>,
    screen: Slice<Screen>,
    intents: Intents,
) -> impl IntoView {
    let area: NodeRef<leptos::html::Textarea> = NodeRef::new();
    let numbers: NodeRef<leptos::html::Div> = NodeRef::new();
    let text = move || written.document.with(|d| d.text().unwrap_or_default().to_owned());
    let lines = Memo::new(move |_| written.document.with(|d| d.text().map_or(1, |t| t.split('\n').count())));
    let parsed = Memo::new(move |_| {
        written.document.with(|d| match d.written() {
            Some(written) if written.text().len() <= MOST_LIVE => written.problems().to_vec(),
            _ => Vec::new(),
        })
    });
    let problems = Memo::new(move |_| {
        let mut problems = parsed.get();
        if problems.is_empty()
            && let Activity::Failed(told) = activity.get()
        {
            problems = told;
        }
        written.document.with_untracked(|d| {
            if let Some(written) = d.written() {
                written.locate(&mut problems);
            }
        });
        problems
    });
    // What the generated transactions are, written out, where there are any and not too many.
    let can_freeze = Memo::new(move |_| {
        written.document.with(|d| {
            d.text().is_some_and(|text| text.len() <= MOST_LIVE)
                && d.parsed().is_some_and(|s| s.is_generated() && s.transaction_count() <= MOST_FROZEN)
        })
    });
    let freeze = move |_| {
        let frozen = written.document.with_untracked(|d| d.parsed().map(Scenario::frozen));
        if let Some(frozen) = frozen {
            intents.remember();
            intents.edit(frozen.to_text());
            intents.remember();
            intents.announce(format!(
                "{} written out. Undo brings the generators back.",
                counted(frozen.transactions.len() as u64, "transaction")
            ));
        }
    };
    let go_to = move |position: Position| {
        let Some(area) = area.get_untracked() else { return };
        let start = json_offset(&area.value(), position);
        let _ = area.focus();
        let _ = area.set_selection_range(start, start + 1);
        area.set_scroll_top(
            ((f64::from(position.line) - 4.0) * LINE * screen.get_untracked().text).max(0.0) as i32
        );
    };
    let key = move |e: KeyboardEvent| {
        if e.key() == "Enter" && (e.ctrl_key() || e.meta_key()) {
            e.prevent_default();
            e.stop_propagation();
            intents.remember();
            intents.run();
        } else if e.key() == "Escape" {
            e.stop_propagation();
            dom::focus("tab-scenario");
        }
    };
    view! {
        <div class="editor">
            <div class="tools">
                <span>{move || match (problems.with(Vec::len), written.is_stale.get()) {
                    (0, true) => "Changed since the run".to_owned(),
                    (0, false) => "As run".to_owned(),
                    (1, _) => "One problem".to_owned(),
                    (n, _) => format!("{n} problems"),
                }}</span>
                <span class="push"></span>
                <button type="button" class="btn small" on:click=move |_| intents.undo()>"Undo"</button>
                <button type="button" class="btn small" on:click=move |_| intents.redo()>"Redo"</button>
                <button type="button" class="btn small" on:click=move |_| {
                    let laid = written.document.with_untracked(|d| d.text().and_then(|t| json::pretty(t).ok()));
                    if let Some(laid) = laid {
                        intents.remember();
                        intents.edit(laid);
                        intents.remember();
                    }
                }>"Lay out"</button>
                <button type="button" class="btn small" disabled=move || !can_freeze.get()
                    title="Writes out every generated transaction, so that each can be changed on its own"
                    on:click=freeze>"Freeze"</button>
                <button type="button" class="btn small" on:click=move |_| dom::save("scenario.json", "application/json", untrack(text).as_bytes())>"Save as file"</button>
                <button type="button" class="btn small go" aria-keyshortcuts="Control+Enter"
                    disabled=move || !problems.with(Vec::is_empty) && !parsed.with(Vec::is_empty)
                    on:click=move |_| {
                        intents.remember();
                        intents.run();
                    }>"Run (Ctrl+Enter)"</button>
            </div>
            <div class="paper">
                <div class="numbers" node_ref=numbers aria-hidden="true">{move || {
                    let mut all = String::new();
                    for n in 1..=lines.get().min(20_000) {
                        all.push_str(&n.to_string());
                        all.push('\n');
                    }
                    all
                }}</div>
                <textarea node_ref=area spellcheck="false" autocomplete="off" autocapitalize="off" wrap="off"
                    aria-label="Scenario as JSON" aria-describedby="problems"
                    aria-invalid=move || (!problems.with(Vec::is_empty)).to_string()
                    prop:value=text
                    on:input=move |e| intents.edit(event_target_value(&e))
                    on:change=move |_| intents.remember()
                    on:keydown=key
                    on:scroll=move |_| {
                        if let (Some(area), Some(numbers)) = (area.get_untracked(), numbers.get_untracked()) {
                            numbers.set_scroll_top(area.scroll_top());
                        }
                    }></textarea>
            </div>
            <ul class="problems" id="problems" aria-label="Problems" class:hidden=move || problems.with(Vec::is_empty)>
                {move || problems.get().into_iter().map(|problem| view! { <ProblemLine problem go_to/> }).collect_view()}
            </ul>
        </div>
    }
}

#[component]
fn ProblemLine(problem: Problem, go_to: impl Fn(Position) + Copy + 'static) -> impl IntoView {
    let position = problem.position;
    let place = position.map_or_else(|| "–".to_owned(), |p| format!("{}:{}", p.line, p.column));
    view! {
        <li><button type="button" on:click=move |_| {
            if let Some(position) = position {
                go_to(position);
            }
        }>
            <span class="place mono">{place}</span>
            <span>{problem.to_string()}</span>
        </button></li>
    }
}

/// The offset of a place, in the UTF-16 units that text areas count in.
fn json_offset(text: &str, position: Position) -> u32 {
    let mut offset = 0;
    for (i, line) in text.split('\n').enumerate() {
        if i as u32 + 1 == position.line {
            let before: String = line.chars().take(position.column.saturating_sub(1) as usize).collect();
            return offset + before.encode_utf16().count() as u32;
        }
        offset += line.encode_utf16().count() as u32 + 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_as_text_areas_count() {
        let text = "{\n  \"ä𝄞\": 1\n}";
        for (line, column, expected) in [(1, 1, 0), (2, 3, 4), (2, 6, 8), (3, 1, 13), (9, 9, 15)] {
            assert_eq!(json_offset(text, Position { line, column }), expected, "{line}:{column}");
        }
    }
}
