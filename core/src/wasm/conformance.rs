//! The edge to `cargo xtask conformance --wasm`: tests in as text, outcomes out as JSON.

use wasm_bindgen::prelude::*;

use crate::{
    conformance::{Suite, Tests, Ways},
    drive::Threads,
    trace::StrategyId,
};

/// One file's tests.
#[wasm_bindgen]
pub struct ConformanceTests(Tests);

#[wasm_bindgen]
impl ConformanceTests {
    /// Reads a file of a suite, named as in JSON (`state-tests`).
    ///
    /// # Errors
    /// If there is no such suite or the file is not of its form.
    #[wasm_bindgen(constructor)]
    pub fn new(suite: &str, name: &str, text: &str) -> Result<ConformanceTests, JsError> {
        let suite: Suite = serde_json::from_value(suite.into())?;
        Tests::read(suite, name, text).map(Self).map_err(|problem| JsError::new(&problem))
    }

    /// The name of a test.
    pub fn name(&self, test: usize) -> String {
        self.0.name(test)
    }

    /// Runs a test by every strategy, on the one lane that there is. Gives a [`crate::conformance::Outcome`].
    ///
    /// # Errors
    /// None that is known.
    pub fn run(&self, test: usize) -> Result<String, JsError> {
        let ways: Vec<(StrategyId, u16)> = StrategyId::ALL.iter().map(|strategy| (*strategy, 1)).collect();
        let outcome = self.0.run(test, Ways { ways: &ways, threads: Threads::Own });
        Ok(serde_json::to_string(&outcome)?)
    }
}
