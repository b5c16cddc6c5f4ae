//! What the page says about strategies and cost models: one page each.

use evm_lanes_core::model::Cost;
use evm_lanes_core::scenario::StrategyChoice;
use evm_lanes_core::trace::StrategyId;

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
pub fn strategy(choice: StrategyChoice) -> Option<&'static About> {
    match choice {
        StrategyChoice::Automatic => Some(&AUTOMATIC),
        StrategyChoice::Always(strategy) => {
            PAGES.iter().find(|(id, _)| *id == strategy).map(|(_, about)| about)
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

const BLOCK_STM: (&str, &str) = (
    "R. Gelashvili et al., Block-STM: Scaling Blockchain Execution by Turning Ordering Curse to a Performance Blessing, PPoPP 2023: its overview and its detailed description of the algorithm",
    "arxiv.org/abs/2203.06871",
);
const EIP_2930: (&str, &str) =
    ("EIP-2930: Optional access lists, Specification", "eips.ethereum.org/EIPS/eip-2930");
const EIP_7928: (&str, &str) =
    ("EIP-7928: Block-level access lists, Specification", "eips.ethereum.org/EIPS/eip-7928");

const PAGES: [(StrategyId, About); 6] = [
    (
        StrategyId::Sequential,
        About {
            does: &[
                "One transaction after the other, in block order, on one lane: what the protocol defines a block by, and the oracle that every other run is compared with.",
            ],
            look: &[
                "The graph: it shows which transactions truly needed each other. Its longest chain is what no strategy can pass that waits for values; only a block access list, which knows them beforehand, can.",
            ],
            sources: &[("Ethereum's execution specification", "github.com/ethereum/execution-specs")],
        },
    ),
    (
        StrategyId::BlockStm,
        About {
            does: &[
                "Every lane takes the next transaction in block order and executes it at once, without knowing whom it depends on. Writes go into a memory with a version for each transaction, so that a reader gets the value of the nearest transaction before it.",
                "Afterwards the reads are validated: if one would see something else by now, the attempt is aborted and the transaction runs again. The writes of the aborted attempt stay as estimates. Whoever meets an estimate stops and waits, since that value is about to change.",
                "The lowest transactions are validated and executed first, so that the block settles from its beginning. Reads are compared by value: whoever wrote the same again spoils nobody.",
                "One thing is not left to chance: a transaction waits for the one before it of the same sender, unless that is a plain payment, after which the next nonce is certain.",
                "On threads, a transaction that took long in the sequential rounds starts before others, and so do those that it needs: else a lane may still be busy with it when all others have come to the end.",
                "Two things are learnt on the way: what began when everything before it was settled needs no validation; and once most tries of transactions that are alike (they call one contract and name the same ones) were in vain because of each other, the rest of them wait for each other.",
            ],
            look: &[
                "Hatched bars are attempts in vain; the arrow leads from the write to the attempt that it spoiled. A raised number counts attempts.",
                "On a chain (swaps in one pool) the first attempts are in vain, then lanes wait: more of them bring hardly more speed. On independent payments nearly nothing is in vain.",
            ],
            sources: &[BLOCK_STM],
        },
    ),
    (
        StrategyId::OrderedCommit,
        About {
            does: &[
                "Every transaction runs once, started in block order, on what has been committed by then. Writes are seen by nobody before they are committed.",
                "Commits go strictly in block order. Before its commit a transaction's reads are looked at: if one is stale, it runs again, at that moment, with everything before it committed. So nothing runs more than twice.",
            ],
            look: &[
                "Second attempts stand one after the other, never side by side: in a block full of conflicts the second attempts alone are a sequential run.",
                "Where transactions are independent it does as well as Block-STM with less to keep track of; on chains it wastes at most one attempt each, where Block-STM may waste several.",
            ],
            sources: &[(
                "Monad's documentation, Parallel Execution",
                "docs.monad.xyz/monad-arch/execution/parallel-execution",
            )],
        },
    ),
    (
        StrategyId::AccessList,
        About {
            does: &[
                "Pessimistic where it can be: a transaction waits for lower ones that declare a storage slot that it declares too, in its access list, and for its own sender’s, unless those are plain payments.",
                "Lists may be missing or incomplete, so what was not declared is handled as in Block-STM: reads are validated, and what is stale runs again.",
            ],
            look: &[
                "The inspector says of each storage slot whether the list declares it; what is undeclared is handled all the same, and named where it cost an attempt.",
                "Without access lists in the transactions (most have none) the lanes look much as with Block-STM. Add \"accessList\" to a scenario's transactions and compare.",
                "A list does not tell reads from writes: two that only read a slot wait for each other all the same. Dotted waiting takes the place of hatched attempts in vain.",
            ],
            sources: &[EIP_2930, BLOCK_STM],
        },
    ),
    (
        StrategyId::PerfectAccessList,
        About {
            does: &[
                "The bound for all who wait: every transaction waits for exactly those whose writes it will read, known from a sequential run beforehand. No client has that knowledge for a block that it has not run.",
            ],
            look: &[
                "No attempt is in vain. What is left between this run and the limit is the order in which lanes take their work, and the cost of scheduling.",
                "The distance between this one and access lists is what better lists could gain.",
            ],
            sources: &[EIP_2930],
        },
    ),
    (
        StrategyId::BlockAccessList,
        About {
            does: &[
                "With the block comes a list of every location that its transactions touch, with the values after each transaction; the header holds its hash. So every transaction can start at once, reading from the list what those before it will have written.",
                "Here the list is made from a sequential run of the same block, or comes from a file: the tab Access list shows it, exports it, and marks each difference of another one. Reads are validated all the same: a list that is wrong costs attempts, never the result.",
            ],
            look: &[
                "Chains no longer matter: even swaps in one pool run side by side, and the speed-up may pass the path limit, which holds for those who must wait for values.",
                "What is left is the longest single transaction and the lanes.",
            ],
            sources: &[EIP_7928],
        },
    ),
];

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
            let about = strategy(id).unwrap_or_else(|| panic!("no page about {}", id.name()));
            assert!(!about.does.is_empty() && !about.look.is_empty() && !about.sources.is_empty(), "{id:?}");
        }
        for id in Cost::ALL {
            assert!(cost(id).ends_with('.') && scheduling(id).contains(id.unit()));
        }
    }
}
