//! The JSON Schema of lessons, from the same types.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::{Changes, Comparison, Figure, Goal, Lesson, Name, StepScenario, Test};
use crate::Scenario;

/// The JSON Schema (2020-12) of lessons.
pub fn schema() -> Value {
    crate::schema::of::<Lesson>("EVM Lanes lesson, version 1")
}

impl JsonSchema for StepScenario {
    fn schema_name() -> Cow<'static, str> {
        "StepScenario".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = crate::builtin::ALL.iter().map(|builtin| builtin.name).collect();
        json_schema!({ "anyOf": [{ "enum": names }, generator.subschema_for::<Scenario>()] })
    }
}

impl JsonSchema for Changes {
    fn schema_name() -> Cow<'static, str> {
        "Changes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "A value for each path, such as \"transactions[0].to\"", "type": "object" })
    }
}

impl JsonSchema for Figure {
    fn schema_name() -> Cow<'static, str> {
        "Figure".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": Self::NAMES })
    }
}

impl JsonSchema for Goal {
    fn schema_name() -> Cow<'static, str> {
        "Goal".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let this = generator.subschema_for::<Self>();
        let number: Map<String, Value> =
            Comparison::NAMES.iter().map(|name| ((*name).to_owned(), json!({ "type": "number" }))).collect();
        let text: Map<String, Value> =
            Test::NAMES.iter().map(|name| ((*name).to_owned(), json!({ "type": "string" }))).collect();
        let list = json!({ "type": "array", "items": this, "minItems": 1 });
        let mut properties = Map::new();
        properties.insert("all".into(), list.clone());
        properties.insert("any".into(), list);
        properties.insert("not".into(), json!(this));
        for figure in Figure::ALL {
            let test = json!({
                "description": figure.meaning(),
                "anyOf": [
                    { "type": "number" },
                    { "type": "object", "properties": number, "additionalProperties": false, "minProperties": 1 }
                ]
            });
            properties.insert(figure.name().into(), test);
        }
        for name in Name::ALL {
            let test = json!({
                "description": name.noun(),
                "anyOf": [
                    { "type": "string" },
                    { "type": "object", "properties": text, "additionalProperties": false, "minProperties": 1 }
                ]
            });
            properties.insert(name.name().into(), test);
        }
        json_schema!({
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
            "minProperties": 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::{Answer, Hint, Mistake, Question, QuestionChoice, Step};

    #[test]
    fn schema_and_reader_know_the_same_fields() {
        let schema = schema();
        assert!(!schema.to_string().contains("\"null\""));
        let check = |path: &str, known: &[crate::fields::Field]| {
            let object = schema.pointer(path).unwrap_or_else(|| panic!("{path}"));
            let properties = object["properties"].as_object().unwrap_or_else(|| panic!("{path}"));
            let mut known: Vec<&str> = known.iter().map(|field| field.name).collect();
            let mut ours: Vec<&str> = properties.keys().map(String::as_str).collect();
            known.sort_unstable();
            ours.sort_unstable();
            assert_eq!(ours, known, "{path}");
        };
        check("", Lesson::FIELDS);
        check("/$defs/Step", Step::FIELDS);
        check("/$defs/Question", Question::FIELDS);
        check("/$defs/QuestionChoice", QuestionChoice::FIELDS);
        check("/$defs/Hint", Hint::FIELDS);
        check("/$defs/Answer", Answer::FIELDS);
        check("/$defs/Mistake", Mistake::FIELDS);
    }

    /// `x schema` writes it, and so does `EVM_LANES_WRITE_GOLDEN=1`.
    #[test]
    fn the_committed_schema_is_current() {
        const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../www/lesson.schema.json");
        let written = format!("{}\n", serde_json::to_string_pretty(&schema()).expect("JSON"));
        if std::env::var_os("EVM_LANES_WRITE_GOLDEN").is_some() {
            std::fs::write(FILE, written).expect("the schema can be written");
        } else {
            assert!(
                std::fs::read_to_string(FILE).expect("the schema") == written,
                "`x schema` writes it anew"
            );
        }
    }
}
