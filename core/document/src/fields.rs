//! The one table of the document's objects: each field's name, meaning, and what stands for it where it is left out.
//!
//! ```text
//! objects! { … }  ─▶ the struct, with its documentation
//!                 ─▶ names that are written (serde) and described (JSON Schema)
//!                 ─▶ NAMES: what the reader knows
//!                 ─▶ FIELDS: the tables of docs/scenario.md
//! ```

/// A field of one of the document's objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in the document.
    pub name: &'static str,
    /// What it is.
    pub meaning: &'static str,
    /// What stands for it where it is left out; `None`: it must be there.
    pub left_out: Option<&'static str>,
}

/// Whether a field's value is the one that leaving it out means. Such a field is not written.
pub(crate) trait LeftOut {
    fn is_left_out(&self) -> bool;
}

impl<T> LeftOut for Option<T> {
    fn is_left_out(&self) -> bool {
        self.is_none()
    }
}

impl<T> LeftOut for Vec<T> {
    fn is_left_out(&self) -> bool {
        self.is_empty()
    }
}

macro_rules! left_out_by_default {
    ($($type:ty),+) => {
        $(impl crate::fields::LeftOut for $type {
            fn is_left_out(&self) -> bool {
                *self == Self::default()
            }
        })+
    };
}

left_out_by_default!(String, u64);

/// The only element, if there is one.
pub(crate) const fn first(of: &[&'static str]) -> Option<&'static str> {
    match of {
        [first, ..] => Some(first),
        [] => None,
    }
}

/// Defines objects of the document. A field is written
/// `rust_name: Type = "name", "Meaning.", left out: "what stands for it";`, without `left out` if it must be there.
macro_rules! objects {
    ($(
        $(#[$outer:meta])*
        pub struct $object:ident {
            $(
                $(#[$attribute:meta])*
                $field:ident: $type:ty = $name:literal, $meaning:literal $(, left out: $left_out:literal)?;
            )+
        }
    )+) => {
        $(
            $(#[$outer])*
            #[derive(serde::Serialize)]
            #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
            #[serde(deny_unknown_fields)]
            pub struct $object {
                $(
                    #[doc = concat!($meaning $(, " Left out: ", $left_out, ".")?)]
                    #[serde(rename = $name)]
                    $(
                        // Never true: it is here to say that the lines beside it are for fields with `left out`.
                        #[cfg_attr(any(), doc = $left_out)]
                        #[serde(skip_serializing_if = "crate::fields::LeftOut::is_left_out")]
                        #[cfg_attr(feature = "schema", schemars(default))]
                    )?
                    $(#[$attribute])*
                    pub $field: $type,
                )+
            }

            impl $object {
                /// Names of its fields, in the order in which they are written and offered.
                pub(crate) const NAMES: &[&str] = &[$($name),+];

                /// Its fields, in the same order. What reads documents needs the names alone, so that the words are
                /// not part of the page.
                pub const FIELDS: &[crate::fields::Field] = &[
                    $(crate::fields::Field {
                        name: $name,
                        meaning: $meaning,
                        left_out: crate::fields::first(&[$($left_out)?]),
                    },)+
                ];
            }
        )+
    };
}

pub(crate) use {left_out_by_default, objects};

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::scenario::{Block, RunSettings};
    use crate::{
        AccessListItem, Account, Authorization, Authorize, Between, Call, Contract, Pick, RawTransaction,
        Scenario, SetupCall,
    };

    const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/scenario.md");

    /// A table as the docs have it.
    fn table(fields: &[Field]) -> String {
        let mut table = "| field | meaning | left out |\n| --- | --- | --- |\n".to_owned();
        for Field { name, meaning, left_out } in fields {
            let left_out = left_out.unwrap_or("it must be there");
            table.push_str(&format!("| `{name}` | {meaning} | {left_out} |\n"));
        }
        table
    }

    /// `EVM_LANES_WRITE_GOLDEN=1` writes the tables anew.
    #[test]
    fn the_docs_have_the_tables_of_the_document() {
        let docs = fs::read_to_string(DOCS).expect("the docs");
        let mut written = docs.clone();
        for (name, fields) in [
            ("Scenario", Scenario::FIELDS),
            ("Block", Block::FIELDS),
            ("Account", Account::FIELDS),
            ("Contract", Contract::FIELDS),
            ("SetupCall", SetupCall::FIELDS),
            ("Call", Call::FIELDS),
            ("RawTransaction", RawTransaction::FIELDS),
            ("Pick", Pick::FIELDS),
            ("Between", Between::FIELDS),
            ("AccessListItem", AccessListItem::FIELDS),
            ("Authorize", Authorize::FIELDS),
            ("Authorization", Authorization::FIELDS),
            ("RunSettings", RunSettings::FIELDS),
        ] {
            let mark = format!("<!-- table: {name} -->\n");
            let (before, behind) = written.split_once(&mark).unwrap_or_else(|| panic!("no {mark}"));
            let (_, after) = behind.split_once("<!-- end -->").expect("the table's end");
            written = format!("{before}{mark}{}<!-- end -->{after}", table(fields));
        }
        if std::env::var_os("EVM_LANES_WRITE_GOLDEN").is_some() {
            fs::write(DOCS, &written).expect("the docs can be written");
        } else {
            assert!(docs == written, "EVM_LANES_WRITE_GOLDEN=1 writes the tables of docs/scenario.md anew");
        }
    }
}
