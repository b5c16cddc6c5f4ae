//! `x import`: what files are taken for, what they lack, and the scenario that they make.

use std::path::PathBuf;

use anyhow::Result;

#[derive(clap::Args)]
pub struct Arguments {
    /// Files and folders, read together: artefacts, ABIs, bytecode, batches, broadcasts, states, tables, …
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Print everything that was read as JSON.
    #[arg(long)]
    json: bool,
    /// Write the scenario into this file; `-` prints it.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Run the scenario in parallel and compare it with sequential execution.
    #[arg(long)]
    run: bool,
    /// Deploy this contract, by name or file.sol:Name. Several times for several.
    #[arg(long, value_name = "NAME")]
    contract: Vec<String>,
    /// Constructor arguments as a JSON list: --arguments 'Lock=[1900000000]'.
    #[arg(long, value_name = "NAME=JSON")]
    arguments: Vec<String>,
    /// The address of a library: --library Lib=0x….
    #[arg(long, value_name = "NAME=ADDRESS")]
    library: Vec<String>,
    /// Where there are no transactions: how many accounts call each function that changes state.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(0..=1000))]
    calls: u32,
    /// How many accounts send the transactions whose sender no file says.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    senders: u32,
    /// Create contracts within the block, as the files have it, and not before it.
    #[arg(long)]
    in_block: bool,
    /// Decimals of a table's amounts: 18 for ether, 0 for wei.
    #[arg(long)]
    decimals: Option<u32>,
    /// What separates decimals in a table: a point or a comma.
    #[arg(long, value_name = "MARK")]
    decimal_mark: Option<char>,
    /// What separates a table's columns.
    #[arg(long, value_name = "CHARACTER")]
    delimiter: Option<char>,
    /// A table's column, by name or number from 1: --column to=2. Roles: from, to, amount, token.
    #[arg(long, value_name = "ROLE=COLUMN")]
    column: Vec<String>,
}

/// `x import`
///
/// # Errors
/// If a file cannot be read, an option is wrong, or no scenario can be made.
#[cfg(feature = "engine")]
pub fn run(arguments: &Arguments) -> Result<()> {
    engine::run(arguments)
}

/// Starts this program again with what reads the files compiled in.
///
/// # Errors
/// As the other `run`.
#[cfg(not(feature = "engine"))]
pub fn run(_: &Arguments) -> Result<()> {
    crate::again::with_engine("dev")
}

#[cfg(feature = "engine")]
mod engine {
    use std::fs;
    use std::path::Path;

    use anyhow::{Context, Result, bail};
    use evm_lanes_core::{
        engine::Engine,
        messages::{Answer, Ask, Input, Request},
        model::{Cost, CostModel},
        prepare::{Transaction, raw},
        strategies::StrategyId,
        trace::Clock,
    };
    use import::{
        Choices, Column, Fees, File, Format, Import, Role, SignedDelegation, SignedFields, TableChoices,
        Written,
    };

    use super::Arguments;
    use crate::{simulate::engine as simulate, workspace};

    pub(super) fn run(arguments: &Arguments) -> Result<()> {
        let mut files = Vec::new();
        for path in &arguments.paths {
            collect(path, path, &mut files)?;
        }
        let mut import = import::read(&files, &table_choices(arguments)?);
        import::resolve_signed(&mut import, &|bytes| {
            raw::decode(bytes).map(fields).map_err(|error| error.to_string())
        });
        let written = import::scenario(&import, &choices(arguments)?);
        if arguments.json {
            println!("{}", serde_json::to_string_pretty(&import)?);
        } else {
            print(&import, written.as_ref().ok());
        }
        let written = written.map_err(|problems| {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            anyhow::anyhow!("no scenario: {}", problems.join("; "))
        })?;
        match &arguments.scenario {
            Some(path) if path.as_os_str() == "-" => print!("{}", written.text),
            Some(path) => {
                fs::write(path, &written.text).with_context(|| path.display().to_string())?;
                eprintln!("the scenario is in {}", path.display());
            }
            None => {}
        }
        if arguments.run {
            check(&written.text)?;
        }
        Ok(())
    }

    /// A file, or all files below a folder; their names are their paths below what was given.
    fn collect(root: &Path, path: &Path, files: &mut Vec<File>) -> Result<()> {
        let name = match path.strip_prefix(root) {
            Ok(below) if !below.as_os_str().is_empty() => below.display().to_string(),
            _ => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        };
        if !path.is_dir() {
            let bytes = fs::read(path).with_context(|| path.display().to_string())?;
            files.push(File { name, bytes });
            return Ok(());
        }
        let mut below: Vec<_> = fs::read_dir(path)
            .with_context(|| path.display().to_string())?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        below.sort();
        below.iter().try_for_each(|path| collect(root, path, files))
    }

    fn table_choices(arguments: &Arguments) -> Result<TableChoices> {
        let mut columns = Vec::new();
        for column in &arguments.column {
            let (role, column) = parts(column, "--column")?;
            let role = match role {
                "from" => Role::From,
                "to" => Role::To,
                "amount" => Role::Amount,
                "token" => Role::Token,
                _ => bail!("--column is from=…, to=…, amount=… or token=…"),
            };
            let number = column.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            columns.push((role, number.map_or_else(|| Column::Name(column.to_owned()), Column::Number)));
        }
        if arguments.decimal_mark.is_some_and(|mark| !matches!(mark, ',' | '.')) {
            bail!("--decimal-mark is . or ,");
        }
        Ok(TableChoices {
            delimiter: arguments.delimiter,
            header: None,
            columns,
            decimals: arguments.decimals,
            decimal_mark: arguments.decimal_mark,
        })
    }

    fn choices(arguments: &Arguments) -> Result<Choices> {
        let mut choices = Choices {
            contracts: arguments.contract.clone(),
            calls: arguments.calls,
            senders: arguments.senders,
            in_block: arguments.in_block,
            ..Choices::default()
        };
        for given in &arguments.arguments {
            let (name, list) = parts(given, "--arguments")?;
            choices.arguments.insert(name.to_owned(), list.to_owned());
        }
        for given in &arguments.library {
            let (name, address) = parts(given, "--library")?;
            let address = address.parse().with_context(|| format!("the address of {name}"))?;
            choices.libraries.insert(name.to_owned(), address);
        }
        Ok(choices)
    }

    fn parts<'a>(given: &'a str, option: &str) -> Result<(&'a str, &'a str)> {
        given.split_once('=').with_context(|| format!("{option} is NAME=VALUE, found {given}"))
    }

    /// The fields of a signed transaction as an import has them.
    fn fields(tx: Transaction) -> SignedFields {
        use alloy_primitives::U256;
        let is_later = tx.kind >= 2;
        let max_fee = U256::from(tx.max_fee_per_gas);
        SignedFields {
            from: tx.from,
            to: tx.to,
            input: tx.input,
            value: tx.value,
            gas: tx.gas_limit,
            nonce: tx.nonce,
            fees: Fees {
                gas_price: (!is_later).then_some(max_fee),
                max_fee: is_later.then_some(max_fee),
                max_priority_fee: tx.max_priority_fee_per_gas.map(U256::from).filter(|_| is_later),
            },
            access_list: tx.access_list,
            authorizations: tx
                .authorizations
                .into_iter()
                .map(|item| SignedDelegation {
                    chain_id: item.chain_id.saturating_to(),
                    address: item.address,
                    nonce: item.nonce,
                    y_parity: item.y_parity,
                    r: item.r,
                    s: item.s,
                })
                .collect(),
            chain_id: tx.chain_id,
            has_blobs: !tx.blob_hashes.is_empty(),
        }
    }

    fn print(import: &Import, written: Option<&Written>) {
        const MOST: usize = 40;
        let more = |count: usize| {
            if count > MOST {
                println!("  … and {} more", count - MOST);
            }
        };
        println!("files");
        for file in import.files.iter().take(MOST) {
            let format = file.format.map_or("nothing to import", Format::name);
            println!("  {}: {format} ({})", file.file, file.because);
        }
        more(import.files.len());
        if !import.contracts.is_empty() {
            println!("contracts");
        }
        for contract in import.contracts.iter().take(MOST) {
            let length = |code: &Option<import::Code>| {
                code.as_ref().map_or("none".to_owned(), |code| format!("{} bytes", code.bytes.len()))
            };
            let abi = contract.abi.as_ref().map_or("none".to_owned(), |abi| format!("{} items", abi.len()));
            let layout = if contract.storage_layout.is_some() { "with" } else { "without" };
            println!(
                "  {}: creation code {}, runtime code {}, ABI {abi}, {layout} layout",
                contract.qualified_name(),
                length(&contract.creation),
                length(&contract.runtime),
            );
            if let Some(hash) = contract.code_hash() {
                println!("    code hash {hash}");
            }
        }
        more(import.contracts.len());
        let (transactions, accounts) = (import.transactions.len(), import.accounts.len());
        println!("transactions {transactions}, accounts {accounts}");
        for (title, lines) in [
            ("lacking", import.lacking.iter().map(ToString::to_string).collect::<Vec<_>>()),
            ("notes", import.notes.iter().map(|note| format!("{}: {}", note.file, note.text)).collect()),
            ("problems", import.problems.iter().map(ToString::to_string).collect()),
        ] {
            if !lines.is_empty() {
                println!("{title}");
                lines.iter().take(MOST).for_each(|line| println!("  {line}"));
                more(lines.len());
            }
        }
        if let Some(written) = written {
            println!("scenario");
            if let Ok(scenario) = evm_lanes_core::scenario::parse(&written.text) {
                println!(
                    "  {}: {} contracts, {} accounts, {} transactions",
                    scenario.title,
                    scenario.contracts.0.len(),
                    scenario.accounts.0.len(),
                    scenario.transaction_count()
                );
            }
            written.notes.iter().for_each(|note| println!("  {}", note.text));
        }
    }

    /// Runs the scenario by Block-STM on four simulated lanes; the engine compares with sequential execution.
    fn check(text: &str) -> Result<()> {
        let read = |name: &str| {
            let path = workspace::products().join("catalogue").join(name);
            fs::read_to_string(&path)
                .with_context(|| format!("{} is missing; `cargo xtask catalogue` makes it", path.display()))
        };
        let mut engine = Engine::new(None);
        engine.load_catalogue(&[&read("mit.json")?, &read("gpl.json")?])?;
        let body = Ask::Run {
            input: Input::Scenario(text.to_owned()),
            strategy: StrategyId::BLOCK_STM.into(),
            lanes: 4,
            clock: Clock::Simulated,
            model: CostModel { cost: Cost::Gas, seed: 0 },
            list: None,
        };
        let Answer::Ran { report } = simulate::ask(&mut engine, Request { id: 1, body })?.body else {
            bail!("the engine did not run it")
        };
        if let Some(difference) = report.verdict.difference {
            bail!("not equal to sequential: {difference}");
        }
        let (parallel, sequential) = (report.timing.parallel_median, report.timing.sequential_median);
        println!(
            "run by {} on 4 simulated lanes: {} transactions, {:.2} times as fast, equal to sequential",
            StrategyId::BLOCK_STM.name(),
            report.transactions.len(),
            sequential.as_f64() / parallel.as_f64().max(1.0)
        );
        Ok(())
    }
}
