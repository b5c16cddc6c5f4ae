//! Where a site will be.

use std::fmt;
use std::str::FromStr;

use anyhow::{Error, ensure};

/// The whole address of a site, with a slash at its end. It can stand in HTML and JSON as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// The address of a file of the site.
    pub fn of(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/%[]".contains(c);
        ensure!(
            !host.is_empty() && text.chars().all(is_plain),
            "expected an address such as https://lanes.example/path/, without query and fragment, found {text:?}"
        );
        Ok(Self(format!("{}/", text.trim_end_matches('/'))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_ends_with_a_slash_and_has_nothing_that_html_would_read() {
        for text in ["https://lanes.example", "https://lanes.example/", "http://[::1]:8080/a/b"] {
            let address: Address = text.parse().expect("an address");
            assert!(address.of("x").starts_with(text) && address.of("x").ends_with("/x"), "{address}");
        }
        for text in [
            "",
            "lanes.example",
            "https://",
            "https:///x",
            "https://a/?b",
            "https://a/#b",
            "https://a/\"b",
            "ftp://a",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
