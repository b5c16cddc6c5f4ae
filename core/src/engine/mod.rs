//! The verbs offered to the page: a [`Request`] in, [`Reply`]s out.
//!
//! ```text
//! input ─ ready ─▶ Ready ─ measure or simulate ─▶ Measured ─ report ─▶ Report
//! ```
//! The engine knows no worker and no message channel; `wasm.rs` is its edge.

mod curve;
mod list;
mod measure;
mod ready;
mod reduce;
mod report;
mod rounds;
mod simulated;
mod story;

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

use ready::Ready;
use report::Shown;

/// One engine: what the page talks to.
#[derive(Default)]
pub struct Engine {
    lanes: Lanes,
    catalogue: Catalogue,
    /// What the latest request had prepared, for [`Input::Same`].
    ready: Option<Ready>,
    /// The latest complete run, for [`Request::Inspect`].
    shown: Option<Shown>,
    /// How long rounds have warmed this engine up so far, in nanoseconds.
    warmed: u64,
}

/// Where lanes come from.
#[derive(Default)]
enum Lanes {
    /// There is one, the caller's own thread.
    #[default]
    Own,
    /// The global pool, already started: web workers.
    #[cfg(target_arch = "wasm32")]
    Global(u16),
    /// A pool of our own.
    #[cfg(not(target_arch = "wasm32"))]
    Pool(rayon::ThreadPool),
}

/// How a block is to be run.
#[derive(Clone, Copy)]
struct How {
    strategy: StrategyChoice,
    /// As many as there may be; sequential runs have one.
    lanes: u16,
    clock: Clock,
    model: CostModel,
}

impl How {
    /// The strategy, on how many lanes, and what it was chosen by if it is to be chosen: `weigh` tells, from an
    /// earlier sequential run.
    fn settle<E>(
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
enum Unmet {
    Problems(Vec<Problem>),
    Cancelled,
}

impl From<Vec<Problem>> for Unmet {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Problems(problems)
    }
}

impl From<Stopped> for Unmet {
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

    /// Takes the catalogue's files.
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

    /// Meets a request. `cancel` must be clear beforehand: whoever sends the request clears it, so that
    /// a cancel that arrives before the engine looks is not lost. `reply` is called for each step of progress, and with the closing reply last.
    pub fn handle(&mut self, request: Request, cancel: &CancelFlag, reply: &mut dyn FnMut(Reply)) {
        let Request { id, body } = request;
        let mut progress =
            |phase, done, total| reply(Reply { id, body: Answer::Progress { phase, done, total } });
        let body = self.answer(id, body, cancel, &mut progress).unwrap_or_else(|unmet| match unmet {
            Unmet::Problems(problems) => Answer::Failed { problems },
            Unmet::Cancelled => Answer::Cancelled,
        });
        reply(Reply { id, body });
    }

    fn answer(
        &mut self,
        id: u32,
        ask: Ask,
        cancel: &CancelFlag,
        progress: &mut dyn FnMut(Phase, u32, u32),
    ) -> Result<Answer, Unmet> {
        match ask {
            Ask::Run { input, strategy, lanes, clock, model, list } => {
                let how = How { strategy, lanes, clock, model };
                self.run(id, input, how, list.as_deref(), cancel, progress)
            }
            Ask::Curve { input, strategies, lanes, model, list } => {
                self.with(input, cancel, progress, |this, ready, progress| {
                    ready.give(list.as_deref()).map_err(|problem| vec![problem])?;
                    let (curve, warming) =
                        curve::curve(ready, &strategies, &lanes, model, this.warmed, cancel, progress)?;
                    this.warmed = this.warmed.saturating_add(warming);
                    Ok(Answer::Curve { curve: Box::new(curve) })
                })
            }
            Ask::AccessList { input, list } => self.with(input, cancel, progress, |_, ready, progress| {
                ready.give(list.as_deref()).map_err(|problem| vec![problem])?;
                progress(Phase::Analysing, 0, 0);
                Ok(Answer::AccessList { list: Box::new(list::list(ready, cancel)?) })
            }),
            Ask::ExportList { input, form } => self.with(input, cancel, progress, |_, ready, _| {
                Ok(Answer::Exported { bytes: list::export(ready, form, cancel)? })
            }),
            Ask::Reduce { scenario, strategy, lanes, clock, model, list } => {
                let how = How { strategy, lanes: lanes.clamp(1, self.most_lanes(clock)), clock, model };
                let (catalogue, threads) = (&self.catalogue, self.threads());
                let scenario =
                    reduce::reduce(&scenario, catalogue, how, list.as_deref(), threads, cancel, progress)?;
                Ok(Answer::Reduced { scenario })
            }
            Ask::Inspect { run, tx } => self.inspect(run, tx),
        }
    }

    fn run(
        &mut self,
        id: u32,
        input: Input,
        how: How,
        list: Option<&[u8]>,
        cancel: &CancelFlag,
        progress: &mut dyn FnMut(Phase, u32, u32),
    ) -> Result<Answer, Unmet> {
        let How { strategy, lanes, clock, model } = how;
        self.with(input, cancel, progress, |this, ready, progress| {
            if strategy.reads_block_access_list() {
                ready.give(list).map_err(|problem| vec![problem])?;
            }
            let info = this.info();
            let how = How { lanes: lanes.clamp(1, this.most_lanes(clock)), ..how };
            let threads = this.threads();
            let measured = match clock {
                Clock::Measured => measure::measure(ready, how, threads, this.warmed, cancel, progress)?,
                Clock::Simulated => simulated::simulate(ready, how, this.warmed, cancel, progress)?,
            };
            this.warmed = this.warmed.saturating_add(measured.warming);
            let (report, shown) = report::report(ready, id, info, model, measured, progress)?;
            this.shown = Some(shown);
            Ok(Answer::Ran { report: Box::new(report) })
        })
    }

    /// Does something with what `input` stands for, which stays for [`Input::Same`] whatever comes of it.
    fn with(
        &mut self,
        input: Input,
        cancel: &CancelFlag,
        progress: &mut dyn FnMut(Phase, u32, u32),
        act: impl FnOnce(&mut Self, &mut Ready, &mut dyn FnMut(Phase, u32, u32)) -> Result<Answer, Unmet>,
    ) -> Result<Answer, Unmet> {
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
        let met = act(self, &mut ready, progress);
        self.ready = Some(ready);
        met
    }

    fn inspect(&self, run: u32, tx: u32) -> Result<Answer, Unmet> {
        let shown = self.shown.as_ref().filter(|shown| shown.run == run);
        let detail = shown
            .and_then(|shown| story::detail(shown, tx))
            .ok_or_else(|| vec![Problem::new("tx", "a transaction of the latest run", tx.to_string())])?;
        Ok(Answer::Detail { detail: Box::new(detail) })
    }
}
