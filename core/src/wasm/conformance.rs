//! The interface for `cargo xtask conformance --wasm`: tests in as text, outcomes out as JSON.

use wasm_bindgen::prelude::*;

use crate::{
    cancel::CancelFlag,
    conformance::{Suite, Tests, Ways},
    drive::Threads,
    engine::Engine,
    messages::{Answer, Ask, Input, Reply, Request},
    model::{Cost, CostModel},
    scenario::builtin,
    strategies::StrategyId,
    trace::Clock,
};

/// One file's tests.
#[wasm_bindgen]
pub struct ConformanceTests(Tests);

#[wasm_bindgen]
impl ConformanceTests {
    /// Reads a file of a suite, named as in JSON (`state-tests`).
    ///
    /// # Errors
    /// If there is no such suite, or the file does not have its format.
    #[wasm_bindgen(constructor)]
    pub fn new(suite: &str, name: &str, text: &str) -> Result<ConformanceTests, JsError> {
        let suite: Suite = serde_json::from_value(suite.into())?;
        Tests::read(suite, name, text).map(Self).map_err(|problem| JsError::new(&problem))
    }

    /// The name of a test.
    pub fn name(&self, test: usize) -> String {
        self.0.name(test)
    }

    /// Runs a test with every strategy on one lane. Returns a [`crate::conformance::Outcome`].
    ///
    /// # Errors
    /// None is known.
    pub fn run(&self, test: usize) -> Result<String, JsError> {
        let ways: Vec<(StrategyId, u16)> = StrategyId::ALL.iter().map(|strategy| (*strategy, 1)).collect();
        let outcome = self.0.run(test, Ways { ways: &ways, threads: Threads::Own });
        Ok(serde_json::to_string(&outcome)?)
    }
}

/// Simulated runs of built-in scenarios, in the format of `core/tests/golden/simulated.txt`.
#[wasm_bindgen]
pub struct SimulatedRuns(Engine);

#[wasm_bindgen]
impl SimulatedRuns {
    /// An engine with the catalogue in these files.
    ///
    /// # Errors
    /// If a file is not a catalogue.
    #[wasm_bindgen(constructor)]
    pub fn new(catalogue: Vec<String>) -> Result<SimulatedRuns, JsError> {
        let mut engine = Engine::new(None);
        let files: Vec<&str> = catalogue.iter().map(String::as_str).collect();
        engine.load_catalogue(&files)?;
        Ok(Self(engine))
    }

    /// Makes the run at the beginning of a line of the file, and returns the whole line for it.
    ///
    /// # Errors
    /// If the line describes no run, or the run does not end.
    pub fn run(&mut self, line: &str) -> Result<String, JsError> {
        let wrong = || JsError::new(&format!("not a simulated run: {line}"));
        let words: Vec<&str> = line.split(' ').collect();
        let [name, strategy, lanes, cost, seed, ..] = words[..] else { return Err(wrong()) };
        let scenario = builtin::find(name).ok_or_else(wrong)?;
        let request = Request {
            id: 1,
            body: Ask::Run {
                input: Input::Scenario(scenario.text.to_owned()),
                strategy: StrategyId::from_name(strategy).ok_or_else(wrong)?.into(),
                lanes: lanes.parse()?,
                clock: Clock::Simulated,
                model: CostModel { cost: Cost::from_name(cost).ok_or_else(wrong)?, seed: seed.parse()? },
                list: None,
            },
        };
        let mut closing = None;
        self.0.handle(request, &CancelFlag::new(), &mut |reply| closing = Some(reply));
        match closing {
            Some(Reply { body: Answer::Ran { report }, .. }) => {
                let (duration, hash) = (report.timing.parallel_median.0, &report.trace_hash);
                Ok(format!("{name} {strategy} {lanes} {cost} {seed} {duration} {hash}"))
            }
            other => Err(JsError::new(&format!("{line}: {other:?}"))),
        }
    }
}
