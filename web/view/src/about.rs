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
        "The engine first runs the block in order. From the figures of that run it chooses Block-STM where the lanes can gain more than they cost, and sequential otherwise. The page shows a run of the strategy that was chosen.",
        "A schedule that waits for values is never faster than the longest chain of dependencies, nor than all work shared equally among the lanes. To the work the rule adds what the lanes themselves cost: on threads 80 µs to wake up and end together, and 0.7 µs for each transaction; on simulated lanes the turns and validations of the cost model.",
        "Block-STM is chosen if the possible gain is at least 1.15. Dependencies that are met too late cost attempts, so a smaller gain would often be lost.",
    ],
    look: &[
        "The sentence below the headline says what was chosen, and by which figures. Change the number of lanes or the scenario and see it change: one lane is always sequential, and so is the chain of swaps in one pool.",
        "It predicts an upper bound, not the result: run the other strategy, too, and compare. And a client cannot run the block beforehand, as is done here.",
        "The curve has no line for it: for each number of lanes it is one of two strategies that are drawn there.",
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
            "the gas that it uses: one tick is one gas. The protocol's prices are known to everyone."
        }
        Cost::Opcodes => {
            "a stated number of nanoseconds for each kind of instruction. This is closer to time than gas is, and the same on every machine."
        }
        Cost::Measured => {
            "what the transaction took in this machine's sequential runs, so simulated lanes can be compared with measured ones. Other machines show other lanes."
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
pub const SEED: &str = "With seed 0 every piece of work takes exactly what the model says. With any other seed, lanes are disturbed as on a real machine: work takes up to half as long again, one piece in sixteen up to four times as long, and where several lanes could go next at the same moment, one is drawn by the seed. The same seed always gives the same run.";

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
