//! A link that shows a run of a block in the page. It holds the whole block as `evm-block-case/1`, with the result of
//! stock execution. If the page's engine has the same bug as the test's, the page shows the difference.

use alloy_primitives::{Bytes, KECCAK256_EMPTY, U256, address, hex};
use evm_lanes_core::{
    model::CostModel,
    prepare::{PreparedBlock, State, case},
    run::Receipt,
    scenario::{
        Settings,
        link::{PageLink, Source},
    },
    strategies::StrategyId,
    trace::Clock,
    verify::logs_bloom,
};
use serde_json::{Map, Value, json};

/// The run that a link shows.
#[derive(Clone, Copy)]
pub struct Shown {
    pub strategy: StrategyId,
    pub lanes: u16,
    pub clock: Clock,
    pub model: CostModel,
}

/// Prints the link to a run if the test panics while this value is alive.
pub struct OnFailure<'a> {
    pub block: &'a PreparedBlock,
    pub stock: &'a (Vec<Receipt>, State),
    pub shown: Shown,
}

impl Drop for OnFailure<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let link = link(self.block, self.stock, self.shown);
            eprintln!("append this to the address that ./x serve prints, to see the run:\n{link}");
        }
    }
}

/// Query and fragment of the link.
pub fn link(block: &PreparedBlock, stock: &(Vec<Receipt>, State), shown: Shown) -> String {
    let simulated = shown.clock == Clock::Simulated;
    let link = PageLink {
        scenario: Source::Document(text(block, stock)),
        run: Settings {
            strategy: Some(shown.strategy.into()),
            lanes: Some(shown.lanes),
            clock: Some(shown.clock),
            cost: simulated.then_some(shown.model.cost),
            seed: simulated.then_some(shown.model.seed),
        }
        .into(),
        selection: None,
    };
    link.encode()
}

/// The block as `evm-block-case/1`.
pub fn text(block: &PreparedBlock, (receipts, state): &(Vec<Receipt>, State)) -> String {
    let env = &block.env;
    let call = |to| env.system_calls.iter().find(|call| call.to == to).map(|call| call.input.clone());
    let number = |number: u64| json!(format!("{number:#x}"));
    let wide = |number: u128| json!(format!("{number:#x}"));
    let account = |account: &evm_lanes_core::prepare::Account, cleared: &[U256]| {
        let mut storage: Map<String, Value> =
            account.storage.iter().map(|(slot, value)| (format!("{slot:#x}"), json!(value))).collect();
        storage.extend(cleared.iter().map(|slot| (format!("{slot:#x}"), json!(U256::ZERO))));
        json!({
            "balance": account.balance,
            "nonce": number(account.nonce),
            "codeHash": account.code_hash.unwrap_or(KECCAK256_EMPTY),
            "storage": storage,
        })
    };
    let before = block.pre_state.accounts.iter().map(|(address, there)| {
        let mut account = account(there, &[]);
        account["codeHash"] = json!(there.code_hash);
        (address.to_string(), account)
    });
    let mut after: Map<String, Value> = block
        .pre_state
        .accounts
        .keys()
        .filter(|address| !state.accounts.contains_key(*address))
        .map(|address| (address.to_string(), Value::Null))
        .collect();
    after.extend(state.accounts.iter().map(|(address, there)| {
        let was = block.pre_state.accounts.get(address);
        let cleared = was.into_iter().flat_map(|was| was.storage.keys().copied());
        let cleared: Vec<U256> = cleared.filter(|slot| !there.storage.contains_key(slot)).collect();
        (address.to_string(), account(there, &cleared))
    }));
    let transactions = block.transactions.iter().map(|tx| {
        let list = tx.access_list.iter().map(|(address, keys)| json!({"address": address, "storageKeys": keys}));
        let signed = tx.authorizations.iter().map(|a| {
            json!({
                "chainId": a.chain_id, "address": a.address, "nonce": number(a.nonce),
                "yParity": number(a.y_parity.into()), "r": a.r, "s": a.s,
            })
        });
        json!({
            "type": number(tx.kind.into()), "from": tx.from, "to": tx.to, "nonce": number(tx.nonce), "value": tx.value,
            "input": tx.input, "gas": number(tx.gas_limit), "chainId": tx.chain_id.map(number),
            "maxFeePerGas": wide(tx.max_fee_per_gas), "maxPriorityFeePerGas": tx.max_priority_fee_per_gas.map(wide),
            "maxFeePerBlobGas": wide(tx.max_fee_per_blob_gas), "accessList": list.collect::<Vec<_>>(),
            "blobVersionedHashes": tx.blob_hashes, "authorizationList": signed.collect::<Vec<_>>(),
        })
    });
    let expected = receipts.iter().map(|receipt| {
        let logs = receipt
            .logs
            .iter()
            .map(|log| json!({"address": log.address, "topics": log.data.topics(), "data": log.data.data}));
        json!({
            "type": number(receipt.kind.into()), "status": number(receipt.status.is_success().into()),
            "gasUsed": number(receipt.gas_used), "cumulativeGasUsed": number(receipt.cumulative_gas_used),
            "logs": logs.collect::<Vec<_>>(), "contractAddress": receipt.contract_address,
        })
    });
    let document = json!({
        "chainId": number(env.chain_id),
        "fork": format!("{:?}", env.fork),
        "blobBaseFeeUpdateFraction": env.blob_base_fee_update_fraction.map(number),
        "header": {
            "number": number(env.number), "miner": env.beneficiary, "timestamp": number(env.timestamp),
            "gasLimit": number(env.gas_limit), "baseFeePerGas": number(env.base_fee), "difficulty": env.difficulty,
            "mixHash": env.prev_randao, "excessBlobGas": env.excess_blob_gas.map(number),
            "parentBeaconBlockRoot": call(address!("000F3df6D732807Ef1319fB7B8bB8522d0Beac02")),
            "parentHash": call(address!("0000F90827F1C53a10cb7A02335B175320002935")),
        },
        "transactions": transactions.collect::<Vec<_>>(),
        "preState": before.collect::<Map<_, _>>(),
        "codes": block.pre_state.codes.iter().map(|(hash, code): (_, &Bytes)| {
            (hash.to_string(), json!(hex::encode_prefixed(code)))
        }).collect::<Map<_, _>>(),
        "blockHashes": env.block_hashes.iter().map(|(number, hash)| (format!("{number:#x}"), json!(hash)))
            .collect::<Map<_, _>>(),
        "expected": {
            "gasUsed": number(receipts.last().map_or(0, |receipt| receipt.cumulative_gas_used)),
            "logsBloom": logs_bloom(receipts),
            "receipts": expected.collect::<Vec<_>>(),
            "postState": after,
        },
    });
    // The format comes first: it tells what the document is.
    format!("{{\"format\": \"{}\", {}", case::FORMAT, &document.to_string()[1..])
}
