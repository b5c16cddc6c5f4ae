//! What the page says about strategies and cost models: one page each.

use evm_lanes_core::model::Cost;
use evm_lanes_core::scenario::StrategyChoice;
use evm_lanes_core::strategies::Words;

use super::format::count;

/// A page about a strategy.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// What it does.
    pub does: &'static [&'static str],
    /// What to look for on the page.
    pub look: &'static [&'static str],
    /// Where it comes from: name and address.
    pub sources: &'static [(&'static str, &'static str)],
}

/// The page about `choice`.
pub fn strategy(choice: StrategyChoice) -> About {
    match choice {
        StrategyChoice::Automatic => AUTOMATIC,
        StrategyChoice::Always(strategy) => {
            let Words { does, look, sources, .. } = *strategy.words();
            About { does, look, sources }
        }
    }
}

const AUTOMATIC: About = About {
    does: &[
        "The engine runs the block in order first, and chooses from what it sees: Block-STM where that many lanes can be worth what they cost, else sequential. What is shown is a run of the one that was chosen.",
        "No schedule that waits for values is faster than the longest chain of dependencies, or than each lane's share of all work. To the work the rule adds what the lanes cost themselves: on threads 80 µs to wake up and end together, and 0.7 µs for each transaction; on simulated lanes the turns and validations of the cost model.",
        "From a gain of 1.15 on, Block-STM is chosen: dependencies that are met too late cost attempts, so a smaller gain would often be lost.",
    ],
    look: &[
        "The sentence below the headline says what was chosen, and by which figures. Change the number of lanes, or the scenario: one lane is always sequential, and so is one pool's chain of swaps.",
        "It foretells a bound, not what will be reached: run the other strategy, too, and compare. And no client has run the block beforehand; here the very same one was.",
        "It is no line of the curve: for each number of lanes it is one of two that are drawn there.",
    ],
    sources: &[
        (
            "The two bounds: R. P. Brent, The Parallel Evaluation of General Arithmetic Expressions, J. ACM 21 (2), 1974",
            "doi.org/10.1145/321812.321815",
        ),
        (
            "The rule and its constants: this engine's own, docs/engine.md, Automatic choice",
            "core/lanes/src/analysis/choice.rs",
        ),
    ],
};

/// What a cost model counts.
pub fn cost(cost: Cost) -> &'static str {
    match cost {
        Cost::Gas => {
            "the gas that it uses: one tick is one gas. What the protocol charges for, everyone knows."
        }
        Cost::Opcodes => {
            "a stated number of nanoseconds for each kind of instruction. Nearer to time than gas is, and still the same everywhere."
        }
        Cost::Measured => {
            "what the transaction took in this machine's sequential runs, so that simulated lanes can be laid beside measured ones. Other machines show other lanes."
        }
    }
}

/// What the scheduler itself costs.
pub fn scheduling(cost: Cost) -> String {
    let (none, one) = (cost.validation(0), cost.validation(1));
    let unit = cost.unit();
    format!(
        "A lane's turn at the scheduler costs {} {unit}; validating an attempt costs {} {unit} and {} for each location that it had read.",
        count(cost.turn()),
        count(none),
        count(one - none),
    )
}

/// What the seed does.
pub const SEED: &str = "With seed 0 every piece of work takes what the model says. With any other, lanes are disturbed as on a real machine: work takes up to half as long again, one piece in sixteen up to four times as long, and where several lanes could go next at the same moment, one is drawn. Each seed is a run that could have been, always the same one.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_strategy_and_cost_is_explained_with_its_source() {
        for id in StrategyChoice::ALL {
            let about = strategy(id);
            assert!(!about.does.is_empty() && !about.look.is_empty() && !about.sources.is_empty(), "{id:?}");
        }
        for id in Cost::ALL {
            assert!(cost(id).ends_with('.') && scheduling(id).contains(id.unit()));
        }
    }
}
