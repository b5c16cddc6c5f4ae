//! The document's JSON Schema, from the same types, so that any editor completes it.
//!
//! Types whose JSON is not what their Rust is (amounts, places, numbers of any length) say here
//! how they look in a document.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde_json::Value;

use crate::{Amount, ClockName, CostName, Fork, Named, Numeral, Place, Scenario, Skew, StrategyName};

/// The JSON Schema (2020-12) of the document.
pub fn schema() -> Value {
    of::<Scenario>("EVM Lanes scenario, version 1")
}

/// The JSON Schema of a document, with that title.
pub(crate) fn of<T: JsonSchema>(title: &str) -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    without_null(&mut schema);
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".into(), title.into());
    }
    schema
}

/// Takes `null` out: in a document, what is optional is left out.
fn without_null(schema: &mut Value) {
    let null = serde_json::json!({ "type": "null" });
    match schema {
        Value::Array(list) => list.iter_mut().for_each(without_null),
        Value::Object(map) => {
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|t| t != "null");
                if let [one] = &types[..] {
                    let one = one.clone();
                    map.insert("type".into(), one);
                }
            }
            if let Some(Value::Array(any)) = map.get_mut("anyOf") {
                any.retain(|schema| *schema != null);
                if let [Value::Object(one)] = &any[..] {
                    let one = one.clone();
                    map.remove("anyOf");
                    map.extend(one);
                }
            }
            map.values_mut().for_each(without_null);
        }
        _ => {}
    }
}

macro_rules! written {
    ($type:ty, $name:literal, $schema:expr) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

written!(Amount, "Amount", {
    json_schema!({
        "description": "An amount: \"1.5 ether\", \"30 gwei\", \"1000e18\", or a whole number of wei",
        "type": ["string", "integer"],
        "pattern": "^[0-9]+(\\.[0-9]+)?([eE]\\+?[0-9]+)?(\\s+(ether|gwei|wei))?$",
        "minimum": 0
    })
});
written!(Place, "Place", {
    json_schema!({
        "description": "A name, an element of a group such as trader[3] (in setup also trader[*]), or an address",
        "type": "string",
        "pattern": "^(0x[0-9a-fA-F]{40}|[A-Za-z_][A-Za-z0-9_-]{0,63}(\\[([0-9]+|\\*)\\])?)$"
    })
});
written!(Skew, "Skew", json_schema!({ "type": "number", "minimum": 0, "maximum": 5 }));
written!(Numeral, "Numeral", json_schema!({ "type": "number" }));

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Named{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": { "pattern": "^[A-Za-z_][A-Za-z0-9_-]{0,63}$" },
            "additionalProperties": generator.subschema_for::<T>()
        })
    }
}

written!(Fork, "Fork", json_schema!({ "enum": Fork::ALL.map(Fork::name) }));
written!(StrategyName, "Strategy", json_schema!({ "enum": StrategyName::NAMES }));
written!(ClockName, "Clock", json_schema!({ "enum": ClockName::NAMES }));
written!(CostName, "Cost", json_schema!({ "enum": CostName::NAMES }));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        AccessListItem, Account, Authorization, Authorize, Between, Block, Call, Contract, Pick,
        RawTransaction, RunSettings, SetupCall,
    };

    #[test]
    fn null_is_nowhere() {
        assert!(!schema().to_string().contains("null"));
    }

    #[test]
    fn schema_and_reader_know_the_same_fields() {
        let schema = schema();
        let check = |path: &str, known: &[crate::fields::Field]| {
            let object = schema.pointer(path).unwrap_or_else(|| panic!("{path}"));
            let properties = object["properties"].as_object().unwrap_or_else(|| panic!("{path}"));
            let mut known: Vec<&str> = known.iter().map(|field| field.name).collect();
            let mut ours: Vec<&str> = properties.keys().map(String::as_str).collect();
            known.sort_unstable();
            ours.sort_unstable();
            assert_eq!(ours, known, "{path}");
            assert_eq!(object["additionalProperties"], Value::Bool(false), "{path}");
        };
        check("", Scenario::FIELDS);
        check("/$defs/Block", Block::FIELDS);
        check("/$defs/Account", Account::FIELDS);
        check("/$defs/Contract", Contract::FIELDS);
        check("/$defs/SetupCall", SetupCall::FIELDS);
        check("/$defs/RawTransaction", RawTransaction::FIELDS);
        check("/$defs/Call", Call::FIELDS);
        check("/$defs/Pick", Pick::FIELDS);
        check("/$defs/Between", Between::FIELDS);
        check("/$defs/AccessListItem", AccessListItem::FIELDS);
        check("/$defs/Authorization", Authorization::FIELDS);
        check("/$defs/Authorize", Authorize::FIELDS);
        check("/$defs/RunSettings", RunSettings::FIELDS);
    }
}
