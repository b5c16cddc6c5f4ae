//! `x simulate`: one run on simulated lanes, to compare with the page's run for the same link.

use std::path::PathBuf;

use anyhow::Result;

#[derive(clap::Args)]
pub struct Arguments {
    /// A built-in scenario by name, or a file: a scenario or a block case, perhaps gzipped.
    #[arg(required_unless_present = "random", conflicts_with = "random")]
    block: Option<PathBuf>,
    /// A random block of the tests, by its seed.
    #[arg(long, value_name = "SEED")]
    random: Option<u64>,
    #[arg(long, default_value = "block-stm")]
    strategy: String,
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    lanes: u16,
    /// gas, opcodes or measured.
    #[arg(long, default_value = "gas")]
    cost: String,
    /// The seed of the lanes' disturbances; 0: none.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Every strategy on 1 to 256 lanes instead, and the time for that.
    #[arg(long, conflicts_with_all = ["random", "json"])]
    curve: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// `x simulate`
///
/// # Errors
/// If there is no such block, strategy or cost model, or the result differs from sequential execution.
#[cfg(feature = "engine")]
pub fn run(arguments: &Arguments) -> Result<()> {
    use anyhow::Context;
    use evm_lanes_core::{
        model::{Cost, CostModel},
        strategies::StrategyId,
    };

    let strategies = StrategyId::ALL.map(StrategyId::name).join(", ");
    let strategy = StrategyId::from_name(&arguments.strategy)
        .with_context(|| format!("--strategy is one of {strategies}"))?;
    let cost = Cost::from_name(&arguments.cost).context("--cost is gas, opcodes or measured")?;
    let model = CostModel { cost, seed: arguments.seed };
    if arguments.curve {
        return engine::curve(&arguments.block.clone().unwrap_or_default(), model);
    }
    let found = match arguments.random {
        Some(seed) => engine::random(seed, strategy, arguments.lanes, model)?,
        None => {
            let block = arguments.block.clone().unwrap_or_default();
            engine::document(&block, strategy, arguments.lanes, model)?
        }
    };
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        let engine::Found { title, transactions, lanes, .. } = &found;
        println!("{title}: {transactions} transactions, {} on {lanes}", strategy.name());
        println!("  duration    {} {}", found.duration.0, cost.unit());
        println!("  sequential  {} {}", found.sequential.0, cost.unit());
        println!("  speed-up    {:.3}", found.speedup);
        println!("  failed attempts  {}", found.aborted);
        println!("  trace       {}", found.trace_hash);
        println!("  link        ?{}", found.link);
    }
    found
        .difference
        .map_or(Ok(()), |difference| Err(anyhow::anyhow!("not equal to sequential: {difference}")))
}

/// Starts this program again with the engine compiled in.
///
/// # Errors
/// As the other `run`.
#[cfg(not(feature = "engine"))]
pub fn run(_: &Arguments) -> Result<()> {
    crate::again::with_engine("dev")
}

#[cfg(feature = "engine")]
pub(crate) mod engine {
    use std::{fs, io::Read, path::Path};

    use alloy_primitives::keccak256;
    use anyhow::{Context, Result, bail};
    use evm_lanes_core::{
        analysis,
        cancel::CancelFlag,
        drive::{self, LoadedBlock, Simulation},
        engine::Engine,
        evm,
        messages::{Answer, Ask, Input, Reply, Request},
        model::{Cost, CostModel},
        scenario::builtin,
        strategies::StrategyId,
        trace::Clock,
        units::Ticks,
        verify,
    };
    use serde::Serialize;

    use crate::{generator::Generator, workspace};

    /// The figures of a run.
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    pub(super) struct Found {
        pub(super) title: String,
        pub(super) transactions: usize,
        strategy: &'static str,
        pub(super) lanes: u16,
        cost: &'static str,
        seed: u64,
        pub(super) duration: Ticks,
        pub(super) sequential: Ticks,
        pub(super) speedup: f64,
        /// Attempts that did not commit.
        pub(super) aborted: usize,
        pub(super) trace_hash: String,
        /// The part of a link that says how to run it.
        pub(super) link: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub(super) difference: Option<String>,
    }

    fn link(strategy: StrategyId, lanes: u16, model: CostModel) -> String {
        let (strategy, cost, seed) = (strategy.name(), model.cost.name(), model.seed);
        format!("strategy={strategy}&lanes={lanes}&clock=simulated&cost={cost}&seed={seed}")
    }

    /// An engine, and the input for a path: a built-in scenario or a file. Also the built-in scenario's name.
    pub(crate) fn open(path: &Path) -> Result<(Engine, Input, Option<&'static str>)> {
        let named = path.to_str().and_then(builtin::find);
        let text = match &named {
            Some(builtin) => builtin.text.to_owned(),
            None => {
                let bytes = fs::read(path).with_context(|| {
                    format!("{} is neither a built-in scenario nor a file", path.display())
                })?;
                let mut text = String::new();
                if bytes.starts_with(&[0x1f, 0x8b]) {
                    flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text)?;
                } else {
                    text = String::from_utf8(bytes)?;
                }
                text
            }
        };
        let (engine, input) = open_text(text)?;
        Ok((engine, input, named.map(|builtin| builtin.name)))
    }

    /// An engine, and the input for a scenario or a block case.
    pub(crate) fn open_text(text: String) -> Result<(Engine, Input)> {
        // A block case has its format at the beginning.
        let start = String::from_utf8_lossy(&text.as_bytes()[..200.min(text.len())]);
        let is_case = start.contains("evm-block-case/");
        let mut engine = Engine::new(None);
        let read = |name: &str| {
            let path = workspace::products().join("catalogue").join(name);
            fs::read_to_string(&path)
                .with_context(|| format!("{} is missing; `cargo xtask catalogue` makes it", path.display()))
        };
        engine.load_catalogue(&[&read("mit.json")?, &read("gpl.json")?])?;
        Ok((engine, if is_case { Input::Case(text) } else { Input::Scenario(text) }))
    }

    /// The closing reply to a request.
    pub(crate) fn ask(engine: &mut Engine, request: Request) -> Result<Reply> {
        let mut closing = None;
        engine.handle(request, &CancelFlag::new(), &mut |reply| closing = Some(reply));
        match closing {
            Some(Reply { body: Answer::Failed { problems }, .. }) => {
                bail!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
            }
            Some(reply) => Ok(reply),
            None => bail!("the engine did not answer"),
        }
    }

    /// Every strategy on 1 to 256 lanes.
    pub(super) fn curve(path: &Path, model: CostModel) -> Result<()> {
        let (mut engine, input, _) = open(path)?;
        let lanes: Vec<u16> = (0..=8).map(|power| 1 << power).collect();
        let strategies = StrategyId::ALL.to_vec();
        // What it takes to get the block ready is no part of it.
        let (strategy, clock) = (StrategyId::SEQUENTIAL.into(), Clock::Simulated);
        ask(
            &mut engine,
            Request { id: 1, body: Ask::Run { input, strategy, lanes: 1, clock, model, list: None } },
        )?;
        let began = std::time::Instant::now();
        let request = Request {
            id: 2,
            body: Ask::Curve { input: Input::Same, strategies, lanes: lanes.clone(), model, list: None },
        };
        let Reply { body: Answer::Curve { curve }, .. } = ask(&mut engine, request)? else {
            bail!("no curve")
        };
        let took = began.elapsed();
        let line = |name: &str, values: &mut dyn Iterator<Item = f64>| {
            println!("{name:<20}{}", values.map(|value| format!("{value:>9.2}")).collect::<String>());
        };
        line("lanes", &mut lanes.iter().map(|lanes| f64::from(*lanes)));
        for points in curve.points.chunks(lanes.len()) {
            let name = points.first().map_or("", |point| point.strategy.name());
            line(name, &mut points.iter().map(|p| curve.sequential.as_f64() / p.duration.as_f64().max(1.0)));
        }
        line("limit: work", &mut curve.limits.iter().map(|limits| limits.work));
        line("limit: longest path", &mut curve.limits.iter().map(|limits| limits.path));
        println!("{} points in {:.2} s", curve.points.len(), took.as_secs_f64());
        Ok(())
    }

    pub(super) fn document(path: &Path, strategy: StrategyId, lanes: u16, model: CostModel) -> Result<Found> {
        let (mut engine, input, named) = open(path)?;
        let (asked, clock) = (strategy.into(), Clock::Simulated);
        let request =
            Request { id: 1, body: Ask::Run { input, strategy: asked, lanes, clock, model, list: None } };
        match ask(&mut engine, request)? {
            Reply { body: Answer::Ran { report }, .. } => {
                let scenario = named.map(|name| format!("s={name}&")).unwrap_or_default();
                let (duration, sequential) = (report.timing.parallel_median, report.timing.sequential_median);
                Ok(Found {
                    title: report.title,
                    transactions: report.transactions.len(),
                    strategy: strategy.name(),
                    lanes: report.lanes,
                    cost: model.cost.name(),
                    seed: model.seed,
                    duration,
                    sequential,
                    speedup: sequential.as_f64() / duration.as_f64().max(1.0),
                    aborted: report.analysis.aborts as usize,
                    trace_hash: report.trace_hash,
                    link: scenario + &link(strategy, lanes, model),
                    difference: report.verdict.difference,
                })
            }
            other => bail!("the engine answered {other:?}"),
        }
    }

    /// The run of a random block, for which there is no document.
    pub(super) fn random(block: u64, strategy: StrategyId, lanes: u16, model: CostModel) -> Result<Found> {
        if model.cost == Cost::Measured {
            bail!("--random has no measured times");
        }
        let title = format!("random block {block}");
        let block = Generator::new(block).block();
        let loaded = LoadedBlock::new(&block);
        let around =
            Simulation { model, measured: &[], cancel: &CancelFlag::new(), progress: &|_| {}, record: true };
        let mut sequential = drive::simulate(&loaded, StrategyId::SEQUENTIAL, 1, &around)?;
        let mut run = drive::simulate(&loaded, strategy, lanes, &around)?;
        let (receipts, state) = evm::execute_block(&block);
        let difference = verify::difference((&run.receipts, &run.post_state), (&receipts, &state));
        analysis::align_locations(&mut run.trace, &mut sequential.trace);
        let (duration, whole) = (run.trace.duration, sequential.trace.duration);
        Ok(Found {
            title,
            transactions: run.receipts.len(),
            strategy: strategy.name(),
            lanes: run.trace.lanes,
            cost: model.cost.name(),
            seed: model.seed,
            duration,
            sequential: whole,
            speedup: whole.as_f64() / duration.as_f64().max(1.0),
            aborted: run.trace.attempts.len().saturating_sub(run.receipts.len()),
            trace_hash: keccak256(run.trace.pack()).to_string(),
            link: link(strategy, lanes, model),
            difference: difference.map(|difference| difference.to_string()),
        })
    }
}
