//! The engine's interface to the page: a [`Request`] in, [`Reply`]s out.
//!
//! ```text
//! input ─ ready ─▶ Ready ─ measure or simulate ─▶ Measured ─ report ─▶ Report
//! ```
//! The engine knows no worker and no message channel; `wasm.rs` connects it to them.

mod curve;
mod list;
mod measure;
mod ready;
mod reduce;
mod report;
mod rounds;
mod simulated;
mod tx_detail;

use crate::analysis::Chosen;
use crate::cancel::CancelFlag;
use crate::catalogue::{Catalogue, CatalogueError};
use crate::drive::{Stopped, Threads};
use crate::messages::{Answer, Ask, EngineInfo, Input, Phase, Reply, Request};
use crate::model::CostModel;
use crate::problem::Problem;
use crate::scenario::{MAX_LANES, StrategyChoice};
use crate::strategies::StrategyId;
use crate::trace::Clock;
use crate::units::TxIndex;

use ready::Ready;
use report::LastRun;

/// The engine that a page talks to.
#[derive(Default)]
pub struct Engine {
    lanes: Lanes,
    catalogue: Catalogue,
    /// The block of the latest request, for [`Input::Same`].
    ready: Option<Ready>,
    /// The latest complete run, for [`Request::Inspect`].
    last_run: Option<LastRun>,
    /// How long warm-up rounds of this engine have run so far, in nanoseconds.
    warmed: u64,
}

/// Where lanes come from.
#[derive(Default)]
enum Lanes {
    /// One lane: the caller's own thread.
    #[default]
    Own,
    /// The global pool, already started: web workers.
    #[cfg(target_arch = "wasm32")]
    Global(u16),
    /// A pool of our own.
    #[cfg(not(target_arch = "wasm32"))]
    Pool(rayon::ThreadPool),
}

/// How a block should be run.
#[derive(Clone, Copy)]
struct RunPlan {
    strategy: StrategyChoice,
    /// The number of lanes; sequential runs have one.
    lanes: u16,
    clock: Clock,
    model: CostModel,
}

impl RunPlan {
    /// The strategy, the number of lanes, and for an automatic choice its figures, which `weigh` computes from an
    /// earlier sequential run.
    fn resolve<E>(
        self,
        weigh: impl FnOnce(u16) -> Result<Chosen, E>,
    ) -> Result<(StrategyId, u16, Option<Chosen>), E> {
        let (strategy, chosen) = match self.strategy {
            StrategyChoice::Always(strategy) => (strategy, None),
            StrategyChoice::Automatic => {
                let chosen = weigh(self.lanes)?;
                (chosen.strategy, Some(chosen))
            }
        };
        let lanes = if strategy.is_sequential() { 1 } else { self.lanes };
        Ok((strategy, lanes, chosen))
    }
}

/// Why a request was not met.
enum RequestError {
    Problems(Vec<Problem>),
    Cancelled,
}

impl From<Vec<Problem>> for RequestError {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Problems(problems)
    }
}

impl From<Stopped> for RequestError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Cancelled => Self::Cancelled,
            Stopped::TooManyRecords => Self::Problems(vec![Problem::new(
                "",
                format!("a run of at most {} records to show", crate::trace::MOST_RECORDS),
                stopped.to_string(),
            )]),
            other => Self::Problems(vec![Problem::new("", "a run that ends", other.to_string())]),
        }
    }
}

impl Engine {
    /// An engine with `threads` lanes on threads of their own, or (`None`) with one lane, which is the
    /// caller's thread. In the browser rayon's global pool must have been started with that
    /// number; natively the engine starts a pool, and falls back to one lane if it cannot.
    pub fn new(threads: Option<u16>) -> Self {
        #[cfg(target_arch = "wasm32")]
        let lanes = threads.map_or(Lanes::Own, Lanes::Global);
        #[cfg(not(target_arch = "wasm32"))]
        let lanes = threads
            .and_then(|n| rayon::ThreadPoolBuilder::new().num_threads(n.into()).build().ok())
            .map_or(Lanes::Own, Lanes::Pool);
        Self { lanes, ..Self::default() }
    }

    /// Loads the catalogue's files.
    ///
    /// # Errors
    /// If a text is not a catalogue file.
    pub fn load_catalogue(&mut self, files: &[&str]) -> Result<(), CatalogueError> {
        self.catalogue = Catalogue::from_json(files)?;
        Ok(())
    }

    /// What this engine can do.
    pub fn info(&self) -> EngineInfo {
        let max_lanes = match &self.lanes {
            Lanes::Own => 1,
            #[cfg(target_arch = "wasm32")]
            Lanes::Global(threads) => *threads,
            #[cfg(not(target_arch = "wasm32"))]
            Lanes::Pool(pool) => pool.current_num_threads() as u16,
        };
        EngineInfo { threads: !matches!(self.lanes, Lanes::Own), max_lanes }
    }

    fn most_lanes(&self, clock: Clock) -> u16 {
        match clock {
            Clock::Measured => self.info().max_lanes,
            Clock::Simulated => MAX_LANES,
        }
    }

    fn threads(&self) -> Threads<'_> {
        match &self.lanes {
            Lanes::Own => Threads::Own,
            #[cfg(target_arch = "wasm32")]
            Lanes::Global(_) => Threads::Global,
            #[cfg(not(target_arch = "wasm32"))]
            Lanes::Pool(pool) => Threads::Pool(pool),
        }
    }

    /// Answers a request. `reply` is called for each step of progress, and last with the closing reply.
    ///
    /// The sender of the request clears `cancel` before it sends. If the engine cleared it here, a cancel that arrives
    /// before this call would be lost.
    pub fn handle(&mut self, request: Request, cancel: &CancelFlag, reply: &mut dyn FnMut(Reply)) {
        let Request { id, body } = request;
        let mut progress =
            |phase, done, total| reply(Reply { id, body: Answer::Progress { phase, done, total } });
        let body = self.answer(id, body, cancel, &mut progress).unwrap_or_else(|unmet| match unmet {
            RequestError::Problems(problems) => Answer::Failed { problems },
            RequestError::Cancelled => Answer::Cancelled,
        });
        reply(Reply { id, body });
    }

    fn answer(
        &mut self,
        id: u32,
        ask: Ask,
        cancel: &CancelFlag,
        progress: &mut dyn FnMut(Phase, u32, u32),
    ) -> Result<Answer, RequestError> {
        match ask {
            Ask::Run { input, strategy, lanes, clock, model, list } => {
                let plan = RunPlan { strategy, lanes, clock, model };
                self.run(id, input, plan, list.as_deref(), cancel, progress)
            }
            Ask::Curve { input, strategies, lanes, model, list } => {
                self.with_block(input, cancel, progress, |this, ready, progress| {
                    ready.use_list(list.as_deref()).map_err(|problem| vec![problem])?;
                    let (curve, warming) =
                        curve::curve(ready, &strategies, &lanes, model, this.warmed, cancel, progress)?;
                    this.warmed = this.warmed.saturating_add(warming);
                    Ok(Answer::Curve { curve: Box::new(curve) })
                })
            }
            Ask::AccessList { input, list } => {
                self.with_block(input, cancel, progress, |_, ready, progress| {
                    ready.use_list(list.as_deref()).map_err(|problem| vec![problem])?;
                    progress(Phase::Analysing, 0, 0);
                    Ok(Answer::AccessList { list: Box::new(list::list(ready, cancel)?) })
                })
            }
            Ask::ExportList { input, form } => self.with_block(input, cancel, progress, |_, ready, _| {
                Ok(Answer::Exported { bytes: list::export(ready, form, cancel)? })
            }),
            Ask::Reduce { scenario, strategy, lanes, clock, model, list } => {
                let plan = RunPlan { strategy, lanes: lanes.clamp(1, self.most_lanes(clock)), clock, model };
                let (catalogue, threads) = (&self.catalogue, self.threads());
                let scenario =
                    reduce::reduce(&scenario, catalogue, plan, list.as_deref(), threads, cancel, progress)?;
                Ok(Answer::Reduced { scenario })
            }
            Ask::Inspect { run, tx } => self.inspect(run, tx),
        }
    }

    fn run(
        &mut self,
        id: u32,
        input: Input,
        plan: RunPlan,
        list: Option<&[u8]>,
        cancel: &CancelFlag,
        progress: &mut dyn FnMut(Phase, u32, u32),
    ) -> Result<Answer, RequestError> {
        let RunPlan { strategy, lanes, clock, model } = plan;
        self.with_block(input, cancel, progress, |this, ready, progress| {
            if strategy.reads_block_access_list() {
                ready.use_list(list).map_err(|problem| vec![problem])?;
            }
            let info = this.info();
            let plan = RunPlan { lanes: lanes.clamp(1, this.most_lanes(clock)), ..plan };
            let threads = this.threads();
            let measured = match clock {
                Clock::Measured => measure::measure(ready, plan, threads, this.warmed, cancel, progress)?,
                Clock::Simulated => simulated::simulate(ready, plan, this.warmed, cancel, progress)?,
            };
            this.warmed = this.warmed.saturating_add(measured.warming);
            let (report, last_run) = report::report(ready, id, info, model, measured, progress)?;
            this.last_run = Some(last_run);
            Ok(Answer::Ran { report: Box::new(report) })
        })
    }

    /// Runs `act` on the block of `input`, and keeps the block for [`Input::Same`], also if `act` fails.
    fn with_block(
        &mut self,
        input: Input,
        cancel: &CancelFlag,
        progress: &mut dyn FnMut(Phase, u32, u32),
        act: impl FnOnce(&mut Self, &mut Ready, &mut dyn FnMut(Phase, u32, u32)) -> Result<Answer, RequestError>,
    ) -> Result<Answer, RequestError> {
        progress(Phase::Preparing, 0, 0);
        let mut ready = match input {
            Input::Scenario(text) => {
                self.ready = None;
                Ready::scenario(&text, &self.catalogue, cancel)?
            }
            Input::Case(text) => {
                self.ready = None;
                Ready::case(&text, &self.catalogue, cancel)?
            }
            Input::Same => self.ready.take().ok_or_else(|| {
                vec![Problem::new("", "a scenario", "nothing: this engine has not run anything yet")]
            })?,
        };
        let result = act(self, &mut ready, progress);
        self.ready = Some(ready);
        result
    }

    fn inspect(&self, run: u32, tx: TxIndex) -> Result<Answer, RequestError> {
        let last_run = self.last_run.as_ref().filter(|last_run| last_run.run == run);
        let detail = last_run
            .and_then(|last_run| tx_detail::detail(last_run, tx))
            .ok_or_else(|| vec![Problem::new("tx", "a transaction of the latest run", tx.to_string())])?;
        Ok(Answer::Detail { detail: Box::new(detail) })
    }
}
