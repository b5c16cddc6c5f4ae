//! What the link of a lesson of one's own holds, once a reader has changed the block: the lesson, and the changed scenario.
//!
//! ```json
//! { "format": "evm-lanes-lesson-link/1", "lesson": { … }, "scenario": { … } }
//! ```
//! While nothing is changed the link holds the lesson alone. Step and settings are in the link's query, as for other
//! lessons. Both documents share their words, so the link is hardly longer than that of the lesson.

use crate::json::{self, Node, Tree, Value};

/// The name that such a document bears, with its version.
pub const FORMAT: &str = "evm-lanes-lesson-link/1";

/// The lesson `lesson` with the scenario that a step has become. A scenario that is no JSON, because somebody is in the
/// middle of a change, travels as a text.
pub fn pack(lesson: &str, scenario: &str) -> String {
    let scenario = match json::compact(scenario) {
        Ok(scenario) if scenario.starts_with('{') => scenario,
        _ => serde_json::Value::from(scenario).to_string(),
    };
    let lesson = json::compact(lesson).unwrap_or_else(|_| "null".to_owned());
    format!("{{\"format\":\"{FORMAT}\",\"lesson\":{lesson},\"scenario\":{scenario}}}")
}

/// Lesson and scenario of a packed text, laid out for people; `None` if it is something else.
pub fn unpack(text: &str) -> Option<(String, String)> {
    // Nothing else is read to its end.
    if !text.contains(FORMAT) {
        return None;
    }
    let tree = Tree::read(text).ok()?;
    let root = tree.root(text);
    if root.get("format").map(Node::value) != Some(Value::Text(FORMAT.into())) {
        return None;
    }
    let (lesson, scenario) = (root.get("lesson")?, root.get("scenario")?);
    let pretty = |node: Node<'_>| json::pretty(node.written()).ok();
    let scenario = match scenario.value() {
        Value::Text(text) => text.into_owned(),
        _ => pretty(scenario)?,
    };
    Some((pretty(lesson)?, scenario))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::builtin;
    use crate::link::{decode_document, encode_document};

    #[test]
    fn lesson_and_scenario_come_out_as_they_went_in() {
        let lesson = json::pretty(builtin::TEMPLATE).expect("JSON");
        let scenario = json::pretty(crate::builtin::ALL[0].text).expect("JSON");
        for scenario in [&*scenario, "", "{ \"transactions\": [", "\"quoted\"", "plain <b>text</b> \"}"] {
            let packed = pack(builtin::TEMPLATE, scenario);
            let sent = decode_document(&encode_document(&packed)).expect("a link");
            assert_eq!(unpack(&sent), Some((lesson.clone(), scenario.to_owned())));
            assert!(!crate::lesson::is_lesson(&sent));
        }
    }

    #[test]
    fn a_change_makes_the_link_little_longer() {
        let lesson = crate::lesson::parse(builtin::TEMPLATE).expect("a lesson");
        let scenario = lesson.start(2).expect("a step").text.replace("40", "41");
        let alone = encode_document(builtin::TEMPLATE).len();
        let both = encode_document(&pack(builtin::TEMPLATE, &scenario)).len();
        assert!(both > alone && both < alone + 700, "{alone} and {both}");
    }

    /// A link that was handed out keeps its meaning. It is never written anew.
    #[test]
    fn a_link_that_was_handed_out_still_opens() {
        const LINK: &str = "1.vwHNTksKAjEMvYpk3VEGd3MGQUF34iKOUYptKk3HD8Pc3cTfSvdCafqa9-thn3LEAg3QOVYBmaQKJJK4Cp6PkxocPDE0_W_yg-d3upGIISgovgRSvHxh9FGgWcMq32DjIHruCulP7UAKnWzXf0RzJrOgq2XNUjqOFUpLjNmn70UeDd76Bd4icRHLbdvU2VNVqNfgYGtDZ8nIgm3xiZ_x-5yiqtGcNEaJDs4YOrOsR4cLeRg2g54_KeMg04ksemq97gCuMklE";
        let (lesson, scenario) =
            unpack(&decode_document(LINK).expect("a link")).expect("a lesson and a scenario");
        let lesson = crate::lesson::parse(&lesson).expect("a lesson");
        assert_eq!((&*lesson.id, &*lesson.steps[0].title), ("small", "One"));
        let start = lesson.start(0).expect("a step");
        assert_eq!(crate::lesson::edit::differences(&start.text, &scenario), Some(1));
        assert!(crate::Document::new(std::sync::Arc::from(scenario)).scenario().is_ok());
    }

    #[test]
    fn other_texts_are_not_taken_for_it() {
        for text in [
            "",
            "{}",
            FORMAT,
            builtin::TEMPLATE,
            "{ \"title\": \"evm-lanes-lesson-link/1\" }",
            "{ \"format\": \"evm-lanes-lesson-link/1\" }",
            "{ \"format\": \"evm-lanes-lesson-link/1\", \"lesson\": {} }",
        ] {
            assert_eq!(unpack(text), None, "{text}");
        }
    }
}
