//! Scenarios that come with the page. Links name them, so a name stays what it is.

use crate::{RunSettings, StrategyName};

/// A scenario that comes with the page.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    /// The name in links.
    pub name: &'static str,
    /// Its title, for the page's list.
    pub title: &'static str,
    /// The document.
    pub text: &'static str,
}

impl Builtin {
    /// How it is run. Every document says so, too; who asks for this need not read it.
    pub fn run(&self) -> RunSettings {
        RunSettings {
            strategy: StrategyName::from_name("block-stm"),
            lanes: Some(4),
            ..RunSettings::default()
        }
    }
}

/// The scenario that the page opens with.
pub const DEFAULT: &str = "one-pool";

/// Every built-in scenario, in the order in which the page offers them.
pub const ALL: &[Builtin] = &[
    Builtin { name: "one-pool", title: "One pool, many traders", text: include_str!("one-pool.json") },
    Builtin { name: "payments", title: "Payments that never meet", text: include_str!("payments.json") },
    Builtin { name: "nft-mint", title: "Everybody mints", text: include_str!("nft-mint.json") },
    Builtin { name: "two-pools", title: "Two pools", text: include_str!("two-pools.json") },
    Builtin { name: "hot-counter", title: "A hot counter", text: include_str!("hot-counter.json") },
    Builtin { name: "nonce-chain", title: "One sender in a hurry", text: include_str!("nonce-chain.json") },
    Builtin { name: "token-rush", title: "A popular shop", text: include_str!("token-rush.json") },
    Builtin {
        name: "transfers-2000",
        title: "2,000 plain payments",
        text: include_str!("transfers-2000.json"),
    },
    Builtin {
        name: "erc20-2000",
        title: "2,000 payments in one token",
        text: include_str!("erc20-2000.json"),
    },
    Builtin {
        name: "swaps-500-pools",
        title: "500 swaps in 500 pools",
        text: include_str!("swaps-500-pools.json"),
    },
    Builtin {
        name: "swaps-one-pool-500",
        title: "500 swaps in one pool",
        text: include_str!("swaps-one-pool-500.json"),
    },
];

/// The built-in scenario of that name.
pub fn find(name: &str) -> Option<&'static Builtin> {
    ALL.iter().find(|builtin| builtin.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_says_how_it_is_run() {
        for builtin in ALL {
            let document = crate::Document::new(builtin.text);
            assert_eq!(
                document.scenario().map(|scenario| scenario.run),
                Ok(builtin.run()),
                "{}",
                builtin.name
            );
        }
    }
}
