//! Small random blocks, made to be awkward: every strategy must end where stock execution ends.
//!
//! Contracts are random straight-line programs over few slots, few accounts and few children, so
//! that transactions meet all the time: reads of balances, code and emptiness of accounts that
//! others change, payments to nobody, creation, destruction and creation again, the beneficiary
//! as sender, recipient and contract, delegations, failures after writes, transactions that
//! cannot be included. A failing seed is printed; put it into `SEEDS_THAT_FAILED`.

mod support;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use evm_lanes_core::{
    drive::Loaded,
    evm,
    prepare::{Account, Authorization, BlockEnvironment, Fork, Origin, PreparedBlock, State, Transaction},
    run::Status,
};

/// Seeds that once showed a mistake.
const SEEDS_THAT_FAILED: &[u64] = &[24];

const FORKS: [Fork; 12] = [
    Fork::Frontier,
    Fork::Homestead,
    Fork::TangerineWhistle,
    Fork::SpuriousDragon,
    Fork::Byzantium,
    Fork::Petersburg,
    Fork::Istanbul,
    Fork::Berlin,
    Fork::London,
    Fork::Shanghai,
    Fork::Cancun,
    Fork::Prague,
];

#[test]
fn random_blocks_end_as_stock_execution_ends_them() {
    let seeds = std::env::var("EVM_LANES_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(2_500);
    let mut seen = Seen::default();
    for seed in SEEDS_THAT_FAILED.iter().copied().chain(0..seeds) {
        check(seed, &mut seen);
    }
    eprintln!("{seen:?}");
    // A generator that no longer makes what it is for would pass as well.
    assert!(seen.invalid > seeds && seen.failed > seeds && seen.created > seeds / 4, "{seen:?}");
    assert!(seen.gone > seeds / 20 && seen.delegated > 0 && seen.aborts > 0, "{seen:?}");
}

#[derive(Debug, Default)]
struct Seen {
    transactions: u64,
    invalid: u64,
    failed: u64,
    created: u64,
    gone: u64,
    delegated: u64,
    aborts: u64,
}

fn check(seed: u64, seen: &mut Seen) {
    let block = Generator { state: seed }.block(seed);
    let (receipts, state) = evm::execute_block(&block);
    let loaded = Loaded::new(&block);
    for (strategy, lanes) in support::LANES {
        let run = support::run(&loaded, strategy, lanes);
        let what = format!("seed {seed}, {:?}, {} on {lanes}", block.env.fork, strategy.name());
        for (i, (ours, theirs)) in run.receipts.iter().zip(&receipts).enumerate() {
            assert_eq!(ours, theirs, "{what}: transaction {i}");
        }
        support::assert_equal_states(&run.post_state, &state, &what);
        support::assert_whole(&run.trace, &what);
        seen.aborts += run.trace.attempts.len().saturating_sub(receipts.len()) as u64;
    }
    seen.transactions += receipts.len() as u64;
    seen.invalid += receipts.iter().filter(|r| r.status.is_invalid()).count() as u64;
    seen.failed +=
        receipts.iter().filter(|r| matches!(r.status, Status::Revert | Status::Halt(_))).count() as u64;
    let before = &block.pre_state.accounts;
    let with_code = |(address, account): &(&Address, &Account)| {
        account.code_hash.is_some() && !before.contains_key(*address)
    };
    seen.created += state.accounts.iter().filter(with_code).count() as u64;
    seen.gone += before.keys().filter(|address| !state.accounts.contains_key(*address)).count() as u64;
    let delegations = state.codes.values().filter(|code| code.starts_with(&[0xef, 0x01, 0x00]));
    seen.delegated += delegations.count() as u64;
}

struct Generator {
    state: u64,
}

const SENDERS: u64 = 5;
const CONTRACTS: u64 = 6;

fn sender(i: u64) -> Address {
    Address::left_padding_from(&[0x51, i as u8 + 1])
}

fn contract(i: u64) -> Address {
    Address::left_padding_from(&[0xc0, i as u8 + 1])
}

/// Code that makes a child: one slot set, and a runtime code that hands everything to its caller.
const CHILD: [u8; 16] = [0x60, 1, 0x60, 0, 0x55, 0x61, 0x33, 0xff, 0x60, 0, 0x52, 0x60, 2, 0x60, 30, 0xf3];

impl Generator {
    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// Someone that transactions meet at.
    fn anyone(&mut self) -> Address {
        match self.below(20) {
            0..=6 => {
                let i = self.below(CONTRACTS);
                contract(i)
            }
            7..=10 => {
                let i = self.below(SENDERS);
                sender(i)
            }
            11..=13 => {
                let i = self.below(3);
                // Nobody yet.
                Address::left_padding_from(&[0xee, i as u8])
            }
            14 => Address::left_padding_from(&[1 + self.below(5) as u8]),
            15 => Address::left_padding_from(&[0xf0, self.below(2) as u8]),
            16 | 17 => {
                let creator = contract(self.below(CONTRACTS));
                creator.create2(B256::ZERO, keccak256(CHILD))
            }
            18 => {
                let creator = contract(self.below(CONTRACTS));
                creator.create(1 + self.below(2))
            }
            _ => beneficiary(),
        }
    }

    fn block(&mut self, seed: u64) -> PreparedBlock {
        let fork = FORKS[(seed % FORKS.len() as u64) as usize];
        let pre_state = self.pre_state(fork);
        let base_fee = if fork >= Fork::London { 7 } else { 0 };
        let mut nonces = [0; SENDERS as usize];
        let count = 4 + self.below(24);
        let transactions: Vec<Transaction> =
            (0..count).map(|_| self.transaction(fork, base_fee, &mut nonces)).collect();
        let wanted: u64 = transactions.iter().map(|tx| tx.gas_limit).sum();
        let env = BlockEnvironment {
            chain_id: 1,
            fork,
            number: 300,
            timestamp: 1_700_000_000,
            // Now and then too little for all.
            gas_limit: if self.one_in(6) { wanted / 2 } else { 2 * wanted },
            base_fee,
            beneficiary: match self.below(6) {
                0 => contract(0),
                1 => sender(0),
                2 => Address::left_padding_from(&[0xf0, 0]),
                _ => beneficiary(),
            },
            difficulty: U256::from(1),
            prev_randao: Some(B256::repeat_byte(7)),
            excess_blob_gas: Some(0),
            blob_base_fee_update_fraction: None,
            block_hashes: [(299, B256::repeat_byte(9))].into(),
            system_calls: Vec::new(),
        };
        let labels = vec![String::new(); transactions.len()];
        PreparedBlock { env, pre_state, transactions, labels, origin: Origin::Scenario }
    }

    fn pre_state(&mut self, fork: Fork) -> State {
        let mut state = State::default();
        for i in 0..SENDERS {
            // Some senders run out of money in the middle of the block.
            let balance = if self.one_in(5) { 3_000_000 } else { 1_000_000_000 };
            let account = Account { balance: U256::from(balance), ..Account::default() };
            state.accounts.insert(sender(i), account);
        }
        for i in 0..CONTRACTS {
            let code = self.program(fork);
            let hash = keccak256(&code);
            state.codes.insert(hash, code);
            let balance = U256::from(self.below(3) * 10);
            let storage = (0..4).map(|slot| (U256::from(slot), U256::from(self.next() % 5)));
            let account = Account {
                balance,
                nonce: 1,
                code_hash: Some(hash),
                storage: storage.filter(|(_, value)| !value.is_zero()).collect(),
            };
            state.accounts.insert(contract(i), account);
        }
        // Accounts that touching alone removes: one is empty, one has nothing but storage.
        state.accounts.insert(Address::left_padding_from(&[0xf0, 0]), Account::default());
        let storage = [(U256::from(1), U256::from(1))].into_iter().collect();
        let account = Account { storage, ..Account::default() };
        state.accounts.insert(Address::left_padding_from(&[0xf0, 1]), account);
        if self.one_in(2) {
            let account = Account { balance: U256::from(5), ..Account::default() };
            state.accounts.insert(beneficiary(), account);
        }
        state
    }

    fn transaction(&mut self, fork: Fork, base_fee: u64, nonces: &mut [u64]) -> Transaction {
        let i = self.below(SENDERS);
        let nonce = nonces[i as usize];
        let mut tx = Transaction {
            from: sender(i),
            nonce,
            gas_limit: 60_000 + self.below(4) * 100_000,
            max_fee_per_gas: u128::from(base_fee) + u128::from(self.below(3)),
            value: U256::from(if self.one_in(2) { 0 } else { self.below(40) }),
            to: Some(self.anyone()),
            input: Bytes::copy_from_slice(&U256::from(self.below(4)).to_be_bytes::<32>()),
            ..Transaction::default()
        };
        match self.below(14) {
            0 => tx.nonce += 1,
            1 => tx.max_fee_per_gas = 1_000_000,
            2 => tx.gas_limit = 20_000,
            3 => {
                tx.to = None;
                tx.input = if self.one_in(2) { self.program(fork) } else { CHILD.into() };
            }
            4 => {
                tx.input = Bytes::new();
                tx.gas_limit = 21_000;
            }
            5 | 6 if fork >= Fork::Prague => {
                tx.kind = 4;
                tx.chain_id = Some(1);
                tx.max_priority_fee_per_gas = Some(0);
                // Almost any signature is somebody's; the same one is the same somebody's.
                tx.authorizations = (0..=self.below(2)).map(|_| self.authorization()).collect();
            }
            7 if fork >= Fork::Berlin => {
                tx.kind = 1;
                tx.chain_id = Some(1);
                tx.access_list = vec![(self.anyone(), vec![B256::ZERO])];
            }
            _ => {}
        }
        // A transaction that will not be included does not use up its nonce; which ones those are
        // is not known here, so now and then the rest of a sender's transactions is invalid too.
        let certain = tx.nonce == nonce && tx.gas_limit >= 21_000 && tx.max_fee_per_gas < 1_000_000;
        if certain || self.one_in(8) {
            nonces[i as usize] += 1;
        }
        tx
    }

    fn authorization(&mut self) -> Authorization {
        Authorization {
            chain_id: U256::ZERO,
            address: if self.one_in(4) { Address::ZERO } else { self.anyone() },
            nonce: self.below(2),
            y_parity: 0,
            r: U256::from(4 + self.below(3)),
            s: U256::from(3),
        }
    }

    /// A random program. Every statement leaves the stack as it found it.
    fn program(&mut self, fork: Fork) -> Bytes {
        let mut code = Vec::new();
        for _ in 0..2 + self.below(6) {
            let statement = self.statement(fork);
            if self.one_in(3) {
                // Skipped where a slot holds an odd number.
                let slot = self.below(4) as u8;
                let end = code.len() + 10 + statement.len();
                let [high, low] = (end as u16).to_be_bytes();
                code.extend([0x60, slot, 0x54, 0x60, 1, 0x16, 0x61, high, low, 0x57]);
                code.extend(statement);
                code.push(0x5b);
            } else {
                code.extend(statement);
            }
        }
        match self.below(12) {
            0 => code.extend([0x60, 0, 0x60, 0, 0xfd]),
            1 => code.push(0xfe),
            2 | 3 => {
                code.extend(push_address(self.anyone()));
                code.push(0xff);
            }
            4 => code.extend([0x60, 2, 0x54, 0x60, 0, 0x52, 0x60, 32, 0x60, 0, 0xf3]),
            _ => code.push(0x00),
        }
        code.into()
    }

    fn statement(&mut self, fork: Fork) -> Vec<u8> {
        let slot = self.below(4) as u8;
        let other = self.below(4) as u8;
        let store = [0x60, slot, 0x55];
        match self.below(16) {
            // slot = other + 1
            0..=2 => [&[0x60, other, 0x54, 0x60, 1, 0x01][..], &store].concat(),
            // slot = input
            3 => [&[0x60, 0, 0x35][..], &store].concat(),
            4 => [&push_address(self.anyone())[..], &[0x31], &store].concat(),
            5 => [&[0x41, 0x31][..], &store].concat(),
            6 => [&push_address(self.anyone())[..], &[0x3b], &store].concat(),
            7 if fork >= Fork::Petersburg => [&push_address(self.anyone())[..], &[0x3f], &store].concat(),
            8 if fork >= Fork::Istanbul => [&[0x47][..], &store].concat(),
            9 | 10 => self.call(0xf1, slot),
            11 => {
                let kinds: &[u8] = match fork {
                    Fork::Frontier => &[0xf1, 0xf2],
                    fork if fork < Fork::Byzantium => &[0xf1, 0xf2, 0xf4],
                    _ => &[0xf2, 0xf4, 0xfa],
                };
                let kind = kinds[self.below(kinds.len() as u64) as usize];
                self.call(kind, slot)
            }
            12 => self.create(0xf0),
            13 if fork >= Fork::Petersburg => self.create(0xf5),
            14 if fork >= Fork::Cancun => {
                // Transient storage, and back.
                [&[0x60, other, 0x60, 0, 0x5d, 0x60, 0, 0x5c][..], &store].concat()
            }
            // A log with a slot as its topic.
            _ => vec![0x60, other, 0x54, 0x60, 0, 0x60, 0, 0xa1],
        }
    }

    /// A call with the slot's number as input; whether it succeeded is dropped or kept.
    fn call(&mut self, kind: u8, slot: u8) -> Vec<u8> {
        let mut code = vec![0x60, slot, 0x60, 0, 0x52];
        // Result and input ranges.
        code.extend([0x60, 0, 0x60, 0, 0x60, 32, 0x60, 0]);
        if kind == 0xf1 || kind == 0xf2 {
            code.extend([0x60, if self.one_in(2) { 0 } else { self.below(8) as u8 }]);
        }
        code.extend(push_address(self.anyone()));
        code.extend([0x61, 0x9c, 0x40, kind]);
        if self.one_in(2) {
            code.push(0x50);
        } else {
            code.extend([0x60, slot, 0x55]);
        }
        code
    }

    fn create(&mut self, kind: u8) -> Vec<u8> {
        let mut code = vec![0x6f];
        code.extend(CHILD);
        code.extend([0x60, 0, 0x52]);
        if kind == 0xf5 {
            code.extend([0x60, 0]);
        }
        code.extend([0x60, 16, 0x60, 16, 0x60, self.below(3) as u8, kind, 0x50]);
        code
    }
}

fn beneficiary() -> Address {
    Address::left_padding_from(&[0xbe, 0x0e])
}

fn push_address(address: Address) -> Vec<u8> {
    let mut code = vec![0x73];
    code.extend(address.0.0);
    code
}
