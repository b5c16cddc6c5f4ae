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
