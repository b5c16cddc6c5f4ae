//! How a block is to be run: by which strategy, on how many lanes, by which clock.

use evm_lanes_core::messages::EngineInfo;
use evm_lanes_core::model::CostModel;
use evm_lanes_core::scenario::{self, StrategyChoice};
use evm_lanes_core::strategies::StrategyId;
use evm_lanes_core::trace::Clock;

use super::Session;

/// The lanes asked for at first, where neither the scenario nor the link says: as many as there
/// are cores, but not so many that a small block is spread too thin to read.
const USUAL_LANES: u16 = 4;

/// How a block is to be run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Who schedules, or that the engine is to choose.
    pub strategy: StrategyChoice,
    /// Whether lanes are threads of this machine or simulated.
    pub clock: Clock,
    /// What simulated time is made of.
    pub cost_model: CostModel,
    /// On how many lanes, if they are threads.
    pub threads: u16,
    /// On how many lanes, if they are simulated.
    pub simulated_lanes: u16,
    /// How many threads the link asks for. The address keeps it, also where this machine has fewer; a
    /// person's own choice takes its place.
    pub(super) asked_lanes: Option<u16>,
    /// Whether the clock waits for the engine to say what it has.
    pub(super) clock_is_open: bool,
}

impl Settings {
    /// Where nothing says otherwise.
    pub(super) fn usual(cores: u16) -> Self {
        Self {
            strategy: StrategyId::BLOCK_STM.into(),
            clock: Clock::Simulated,
            cost_model: CostModel::default(),
            threads: USUAL_LANES.min(cores),
            simulated_lanes: USUAL_LANES,
            asked_lanes: None,
            clock_is_open: false,
        }
    }

    /// The lanes by the clock that is chosen.
    pub fn lanes(&self) -> u16 {
        match self.clock {
            Clock::Measured => self.threads,
            Clock::Simulated => self.simulated_lanes,
        }
    }
}

impl Session {
    /// The most threads that make sense here.
    pub fn max_threads(&self) -> u16 {
        self.info.as_ref().map_or(self.environment.cores, |info| info.max_lanes).max(1)
    }

    /// The most lanes by the clock that is chosen.
    pub fn max_lanes(&self) -> u16 {
        match self.settings.clock {
            Clock::Measured => self.max_threads(),
            Clock::Simulated => scenario::MAX_LANES,
        }
    }

    /// The threads that were asked for, where there are fewer.
    pub fn missing_lanes(&self) -> Option<u16> {
        if self.settings.clock == Clock::Simulated {
            return None;
        }
        self.settings.asked_lanes.filter(|asked| *asked > self.max_threads())
    }

    pub(super) fn set_lanes(&mut self, lanes: u16) {
        let lanes = lanes.clamp(1, self.max_lanes());
        if lanes == self.settings.lanes() {
            return;
        }
        match self.settings.clock {
            Clock::Measured => {
                self.settings.asked_lanes = None;
                self.settings.threads = lanes;
            }
            Clock::Simulated => self.settings.simulated_lanes = lanes,
        }
        self.run();
    }

    pub(super) fn set_clock(&mut self, clock: Clock) {
        if clock != self.settings.clock {
            self.settings.clock_is_open = false;
            self.settings.clock = clock;
            self.run();
        }
    }

    pub(super) fn set_cost_model(&mut self, model: CostModel) {
        if model != self.settings.cost_model {
            self.settings.cost_model = model;
            if self.settings.clock == Clock::Simulated {
                self.run();
            }
        }
    }

    pub(super) fn set_strategy(&mut self, strategy: StrategyChoice) {
        if strategy != self.settings.strategy {
            self.settings.strategy = strategy;
            self.run();
        }
    }

    /// Strategy, lanes, clock and cost model as a scenario wants them.
    pub(super) fn take_settings(&mut self, run: scenario::Settings) {
        if let Some(strategy) = run.strategy {
            self.settings.strategy = strategy;
        }
        self.settings.asked_lanes = None;
        if let Some(lanes) = run.lanes {
            self.settings.threads = lanes.clamp(1, self.max_threads());
            self.settings.simulated_lanes = lanes.clamp(1, scenario::MAX_LANES);
        }
        if let Some(clock) = run.clock {
            self.settings.clock = clock;
        }
        let model = &mut self.settings.cost_model;
        model.cost = run.cost.unwrap_or(model.cost);
        model.seed = run.seed.unwrap_or(model.seed);
    }

    /// As many of the lanes that a link asks for as there are.
    pub(super) fn ask_for_lanes(&mut self, lanes: u16) {
        self.settings.asked_lanes = Some(lanes);
        self.settings.threads = lanes.clamp(1, self.max_threads());
        self.settings.simulated_lanes = lanes.clamp(1, scenario::MAX_LANES);
    }

    /// The clock of a link that names none: made before there were simulated lanes, it stands for measured ones, if
    /// this engine has any. Decided once it is known what the engine has.
    pub(super) fn leave_clock_open(&mut self) {
        match &self.info {
            Some(info) => self.settings.clock = clock_of_old_links(info),
            None => self.settings.clock_is_open = true,
        }
    }

    /// The engine has said what it has.
    pub(super) fn take_info(&mut self, info: &EngineInfo) {
        let settings = &mut self.settings;
        let threads = settings.asked_lanes.unwrap_or(settings.threads);
        settings.threads = threads.clamp(1, info.max_lanes.max(1));
        if std::mem::take(&mut settings.clock_is_open) {
            settings.clock = clock_of_old_links(info);
        }
        self.info = Some(info.clone());
        // A link may ask for more lanes than there are, or say the usual in full.
        self.write_link_soon();
    }
}

fn clock_of_old_links(engine: &EngineInfo) -> Clock {
    if engine.threads { Clock::Measured } else { Clock::Simulated }
}
