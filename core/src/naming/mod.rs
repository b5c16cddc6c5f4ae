//! Names for people: of locations, calls, logs and revert reasons. This module knows no scheduler.
//!
//! ```text
//! Storage(0x5fbd…, 0x8c1a…)  ─ layout, keccak preimages ─▶  USD.balances[alice]
//! 0xa9059cbb…                ─ ABI ─▶                        transfer(shop[0], 25e18)
//! ```
//! Without a name in the scenario or a layout, the name is made of address and slot. Nothing is guessed silently.

mod decode;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use alloy_json_abi::{Function, JsonAbi};
use alloy_primitives::{Address, B256, Bytes, U256, address, map::AddressMap, map::B256Map};

use crate::catalogue::Catalogue;
use crate::contract::{ContractAbi, Preimages, short, text_key};
use crate::evm::Created;
use crate::evm::block::{PreparedBlock, State};
use crate::messages::{ContractInfo, LocationName};
use crate::trace::Location;
use crate::units::TxIndex;

pub use decode::{decode_call, decode_logs, decode_revert, describe_failure};

/// Names of addresses, and the ABIs of the contracts there.
#[derive(Clone, Debug, Default)]
pub struct Names {
    addresses: AddressMap<String>,
    contracts: AddressMap<Arc<ContractAbi>>,
    infos: Vec<ContractInfo>,
}

impl Names {
    /// Names for a block without a scenario. Contracts of the catalogue are recognised by their code, a few contracts
    /// of the main chain by their address.
    pub fn of_block(block: &PreparedBlock, catalogue: &Catalogue) -> Self {
        let mut names = Self::default();
        if block.env.chain_id == 1 {
            for (address, name) in MAINNET {
                names.name(address, name.to_owned());
            }
            // An older compiler made other code, but the variables are the same and in the same order.
            if let Some(contract) = catalogue.get("uniswap-v2/WETH9") {
                names.set_abi(WETH, contract.abi.clone());
            }
        }
        names.recognise(&block.pre_state, catalogue);
        names
    }

    /// Gives an address a name. The first name stays.
    pub(crate) fn name(&mut self, address: Address, name: String) {
        self.addresses.entry(address).or_insert(name);
    }

    /// Sets ABI and layout of the contract at an address. The first stay.
    pub(crate) fn set_abi(&mut self, address: Address, known: Arc<ContractAbi>) {
        self.contracts.entry(address).or_insert(known);
    }

    /// Adds a contract of the catalogue to those of this block.
    pub(crate) fn add_contract(&mut self, info: ContractInfo) {
        self.infos.push(info);
    }

    /// Recognises contracts of the catalogue by their code.
    pub(crate) fn recognise(&mut self, state: &State, catalogue: &Catalogue) {
        let mut found: Vec<_> = state
            .accounts
            .iter()
            .filter(|(address, _)| !self.contracts.contains_key(*address))
            .filter_map(|(address, account)| {
                let hash = account.code_hash?;
                Some((*address, hash, catalogue.by_code(hash)?))
            })
            .collect();
        found.sort_by_key(|(address, ..)| *address);
        for (address, hash, contract) in found {
            self.set_abi(address, contract.abi.clone());
            self.infos.push(ContractInfo {
                name: self.display(address),
                address: address.to_string(),
                catalogue: contract.id.clone(),
                package: format!("{} {}", contract.package, contract.version),
                licence: contract.licence.clone(),
                code_hash: hash.to_string(),
            });
        }
    }

    /// Names contracts that the block creates: by the contract of the catalogue or of the block's own that has the same code,
    /// and by the transaction.
    pub(crate) fn name_created(&mut self, created: &[Created], state: &State, catalogue: &Catalogue) {
        let own: B256Map<Arc<ContractAbi>> = state
            .accounts
            .iter()
            .filter_map(|(address, account)| Some((account.code_hash?, self.contracts.get(address)?.clone())))
            .collect();
        // Several of one transaction are counted.
        let mut counts: HashMap<(TxIndex, &str), u32> = HashMap::new();
        for made in created {
            let listed = catalogue.by_code(made.code_hash);
            if let Some(known) = listed.map(|listed| &listed.abi).or_else(|| own.get(&made.code_hash)) {
                self.set_abi(made.address, known.clone());
            }
            let what = listed.map_or("contract", |listed| listed.id.rsplit('/').next().unwrap_or("contract"));
            let count = counts.entry((made.tx, what)).or_default();
            *count += 1;
            let which = if *count == 1 { String::new() } else { format!(", {count}") };
            self.name(made.address, format!("{what} (tx {}{which})", made.tx));
        }
    }

    /// The contracts of the catalogue in this block.
    pub fn contracts(&self) -> &[ContractInfo] {
        &self.infos
    }

    /// The name of an address, if it has one.
    pub fn of(&self, address: Address) -> Option<&str> {
        self.addresses.get(&address).map(String::as_str)
    }

    /// The name of an address, else its first and last digits: `0x1f98…f984`.
    pub fn display(&self, address: Address) -> String {
        match self.of(address) {
            Some(name) => name.to_owned(),
            None => short(&format!("{address:#x}")),
        }
    }

    /// ABI and layout of the contract at an address, if they are known.
    pub fn abi_of(&self, address: Address) -> Option<&ContractAbi> {
        self.contracts.get(&address).map(|known| &**known)
    }

    /// The function that a call to `to` with this data runs, by the contract's ABI or, if that is not known, by the
    /// well-known ones.
    pub(crate) fn function(&self, to: Option<Address>, input: &[u8]) -> Option<&Function> {
        let selector = input.get(..4)?;
        let find = |abi: &'static JsonAbi| abi.functions().find(|f| f.selector() == selector);
        match to.and_then(|to| self.abi_of(to)) {
            Some(known) if known.abi.functions.is_empty() => find(well_known()),
            Some(known) => known.abi.functions().find(|f| f.selector() == selector),
            None => find(well_known()),
        }
    }
}

const WETH: Address = address!("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2");

/// Contracts of Ethereum's main chain that appear in nearly every block.
const MAINNET: [(Address, &str); 9] = [
    (WETH, "WETH"),
    (address!("0xdAC17F958D2ee523a2206206994597C13D831ec7"), "USDT"),
    (address!("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"), "USDC"),
    (address!("0x6B175474E89094C44Da98b954EedeAC495271d0F"), "DAI"),
    (address!("0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599"), "WBTC"),
    (address!("0x7a250d5630B4cF539739dF2C5dAcb4c659F2488D"), "UniswapV2Router02"),
    (address!("0x5C69bEe701ef814a2B6a3EDD4B1652CB9cc5aA6f"), "UniswapV2Factory"),
    (address!("0xE592427A0AEce92De3Edee1F18E0157C05861564"), "UniswapV3Router"),
    (address!("0x68b3465833fb72A70ecDF485E0e4C7bD8665Fc45"), "UniswapV3Router02"),
];

/// Widespread functions, events and errors.
fn well_known() -> &'static JsonAbi {
    static ABI: OnceLock<JsonAbi> = OnceLock::new();
    // The texts are constants; a test parses all of them.
    ABI.get_or_init(|| JsonAbi::parse(WELL_KNOWN.iter().copied()).unwrap_or_default())
}

const WELL_KNOWN: &[&str] = &[
    // ERC-20, ERC-721, ERC-1155
    "function transfer(address to, uint256 amount) returns (bool)",
    "function transferFrom(address from, address to, uint256 amount) returns (bool)",
    "function approve(address spender, uint256 amount) returns (bool)",
    "function increaseAllowance(address spender, uint256 addedValue) returns (bool)",
    "function decreaseAllowance(address spender, uint256 subtractedValue) returns (bool)",
    "function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)",
    "function balanceOf(address owner) view returns (uint256)",
    "function setApprovalForAll(address operator, bool approved)",
    "function safeTransferFrom(address from, address to, uint256 tokenId)",
    "function safeTransferFrom(address from, address to, uint256 tokenId, bytes data)",
    "function safeTransferFrom(address from, address to, uint256 id, uint256 amount, bytes data)",
    "function mint(address to, uint256 amount)",
    "function mint(uint256 amount)",
    "function mint()",
    "function claim()",
    // Wrapped ether
    "function deposit() payable",
    "function withdraw(uint256 wad)",
    // Uniswap V2
    "function swapExactTokensForTokens(uint256 amountIn, uint256 amountOutMin, address[] path, address to, uint256 deadline)",
    "function swapTokensForExactTokens(uint256 amountOut, uint256 amountInMax, address[] path, address to, uint256 deadline)",
    "function swapExactETHForTokens(uint256 amountOutMin, address[] path, address to, uint256 deadline) payable",
    "function swapTokensForExactETH(uint256 amountOut, uint256 amountInMax, address[] path, address to, uint256 deadline)",
    "function swapExactTokensForETH(uint256 amountIn, uint256 amountOutMin, address[] path, address to, uint256 deadline)",
    "function swapETHForExactTokens(uint256 amountOut, address[] path, address to, uint256 deadline) payable",
    "function swapExactETHForTokensSupportingFeeOnTransferTokens(uint256 amountOutMin, address[] path, address to, uint256 deadline) payable",
    "function swapExactTokensForETHSupportingFeeOnTransferTokens(uint256 amountIn, uint256 amountOutMin, address[] path, address to, uint256 deadline)",
    "function addLiquidity(address tokenA, address tokenB, uint256 amountADesired, uint256 amountBDesired, uint256 amountAMin, uint256 amountBMin, address to, uint256 deadline)",
    "function addLiquidityETH(address token, uint256 amountTokenDesired, uint256 amountTokenMin, uint256 amountETHMin, address to, uint256 deadline) payable",
    "function removeLiquidity(address tokenA, address tokenB, uint256 liquidity, uint256 amountAMin, uint256 amountBMin, address to, uint256 deadline)",
    "function swap(uint256 amount0Out, uint256 amount1Out, address to, bytes data)",
    // Uniswap V3 and the universal router; batches and wallets
    "function exactInputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160) params) payable",
    "function execute(bytes commands, bytes[] inputs, uint256 deadline) payable",
    "function execute(bytes commands, bytes[] inputs) payable",
    "function multicall(bytes[] data) payable",
    "function multicall(uint256 deadline, bytes[] data) payable",
    "function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures) payable",
    // Events
    "event Approval(address indexed owner, address indexed spender, uint256 value)",
    "event ApprovalForAll(address indexed owner, address indexed operator, bool approved)",
    "event Transfer(address indexed from, address indexed to, uint256 value)",
    "event TransferSingle(address indexed operator, address indexed from, address indexed to, uint256 id, uint256 value)",
    "event TransferBatch(address indexed operator, address indexed from, address indexed to, uint256[] ids, uint256[] values)",
    "event Deposit(address indexed dst, uint256 wad)",
    "event Withdrawal(address indexed src, uint256 wad)",
    "event Swap(address indexed sender, uint256 amount0In, uint256 amount1In, uint256 amount0Out, uint256 amount1Out, address indexed to)",
    "event Sync(uint112 reserve0, uint112 reserve1)",
    "event Mint(address indexed sender, uint256 amount0, uint256 amount1)",
    "event Burn(address indexed sender, uint256 amount0, uint256 amount1, address indexed to)",
    "event PairCreated(address indexed token0, address indexed token1, address pair, uint256)",
];

/// ERC-721's events have ERC-20's signatures with one more indexed parameter.
const WELL_KNOWN_INDEXED: &[&str] = &[
    "event Approval(address indexed owner, address indexed approved, uint256 indexed tokenId)",
    "event Transfer(address indexed from, address indexed to, uint256 indexed tokenId)",
];

fn well_known_indexed() -> &'static JsonAbi {
    static ABI: OnceLock<JsonAbi> = OnceLock::new();
    ABI.get_or_init(|| JsonAbi::parse(WELL_KNOWN_INDEXED.iter().copied()).unwrap_or_default())
}

/// A name for each location. `preimages` are the inputs of the block's hashes ([`crate::evm::clues`]); they
/// show which entry of a mapping a slot is.
pub fn location_names(
    names: &Names,
    locations: &[Location],
    preimages: &B256Map<Bytes>,
) -> Vec<LocationName> {
    let preimages = Preimages::new(preimages);
    locations.iter().map(|location| location_name(names, location, &preimages)).collect()
}

fn location_name(names: &Names, location: &Location, preimages: &Preimages) -> LocationName {
    let account = |what: &str, address: Address| LocationName {
        name: format!("{what}({})", names.display(address)),
        named: names.of(address).is_some(),
    };
    match *location {
        Location::Balance(address) => account("balance", address),
        Location::Nonce(address) => account("nonce", address),
        Location::Code(address) => account("code", address),
        Location::Existence(address) => account("existence", address),
        Location::Storage(address, slot) => {
            let contract = names.display(address);
            let layout = names.abi_of(address).and_then(|known| known.layout.as_ref());
            if let Some(variable) =
                layout.and_then(|layout| layout.name(slot, preimages, &|address| names.display(address)))
            {
                return LocationName { name: format!("{contract}.{variable}"), named: true };
            }
            LocationName { name: format!("{contract} {}", unnamed(slot, preimages, names)), named: false }
        }
    }
}

/// A slot of a contract whose layout is not known: `slot 3`, `slot 3[alice]`, `slot 0x8c1a…02f7`.
fn unnamed(slot: U256, preimages: &Preimages, names: &Names) -> String {
    if slot < U256::from(1u64 << 32) {
        return format!("slot {slot}");
    }
    match preimages.below(slot) {
        Some((input, more)) if more < U256::from(1u64 << 16) => {
            let plus = if more.is_zero() { String::new() } else { format!(" + {more}") };
            let (key, parent) = input.split_at(input.len() - 32);
            let parent = unnamed(U256::from_be_slice(parent), preimages, names);
            match key.len() {
                0 => format!("{parent}[{more}]"),
                32 => format!("{parent}[{}]{plus}", unnamed_key(key, names)),
                _ => format!("{parent}[{}]{plus}", text_key(key)),
            }
        }
        _ => format!("slot {}", short(&B256::from(slot).to_string())),
    }
}

/// A key of unknown type, shown as what it looks like: a small number, an address, or something else.
fn unnamed_key(key: &[u8], names: &Names) -> String {
    let number = U256::from_be_slice(key);
    match number.bit_len() {
        0..=64 => number.to_string(),
        65..=160 => names.display(Address::from_slice(&key[12..])),
        _ => short(&B256::from(number).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_well_known_signatures_can_be_parsed() {
        let abi = JsonAbi::parse(WELL_KNOWN.iter().copied()).expect("constants");
        assert_eq!(abi.functions().count() + abi.events().count(), WELL_KNOWN.len());
        assert_eq!(
            JsonAbi::parse(WELL_KNOWN_INDEXED.iter().copied()).expect("constants").events().count(),
            2
        );
        let names = Names::default();
        let function = names.function(None, &[0xa9, 0x05, 0x9c, 0xbb, 0]).expect("transfer");
        assert_eq!(function.signature(), "transfer(address,uint256)");
    }

    #[test]
    fn addresses_of_the_main_chain_have_right_checksums() {
        // With a wrong digit the checksum, and so the capital letters, would not be those in the source.
        let source = include_str!("mod.rs");
        for (address, name) in MAINNET {
            assert!(source.contains(&format!("address!(\"{address}\")")), "{name}");
        }
    }

    #[test]
    fn slots_of_unknown_contracts_are_named_by_their_preimages() {
        let contract = Address::repeat_byte(0x1f);
        let alice = Address::repeat_byte(0xaa);
        let mut names = Names::default();
        names.name(alice, "alice".into());
        let mut preimages = B256Map::default();
        let mut hash = |key: &[u8], slot: U256| {
            let mut input = key.to_vec();
            input.extend(B256::from(slot));
            let hash = alloy_primitives::keccak256(&input);
            preimages.insert(hash, Bytes::from(input));
            U256::from_be_bytes(hash.0)
        };
        let of_alice = hash(alice.into_word().as_slice(), U256::from(3));
        let nested = hash(B256::with_last_byte(7).as_slice(), of_alice);
        let list = hash(&[], U256::from(5));
        let slots =
            [U256::from(3), of_alice, of_alice + U256::from(1), nested, list + U256::from(4), U256::MAX];
        let locations = slots.map(|slot| Location::Storage(contract, slot));
        let found = location_names(&names, &locations, &preimages);
        let found: Vec<&str> = found.iter().map(|name| name.name.as_str()).collect();
        assert_eq!(
            found,
            [
                "0x1f1f…1f1f slot 3",
                "0x1f1f…1f1f slot 3[alice]",
                "0x1f1f…1f1f slot 3[alice] + 1",
                "0x1f1f…1f1f slot 3[alice][7]",
                "0x1f1f…1f1f slot 5[4]",
                "0x1f1f…1f1f slot 0xffff…ffff",
            ]
        );
        let named = location_names(&names, &[Location::Nonce(alice), Location::Code(contract)], &preimages);
        assert_eq!(named[0], LocationName { name: "nonce(alice)".into(), named: true });
        assert_eq!(named[1].name, "code(0x1f1f…1f1f)");
    }
}
