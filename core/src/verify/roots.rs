//! Roots and bloom of a block's result (Yellow Paper §4.3, appendix D; EIP-2718, EIP-658).

use alloy_primitives::{B256, Bloom, KECCAK256_EMPTY, LogData, keccak256};
use alloy_rlp::{BufMut, Encodable, Header};
use alloy_trie::{
    TrieAccount,
    root::{ordered_trie_root_with_encoder, state_root_unhashed, storage_root_unhashed},
};

use crate::prepare::State;
use crate::run::{Log, Receipt};

/// The bloom of all logs of a block. Invalid transactions have none.
pub fn logs_bloom(receipts: &[Receipt]) -> Bloom {
    let mut bloom = Bloom::ZERO;
    for receipt in receipts {
        bloom |= receipt_bloom(receipt);
    }
    bloom
}

/// keccak-256 of the RLP of all logs of a block, in order. Ethereum's state tests have this hash.
pub fn logs_hash(receipts: &[Receipt]) -> B256 {
    let logs: Vec<RlpLog> = receipts.iter().flat_map(|receipt| &receipt.logs).map(RlpLog).collect();
    let mut encoded = Vec::new();
    alloy_rlp::encode_list::<_, RlpLog>(&logs, &mut encoded);
    keccak256(&encoded)
}

/// The receipts root, by the rules from Byzantium on. Transactions that were not included have no receipt.
pub fn receipts_root(receipts: &[Receipt]) -> B256 {
    let included: Vec<&Receipt> = receipts.iter().filter(|r| !r.status.is_invalid()).collect();
    ordered_trie_root_with_encoder(&included, |receipt, out| encode(receipt, out))
}

/// The state root of `state`, which must be the whole state.
pub fn state_root(state: &State) -> B256 {
    state_root_unhashed(state.accounts.iter().map(|(address, account)| {
        let slots = account.storage.iter().filter(|(_, value)| !value.is_zero());
        let account = TrieAccount {
            nonce: account.nonce,
            balance: account.balance,
            storage_root: storage_root_unhashed(slots.map(|(slot, value)| (B256::from(*slot), *value))),
            code_hash: account.code_hash.unwrap_or(KECCAK256_EMPTY),
        };
        (*address, account)
    }))
}

fn receipt_bloom(receipt: &Receipt) -> Bloom {
    let mut bloom = Bloom::ZERO;
    for log in &receipt.logs {
        bloom.accrue_raw_log(log.address, log.data.topics());
    }
    bloom
}

/// `type ‖ rlp([status, cumulative gas, bloom, logs])`, without the type for legacy (EIP-2718).
fn encode(receipt: &Receipt, out: &mut dyn BufMut) {
    if receipt.kind != 0 {
        out.put_u8(receipt.kind);
    }
    let success = receipt.status.is_success();
    let bloom = receipt_bloom(receipt);
    let logs: Vec<RlpLog> = receipt.logs.iter().map(RlpLog).collect();
    let payload_length = success.length()
        + receipt.cumulative_gas_used.length()
        + bloom.length()
        + alloy_rlp::list_length::<_, RlpLog>(&logs);
    Header { list: true, payload_length }.encode(out);
    success.encode(out);
    receipt.cumulative_gas_used.encode(out);
    bloom.encode(out);
    alloy_rlp::encode_list::<_, RlpLog>(&logs, out);
}

/// `rlp([address, topics, data])`.
struct RlpLog<'a>(&'a Log);

impl RlpLog<'_> {
    fn header(&self) -> Header {
        let LogData { data, .. } = &self.0.data;
        let payload_length =
            self.0.address.length() + alloy_rlp::list_length::<_, B256>(self.0.data.topics()) + data.length();
        Header { list: true, payload_length }
    }
}

impl Encodable for RlpLog<'_> {
    fn encode(&self, out: &mut dyn BufMut) {
        self.header().encode(out);
        self.0.address.encode(out);
        alloy_rlp::encode_list::<_, B256>(self.0.data.topics(), out);
        self.0.data.data.encode(out);
    }

    fn length(&self) -> usize {
        self.header().length_with_payload()
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::b256;

    use super::*;

    #[test]
    fn nothing_has_the_empty_root() {
        let empty = b256!("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
        assert_eq!(receipts_root(&[]), empty);
        assert_eq!(state_root(&State::default()), empty);
    }

    #[test]
    fn an_invalid_transaction_has_no_receipt() {
        let good = Receipt { gas_used: 21_000, cumulative_gas_used: 21_000, ..Receipt::default() };
        let invalid = Receipt { status: crate::run::Status::Invalid("nonce".into()), ..good.clone() };
        assert_eq!(receipts_root(&[good.clone(), invalid]), receipts_root(&[good]));
    }
}
