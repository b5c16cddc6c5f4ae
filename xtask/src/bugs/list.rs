//! The bugs. Each is a mistake that a person could make, with as few changed characters as possible.

/// A bug, as a replacement of text in one file.
pub struct Bug {
    pub name: &'static str,
    /// The property that no longer holds with the bug.
    pub breaks: &'static str,
    /// Path from the workspace's root.
    pub file: &'static str,
    /// Must occur in the file exactly once.
    pub find: &'static str,
    pub replace: &'static str,
    /// The check that should catch the bug. It is tried first.
    pub caught_by: Check,
}

/// Tests that can catch a bug, quickest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Check {
    /// Unit tests of the schedulers, the memory and the lanes, some of them with toy transactions.
    Unit,
    /// Toy transactions on lanes under the model checker.
    Models,
    /// Unit tests of the EVM, and of how lanes run it.
    Evm,
    /// Random blocks against the reference execution.
    RandomBlocks,
    /// Random blocks on simulated lanes, in many orders.
    Simulated,
}

impl Check {
    pub const ALL: [Self; 5] = [Self::Unit, Self::Models, Self::Evm, Self::RandomBlocks, Self::Simulated];

    pub fn name(self) -> &'static str {
        match self {
            Self::Unit => "unit tests",
            Self::Models => "models",
            Self::Evm => "unit tests of the EVM",
            Self::RandomBlocks => "random blocks",
            Self::Simulated => "simulated lanes",
        }
    }

    /// Whether the check's programs contain the bug's file.
    pub fn sees(self, bug: &Bug) -> bool {
        match self {
            Self::Unit | Self::Models => bug.file.starts_with("core/lanes/"),
            Self::Evm | Self::RandomBlocks | Self::Simulated => true,
        }
    }

    /// cargo's arguments for the test program.
    pub fn target(self) -> &'static [&'static str] {
        match self {
            Self::Unit | Self::Models => &["--package", "evm-lanes-lanes", "--lib"],
            Self::Evm => &["--package", "evm-lanes-evm", "--lib"],
            Self::RandomBlocks => &["--package", "evm-lanes-core", "--test", "random_blocks"],
            Self::Simulated => &["--package", "evm-lanes-core", "--test", "simulated"],
        }
    }

    /// The test program's arguments.
    pub fn filter(self) -> &'static [&'static str] {
        match self {
            // On real threads toys find most bugs that models find, but only by chance.
            Self::Unit => &["--skip", "drive::model_check"],
            Self::Models => &["model_check"],
            Self::Evm => &[],
            Self::RandomBlocks => &[],
            // Only tests that need no catalogue, because that is not copied.
            Self::Simulated => &[
                "random_blocks_end",
                "a_block_access_list_with_mistakes",
                "a_sender_whose",
                "a_predicted_nonce_sees",
            ],
        }
    }
}

const MEMORY: &str = "core/lanes/src/schedule/memory/mod.rs";
const ACCOUNTS: &str = "core/lanes/src/schedule/memory/accounts.rs";
const CELLS: &str = "core/lanes/src/schedule/memory/cells.rs";
const DEBITS: &str = "core/lanes/src/schedule/memory/debits.rs";
const SETTLE: &str = "core/lanes/src/schedule/memory/settle.rs";
const SUMS: &str = "core/lanes/src/schedule/sums.rs";
const PACKED_LOCATION: &str = "core/lanes/src/schedule/packed_location.rs";
const BLOCK_STM: &str = "core/lanes/src/schedule/block_stm.rs";
const ORDERED_COMMIT: &str = "core/lanes/src/schedule/ordered_commit.rs";
const COST: &str = "core/lanes/src/drive/cost.rs";
const SIMULATE: &str = "core/lanes/src/drive/simulate.rs";
const LANES: &str = "core/lanes/src/drive/lanes.rs";
const SPECULATIVE_VIEW: &str = "core/lanes/src/drive/speculative_view.rs";
const ORDER: &str = "core/lanes/src/drive/order.rs";
const FORESIGHT: &str = "core/lanes/src/drive/foresight.rs";
const MACHINE: &str = "core/evm/src/machine.rs";
const NONCES: &str = "core/lanes/src/drive/nonces.rs";
const PREDICTED_WRITES: &str = "core/lanes/src/drive/predicted_writes.rs";
const ATTEMPTS: &str = "core/lanes/src/drive/attempts.rs";
const FOLD: &str = "core/evm/src/drive/fold.rs";
const JOURNAL: &str = "core/evm/src/journal.rs";
const FAST_PATH: &str = "core/evm/src/fast_path.rs";
const SLOT_MAP: &str = "core/lanes/src/schedule/slot_map.rs";

/// All bugs.
pub const BUGS: &[Bug] = &[
    Bug {
        name: "own-write-is-read",
        breaks: "a transaction reads the values below it, not what its previous attempt wrote",
        file: CELLS,
        find: "self.0.partition_point(|entry| entry.tx < before)",
        replace: "self.0.partition_point(|entry| entry.tx <= before)",
        caught_by: Check::Unit,
    },
    Bug {
        name: "stale-sum-is-read",
        breaks: "a write to a balance marks the sums from its block of cells on as stale",
        file: SUMS,
        find: "stale.store(true, Ordering::Release);",
        replace: "",
        caught_by: Check::Unit,
    },
    Bug {
        name: "sum-outlives-a-write",
        breaks: "a write to an account's balance makes the sums from its position on invalid",
        file: DEBITS,
        find: "self.summed = self.summed.min((from / GROUP) as u32);",
        replace: "self.summed = self.summed.min((from / GROUP + 1) as u32);",
        caught_by: Check::Models,
    },
    Bug {
        name: "flag-is-cleared-too-late",
        breaks: "a reader clears a block's flag before it reads the block's cells",
        file: SUMS,
        find: "            self.stale[group].swap(false, Ordering::AcqRel);
            let mut sum = sums.last().copied().unwrap_or_default();
            self.cells.each(group * GROUP..(group + 1) * GROUP, |entry| sum.push(entry));
",
        replace: "            let mut sum = sums.last().copied().unwrap_or_default();
            self.cells.each(group * GROUP..(group + 1) * GROUP, |entry| sum.push(entry));
            self.stale[group].swap(false, Ordering::AcqRel);
",
        caught_by: Check::Models,
    },
    Bug {
        name: "set-balance-adds-up",
        breaks: "a set balance discards all amounts below it",
        file: SUMS,
        find: "*self = Self { set: Some(entry.value()), latest: version, ..Self::default() };",
        replace: "*self = Self { set: Some(entry.value()), latest: version, ..*self };",
        caught_by: Check::Unit,
    },
    Bug {
        name: "estimate-of-balance-is-read",
        breaks: "a reader stops at the estimate of a balance",
        file: SUMS,
        find: "self.estimate = version;",
        replace: "self.estimate = version.filter(|_| false);",
        caught_by: Check::Unit,
    },
    Bug {
        name: "estimates-are-dropped",
        breaks: "a reader stops at a write of an aborted attempt",
        file: CELLS,
        find: "self.stamp |= ESTIMATE;",
        replace: "self.stamp |= 0;",
        caught_by: Check::Unit,
    },
    Bug {
        name: "stale-write-stays",
        breaks: "an entry that only the previous attempt wrote is removed",
        file: PACKED_LOCATION,
        find: "filter(move |location| !stays(*location))",
        replace: "filter(move |location| !stays(*location) && false)",
        caught_by: Check::Unit,
    },
    Bug {
        name: "new-slot-is-not-new",
        breaks: "a first write to a slot is reported, so that the transactions above are validated again",
        file: MEMORY,
        find: "Kind::Slot(at) => self.slot_cell(at).put(Entry::new(version, value)),",
        replace: "Kind::Slot(at) => self.slot_cell(at).put(Entry::new(version, value)) && false,",
        caught_by: Check::Unit,
    },
    Bug {
        name: "unwritten-slot-is-not-checked",
        breaks: "a slot without writes is still checked if an account may have been created or destroyed",
        file: MEMORY,
        find: "!self.slot_cell(at).is_written() && !self.marks.any()",
        replace: "!self.slot_cell(at).is_written()",
        caught_by: Check::Unit,
    },
    Bug {
        name: "increment-sets",
        breaks: "an increment adds to the balance below it",
        file: MEMORY,
        find: "self.put_balance(no, version, Amount::Add(value))",
        replace: "self.put_balance(no, version, Amount::Set(value))",
        caught_by: Check::Unit,
    },
    Bug {
        name: "wipe-is-not-seen",
        breaks: "storage from before a creation or destruction is not read",
        file: MEMORY,
        find: "if writer.tx >= wiper.tx => Some((value, writer))",
        replace: "if writer.tx >= wiper.tx || true => Some((value, writer))",
        caught_by: Check::Unit,
    },
    Bug {
        name: "wiped-slots-end-up-in-the-state",
        breaks: "slots that were wiped are not in the post-state",
        file: SETTLE,
        find: "if !matches!(wiped, Ok(Some((_, wiper))) if wiper.tx > writer.tx) {",
        replace: "if !matches!(wiped, Ok(Some((_, wiper))) if wiper.tx > writer.tx && false) {",
        caught_by: Check::Unit,
    },
    Bug {
        name: "mark-is-set-before-its-flag",
        breaks: "a lane that finds an account's mark set also finds the flag that says that any mark is set",
        file: ACCOUNTS,
        find: "self.any.store(true, Ordering::Release);
            word.fetch_or(bit, Ordering::Release);",
        replace: "word.fetch_or(bit, Ordering::Release);
            self.any.store(true, Ordering::Release);",
        caught_by: Check::Models,
    },
    Bug {
        name: "abort-is-claimed-twice",
        breaks: "only one validation may abort an attempt",
        file: BLOCK_STM,
        find: "if tx.status != Status::Executed || tx.incarnation",
        replace: "if tx.incarnation",
        caught_by: Check::Unit,
    },
    Bug {
        name: "new-write-sets-no-marks",
        breaks: "after a write to a new location the transactions above are validated again",
        file: BLOCK_STM,
        find: "if wrote_new {",
        replace: "if wrote_new && false {",
        caught_by: Check::Unit,
    },
    Bug {
        name: "abort-sets-no-marks",
        breaks: "after an abort the transactions above are validated again",
        file: BLOCK_STM,
        find: "if !self.hold_if_failing(version.tx, true) {
                    self.make_ready(version.tx);
                }
                self.marked.insert_from(&self.executed, i + 1);",
        replace: "if !self.hold_if_failing(version.tx, true) {
                    self.make_ready(version.tx);
                }",
        caught_by: Check::Models,
    },
    Bug {
        name: "first-validation-is-skipped",
        breaks: "every attempt that is not on final state is validated",
        file: BLOCK_STM,
        find: "if !on_final_state {
                    self.marked.insert(i);",
        replace: "if !on_final_state && false {
                    self.marked.insert(i);",
        caught_by: Check::Models,
    },
    Bug {
        name: "valid-clears-a-new-mark",
        breaks: "a mark that is set during a validation stays",
        file: BLOCK_STM,
        find: "self.txs[i].validations -= 1;
                self.settle();",
        replace: "self.txs[i].validations -= 1;
                self.marked.remove(i);
                self.settle();",
        caught_by: Check::Unit,
    },
    Bug {
        name: "held-back-for-good",
        breaks: "a transaction that is held back by a validation becomes ready after it",
        file: BLOCK_STM,
        find: "                    self.release(i);",
        replace: "",
        caught_by: Check::Models,
    },
    Bug {
        name: "aborts-have-no-bound",
        breaks: "a transaction that was aborted too often runs again only once everything below it is settled",
        file: BLOCK_STM,
        find: "self.txs[i].aborted >= self.most_aborted || ",
        replace: "",
        caught_by: Check::Unit,
    },
    Bug {
        name: "failures-have-no-bound",
        breaks: "after too many failures in the block, a failed transaction runs again only once everything below it is settled",
        file: BLOCK_STM,
        find: "self.most_aborted || self.failures_left == 0",
        replace: "self.most_aborted",
        caught_by: Check::Unit,
    },
    Bug {
        name: "held-with-everything-settled",
        breaks: "a transaction that failed too often is not held if everything below it is already settled",
        file: BLOCK_STM,
        find: "too_often && i > self.settled",
        replace: "too_often && i >= self.settled",
        caught_by: Check::Models,
    },
    Bug {
        name: "held-is-forgotten",
        breaks: "a held transaction runs once everything below it is settled",
        file: BLOCK_STM,
        find: "self.make_ready(TxIndex(self.settled as u32));",
        replace: "",
        caught_by: Check::Unit,
    },
    Bug {
        name: "executed-writer-is-waited-for",
        breaks: "a reader that reports an estimate whose writer has executed since then does not wait for it",
        file: BLOCK_STM,
        find: "(false, true) => self.make_ready(version.tx),",
        replace: "(false, true) => {}",
        caught_by: Check::Unit,
    },
    Bug {
        name: "waiter-is-woken-too-early",
        breaks: "a reader that meets an estimate waits for its writer",
        file: BLOCK_STM,
        find: "(false, false) => {
                        self.txs[version.tx.index()].waits_for = 1;
                        self.txs[writer.index()].waiting.push(version.tx);
                    }",
        replace: "(false, false) => self.make_ready(version.tx),",
        caught_by: Check::Unit,
    },
    Bug {
        name: "done-too-early",
        breaks: "the end is not reported while tasks are handed out",
        file: BLOCK_STM,
        find: "_ if self.handed_out == 0 => Task::Done,
            _ => Task::Wait,",
        replace: "_ => Task::Done,",
        caught_by: Check::Unit,
    },
    Bug {
        name: "settled-while-it-is-validated",
        breaks: "a transaction is not settled while it is being validated",
        file: BLOCK_STM,
        find: "tx.status == Status::Executed && tx.validations == 0",
        replace: "tx.status == Status::Executed",
        caught_by: Check::Models,
    },
    Bug {
        name: "marked-and-settled",
        breaks: "a transaction that must be validated is not settled",
        file: BLOCK_STM,
        find: "is_some_and(done) && !self.marked.contains(self.settled)",
        replace: "is_some_and(done)",
        caught_by: Check::Models,
    },
    Bug {
        name: "final-state-after-a-stale-attempt",
        breaks: "an attempt is on final state only right after an attempt that holds",
        file: LANES,
        find: "if settled == Some(version.tx) && matches!(report, Report::Valid { .. }) {",
        replace: "if settled == Some(version.tx) {",
        caught_by: Check::Unit,
    },
    Bug {
        name: "end-wakes-no-lane",
        breaks: "sleeping lanes are woken at the end",
        file: LANES,
        find: "Task::Done => {
                        self.wake_all();",
        replace: "Task::Done => {",
        caught_by: Check::Models,
    },
    Bug {
        name: "missed-stop-is-slept-through",
        breaks: "a lane does not sleep if it has just missed a stop",
        file: LANES,
        find: "let seen = self.news_count.load(Ordering::Relaxed);
            if work.between_turns() {
                self.stop();
            }
            if self.was_stopped() {
                self.wake_all();
                return now;
            }",
        replace: "if work.between_turns() {
                self.stop();
            }
            if self.was_stopped() {
                self.wake_all();
                return now;
            }
            let seen = self.news_count.load(Ordering::Relaxed);",
        caught_by: Check::Models,
    },
    Bug {
        name: "panic-wakes-no-lane",
        breaks: "sleeping lanes are woken by a panic",
        file: LANES,
        find: "self.0.stop();
        self.0.wake_all();",
        replace: "self.0.stop();",
        caught_by: Check::Models,
    },
    Bug {
        name: "panic-stops-no-lane",
        breaks: "a lane that panics stops the run",
        file: LANES,
        find: "self.0.stop();
        self.0.wake_all();",
        replace: "self.0.wake_all();",
        caught_by: Check::Models,
    },
    Bug {
        name: "cancel-waits-for-the-instructions",
        breaks: "a cancel takes effect between instructions of a transaction",
        file: FAST_PATH,
        find: "Left::Due(opcode) => {
                if cancel.is_set() {
                    return None;
                }
",
        replace: "Left::Due(opcode) => {
",
        caught_by: Check::Evm,
    },
    Bug {
        name: "cancel-waits-for-the-calls",
        breaks: "a cancel takes effect whenever a call begins or returns",
        file: FAST_PATH,
        find: "    if cancel.is_set() {
        return None;
    }
    let mut kept",
        replace: "    let mut kept",
        caught_by: Check::Evm,
    },
    Bug {
        name: "word-without-a-key",
        breaks: "every word of a slot is added to a secret key before it is multiplied",
        file: SLOT_MAP,
        find: "b.wrapping_add(keys[1])",
        replace: "b",
        caught_by: Check::Unit,
    },
    Bug {
        name: "sleeper-does-not-check-again",
        breaks: "a lane checks for news under the lock before it sleeps",
        file: LANES,
        find: "if self.news_count.load(Ordering::Relaxed) == seen {",
        replace: "if self.news_count.load(Ordering::Relaxed) == seen || true {",
        caught_by: Check::Models,
    },
    Bug {
        name: "only-the-first-read-is-validated",
        breaks: "every read is compared",
        file: SPECULATIVE_VIEW,
        find: "Ok(now) if now == read.value => {}",
        replace: "Ok(now) if now == read.value => return Ok(()),",
        caught_by: Check::Models,
    },
    Bug {
        name: "nonces-are-not-validated",
        breaks: "a nonce that was read is compared",
        file: SPECULATIVE_VIEW,
        find: "self.nonce(no).map(|(nonce, _)| Value::Nonce(nonce))",
        replace: "Ok(read.value)",
        caught_by: Check::Models,
    },
    Bug {
        name: "code-is-not-validated",
        breaks: "code that was read is compared",
        file: SPECULATIVE_VIEW,
        find: "self.code_hash(no).map(Value::CodeHash)",
        replace: "Ok(read.value)",
        caught_by: Check::Models,
    },
    Bug {
        name: "unchanged-value-is-not-validated",
        breaks: "a read of a value from before the block is compared",
        file: SPECULATIVE_VIEW,
        find: "Ok(false) => return Err(self.conflict(self.key(*location), None)),",
        replace: "Ok(false) => {}",
        caught_by: Check::Models,
    },
    Bug {
        name: "unchanged-code-is-not-validated",
        breaks: "a read of code from before the block is compared",
        file: SPECULATIVE_VIEW,
        find: "code.is_none_or(|(code, _)| code.hash() == self.base.code(no).hash())",
        replace: "code.is_none_or(|_| true)",
        caught_by: Check::Models,
    },
    Bug {
        name: "new-code-is-not-marked",
        breaks: "the account mark leads a reader to code that was written in the block",
        file: MEMORY,
        find: "// Afterwards, here and below: a reader that finds the mark must find the entry.
                self.marks.set(no);",
        replace: "",
        caught_by: Check::Models,
    },
    Bug {
        name: "emptiness-is-a-balance-of-zero",
        breaks: "emptiness is validated by the nonce and the balance, as it was read",
        file: SPECULATIVE_VIEW,
        find: "self.is_blank(no).map(Value::Blank)",
        replace: "self.balance(no).map(|balance| Value::Blank(balance.value.is_zero()))",
        caught_by: Check::Models,
    },
    Bug {
        name: "aborted-writes-are-left",
        breaks: "an aborted attempt's writes become estimates before the abort is reported",
        file: ATTEMPTS,
        find: "self.memory.withdraw(version.tx, &result.written);",
        replace: "",
        caught_by: Check::Models,
    },
    Bug {
        name: "block-gas-limit-is-ignored",
        breaks: "a transaction that does not fit into the block changes nothing",
        file: ATTEMPTS,
        find: "if !fits {",
        replace: "if !fits && false {",
        caught_by: Check::Models,
    },
    Bug {
        name: "storage-outlives-its-account",
        breaks: "a new account at an old address starts without storage",
        file: FOLD,
        find: "account.storage.clear();",
        replace: "",
        caught_by: Check::RandomBlocks,
    },
    Bug {
        name: "code-is-written-only-once",
        breaks: "a delegation can be replaced",
        file: JOURNAL,
        find: "if account.info.code_hash != self.code {",
        replace: "if account.info.code_hash != self.code && self.code == Code::none().hash {",
        caught_by: Check::RandomBlocks,
    },
    Bug {
        name: "fee-is-lost",
        breaks: "the beneficiary gets the fee",
        file: JOURNAL,
        find: "writes.push(Write::Increment(no, fee));",
        replace: "",
        caught_by: Check::RandomBlocks,
    },
    Bug {
        name: "emptiness-is-not-read",
        breaks: "a check for an empty account is a read",
        file: JOURNAL,
        find: "self.observe_emptiness(address)?;
                // A delegate",
        replace: "// A delegate",
        caught_by: Check::RandomBlocks,
    },
    Bug {
        name: "destroyed-account-keeps-its-balance",
        breaks: "a destroyed account has no balance afterwards",
        file: JOURNAL,
        find: "writes.push(Write::Balance(no, U256::ZERO));",
        replace: "",
        caught_by: Check::RandomBlocks,
    },
    Bug {
        name: "creation-is-not-written",
        breaks: "a creation is written to the account's existence",
        file: JOURNAL,
        find: "writes.push(Write::Existence(no, Existence::Created));",
        replace: "",
        caught_by: Check::RandomBlocks,
    },
    Bug {
        name: "payer-is-not-read",
        breaks: "a payment reads whether its payer has enough",
        file: JOURNAL,
        find: "if !value.is_zero()
            && !self.covers(from, value)",
        replace: "if value == U256::MAX
            && !self.covers(from, value)",
        caught_by: Check::RandomBlocks,
    },
    Bug {
        name: "heir-is-paid-without-a-read",
        breaks: "a destroyed account leaves its real balance to the heir",
        file: JOURNAL,
        find: "self.observe_balance(address)?;
        self.observe_emptiness(target)?;",
        replace: "self.observe_emptiness(target)?;",
        caught_by: Check::RandomBlocks,
    },
    Bug {
        name: "enough-is-not-validated",
        breaks: "the answer that a sender's balance is enough is validated",
        file: SPECULATIVE_VIEW,
        find: "Ok(false) => return Err(self.conflict(key, None)),",
        replace: "Ok(false) => {}",
        caught_by: Check::Models,
    },
    Bug {
        name: "predicted-nonce-is-not-validated",
        breaks: "a predicted nonce is validated once the payment that predicts it has run",
        file: NONCES,
        find: "excluded.store(!included, Ordering::Release);",
        replace: "excluded.store(false, Ordering::Release);",
        caught_by: Check::Models,
    },
    Bug {
        name: "any-payment-predicts-a-nonce",
        breaks: "a payment predicts the next nonce only if it carries the nonce below",
        file: NONCES,
        find: "(plain && follows(previous)).then_some(tx)",
        replace: "(plain && (follows(previous) || true)).then_some(tx)",
        caught_by: Check::Models,
    },
    Bug {
        name: "aborted-payment-is-waited-for",
        breaks: "a reader ignores the estimate of the payment that predicts its nonce",
        file: NONCES,
        find: "Err(writer) if writer.tx == payment => Ok((predicted, None)),",
        replace: "Err(writer) if writer.tx == payment => Ok((predicted + 1, None)),",
        caught_by: Check::Unit,
    },
    Bug {
        name: "authorities-are-predicted",
        breaks: "the nonce of a sender that may run code is not predicted",
        file: ORDER,
        find: "plain: tx.is_payment && tx.sender_stays_without_code,",
        replace: "plain: tx.is_payment,",
        caught_by: Check::Models,
    },
    Bug {
        name: "authorities-are-covered",
        breaks: "the balance of a sender that may run code is read",
        file: ORDER,
        find: "can_pay && has_nonce && tx.sender_stays_without_code",
        replace: "can_pay && has_nonce",
        caught_by: Check::Models,
    },
    Bug {
        name: "senders-without-a-nonce-are-covered",
        breaks: "a sender without a nonce is not covered: a contract created at its address could take its balance",
        file: ORDER,
        find: "can_pay && has_nonce && tx.sender_stays_without_code",
        replace: "can_pay && (has_nonce || can_pay) && tx.sender_stays_without_code",
        caught_by: Check::Models,
    },
    Bug {
        name: "authorities-stay-without-code",
        breaks: "a sender that signed an authorisation may get code in the block",
        file: MACHINE,
        find: "has_no_code(address, base) && !authorities.contains(address)",
        replace: "has_no_code(address, base)",
        caught_by: Check::RandomBlocks,
    },
    Bug {
        name: "senders-with-code-stay-without-code",
        breaks: "a sender that has code before the block can run it",
        file: MACHINE,
        find: "has_no_code(address, base) && !authorities.contains(address)",
        replace: "(has_no_code(address, base) || base.number(address).is_some()) && !authorities.contains(address)",
        caught_by: Check::RandomBlocks,
    },
    Bug {
        name: "refused-payment-is-not-waited-for",
        breaks: "with perfect knowledge, a transaction waits for a refused payment that predicts its nonce",
        file: FORESIGHT,
        find: "!included[",
        replace: "included[",
        caught_by: Check::Models,
    },
    Bug {
        name: "payers-of-a-refused-sender-are-lost",
        breaks: "with perfect knowledge, a transaction after a refused one of its sender still waits for the sender's payers",
        file: FORESIGHT,
        find: "if included[i] {",
        replace: "if included[i] || true {",
        caught_by: Check::Models,
    },
    Bug {
        name: "full-block-is-not-noticed",
        breaks: "a transaction that exceeds the block's remaining gas is not included",
        file: ATTEMPTS,
        find: "let fits = *limit <= self.block.gas_limit.saturating_sub(cumulative);",
        replace: "let fits = *limit <= self.block.gas_limit;",
        caught_by: Check::Models,
    },
    Bug {
        name: "heavy-senders-need-not-be-covered",
        breaks: "a heavy sender gets a cell per transaction only if it is covered",
        file: ORDER,
        find: "(parties.sender(), covered)",
        replace: "(parties.sender(), covered | true)",
        caught_by: Check::Unit,
    },
    Bug {
        name: "refused-payment-sets-no-marks",
        breaks: "if a payment is not included, a transaction that read the predicted nonce is validated again",
        file: ATTEMPTS,
        find: "wrote_new: wrote_new || not_included",
        replace: "wrote_new: wrote_new && (wrote_new || not_included)",
        caught_by: Check::Models,
    },
    Bug {
        name: "debits-are-not-counted",
        breaks: "debits of other transactions count against a balance",
        file: DEBITS,
        find: "Some(debit) => self.set(self.sum().wrapping_add(debit)),",
        replace: "Some(_) => {}",
        caught_by: Check::Unit,
    },
    Bug {
        name: "covered-without-limit",
        breaks: "a sender pays without a read only up to the amount that it is covered for",
        file: JOURNAL,
        find: "is_some_and(|all| all <= facts.covered)",
        replace: "is_some_and(|_| !facts.covered.is_zero())",
        caught_by: Check::Simulated,
    },
    Bug {
        name: "stale-reads-are-committed",
        breaks: "in ordered commit, a transaction that read stale values runs again before it commits",
        file: ORDERED_COMMIT,
        find: "let claimed = self.stage == Stage::Committing && version",
        replace: "let claimed = false && self.stage == Stage::Committing && version",
        caught_by: Check::Unit,
    },
    Bug {
        name: "commits-overlap",
        breaks: "in ordered commit, transactions are validated and committed one at a time",
        file: ORDERED_COMMIT,
        find: "self.stage = Stage::Committing;
            return Task::Validate",
        replace: "return Task::Validate",
        caught_by: Check::Models,
    },
    Bug {
        name: "head-is-validated-before-it-reran",
        breaks: "in ordered commit, a transaction that runs again is not validated before it has run",
        file: ORDERED_COMMIT,
        find: "self.executed[self.head] = false;",
        replace: "",
        caught_by: Check::Models,
    },
    Bug {
        name: "missing-write-comes-true",
        breaks: "a read of a predicted write that never happened is validated again",
        file: PREDICTED_WRITES,
        find: "predicted.len() == writes.len()",
        replace: "predicted.len() >= writes.len()",
        caught_by: Check::Models,
    },
    Bug {
        name: "wrong-sum-comes-true",
        breaks: "a predicted balance comes true only if the sum equals it",
        file: PREDICTED_WRITES,
        find: "before.wrapping_add(*more) == *written",
        replace: "before.wrapping_add(*more) == *written || true",
        caught_by: Check::Models,
    },
    Bug {
        name: "predictions-are-not-checked",
        breaks: "a read of a wrongly predicted write is validated again",
        file: ATTEMPTS,
        find: "!came_true",
        replace: "!came_true && false",
        caught_by: Check::Models,
    },
    Bug {
        name: "one-of-several-is-enough",
        breaks: "a transaction that waits for several others waits for all of them",
        file: BLOCK_STM,
        find: "if tx.waits_for == 0 {",
        replace: "if tx.status == Status::Waiting {",
        caught_by: Check::Unit,
    },
    Bug {
        name: "a-disturbed-lane-is-faster",
        breaks: "no piece of simulated work takes less time than the cost model says",
        file: COST,
        find: "cost.saturating_add(more as u64)",
        replace: "cost.saturating_sub(more as u64)",
        caught_by: Check::Unit,
    },
    Bug {
        name: "simulated-validation-aborts-nothing",
        breaks: "a simulated validation reads the memory and aborts a stale attempt",
        file: SIMULATE,
        find: "self.attempts.validate(version, |version| scheduler.claim_abort(version));",
        replace: "self.attempts.validate(version, |version| false && scheduler.claim_abort(version));",
        caught_by: Check::Simulated,
    },
];
