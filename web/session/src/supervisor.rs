//! Who decides what happens to the engine's worker: a state machine without a browser, fed with what happened and the
//! time, answering with what to do.
//!
//! ```text
//!            booted                send                closing reply
//! Booting ──────────▶ Idle ───────────────▶ Running ─────────────────▶ Idle
//!    ▲  │ fails, silent                        │ crash, silence, cancel unheard
//!    │  └─▶ Booting (again, then without threads, again), then Gone
//!    └─────────────────────────────────────────┘ the request is answered for the engine
//! ```
//! One request is with the engine at a time; later ones wait here, so that a fresh engine can have them.

use std::collections::VecDeque;

use evm_lanes_core::messages::{Answer, EngineInfo, Reply, Request};
use evm_lanes_core::problem::Problem;

use super::{EngineEvent, EngineState};

/// Milliseconds on the page's clock.
pub type Millis = f64;

/// From `Start` to booted. The pool has its own, shorter limit within it.
const BOOT_LIMIT: Millis = 10_000.0;
/// Between two signs of life of a running request. One round of the largest block takes a few seconds without threads.
const SILENCE_LIMIT: Millis = 60_000.0;
/// From the cancel flag to the engine's answer.
const CANCEL_LIMIT: Millis = 500.0;

/// Which engine is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// With lanes on threads.
    Threads,
    /// Without.
    Single,
}

/// What happened.
#[derive(Debug)]
pub enum Input {
    /// The page wants this.
    Send(Request),
    /// The page wants the running request to end.
    Cancel,
    /// The page wants a fresh engine.
    Restart(String),
    /// The worker is ready.
    Booted(EngineInfo),
    /// The worker could not start its engine, in words.
    BootFailed(String),
    /// The engine said something.
    Reply(Reply),
    /// The engine or one of its threads is broken, in words.
    Broken(String),
    /// Nothing but time.
    Tick,
}

/// What to do, in order.
#[derive(Debug, PartialEq)]
pub enum Action {
    /// End the worker, if there is one, and start a fresh one with this engine.
    Start(Flavour),
    /// End the worker.
    End,
    /// Clear the cancel flag and hand the request to the worker.
    Post(Request),
    /// Set the cancel flag.
    SetCancelFlag,
    /// Tell the page.
    Tell(EngineEvent),
}

#[derive(Debug)]
enum Phase {
    Booting { since: Millis, failures: u8 },
    Idle,
    Running { id: u32, heard: Millis, cancelled: Option<Millis> },
    Gone,
}

/// The state machine.
#[derive(Debug)]
pub struct Supervisor {
    flavour: Flavour,
    phase: Phase,
    waiting: VecDeque<Request>,
}

impl Supervisor {
    /// A supervisor whose first engine is to be started at once.
    pub fn new(flavour: Flavour, now: Millis) -> (Self, Vec<Action>) {
        let phase = Phase::Booting { since: now, failures: 0 };
        let actions = vec![Action::Tell(EngineEvent::State(EngineState::Starting)), Action::Start(flavour)];
        (Self { flavour, phase, waiting: VecDeque::new() }, actions)
    }

    /// When the next [`Input::Tick`] is needed.
    pub fn deadline(&self) -> Option<Millis> {
        match self.phase {
            Phase::Booting { since, .. } => Some(since + BOOT_LIMIT),
            Phase::Running { cancelled: Some(since), .. } => Some(since + CANCEL_LIMIT),
            Phase::Running { heard, .. } => Some(heard + SILENCE_LIMIT),
            Phase::Idle | Phase::Gone => None,
        }
    }

    /// Takes what happened; returns what to do.
    pub fn take(&mut self, input: Input, now: Millis) -> Vec<Action> {
        let mut actions = Vec::new();
        match input {
            Input::Send(request) => {
                if matches!(self.phase, Phase::Gone) {
                    actions.push(failed(
                        request.id,
                        "an engine that answers",
                        "there is no engine in this page",
                    ));
                } else {
                    self.waiting.push_back(request);
                    self.post_next(now, &mut actions);
                }
            }
            Input::Cancel => self.cancel(now, &mut actions),
            Input::Restart(reason) => match self.phase {
                Phase::Booting { .. } => {}
                Phase::Idle | Phase::Running { .. } => self.begin_anew(&reason, now, &mut actions),
                Phase::Gone => {
                    self.phase = Phase::Booting { since: now, failures: 0 };
                    actions.push(restarting(&reason));
                    actions.push(Action::Start(self.flavour));
                }
            },
            Input::Booted(info) => {
                if matches!(self.phase, Phase::Booting { .. }) {
                    self.phase = Phase::Idle;
                    actions.push(Action::Tell(EngineEvent::State(EngineState::Ready { info })));
                    self.post_next(now, &mut actions);
                }
            }
            Input::BootFailed(reason) => self.boot_failed(&reason, now, &mut actions),
            Input::Reply(reply) => self.reply(reply, now, &mut actions),
            Input::Broken(reason) => match self.phase {
                Phase::Booting { .. } => self.boot_failed(&reason, now, &mut actions),
                Phase::Idle | Phase::Running { .. } => {
                    self.begin_anew(&format!("The engine stopped: {reason}"), now, &mut actions);
                }
                Phase::Gone => {}
            },
            Input::Tick => self.tick(now, &mut actions),
        }
        actions
    }

    fn post_next(&mut self, now: Millis, actions: &mut Vec<Action>) {
        if matches!(self.phase, Phase::Idle)
            && let Some(request) = self.waiting.pop_front()
        {
            self.phase = Phase::Running { id: request.id, heard: now, cancelled: None };
            actions.push(Action::Post(request));
        }
    }

    fn cancel(&mut self, now: Millis, actions: &mut Vec<Action>) {
        // What waits was asked for before the person said stop.
        for request in self.waiting.drain(..) {
            actions.push(tell(Reply { id: request.id, body: Answer::Cancelled }));
        }
        if let Phase::Running { cancelled, .. } = &mut self.phase
            && cancelled.is_none()
        {
            match self.flavour {
                Flavour::Threads => {
                    *cancelled = Some(now);
                    actions.push(Action::SetCancelFlag);
                }
                // It has no memory that the page could reach.
                Flavour::Single => self.end_cancelled(now, actions),
            }
        }
    }

    fn end_cancelled(&mut self, now: Millis, actions: &mut Vec<Action>) {
        if let Phase::Running { id, .. } = self.phase {
            self.phase = Phase::Idle;
            actions.push(tell(Reply { id, body: Answer::Cancelled }));
            self.begin_anew("The run was cancelled.", now, actions);
        }
    }

    fn reply(&mut self, reply: Reply, now: Millis, actions: &mut Vec<Action>) {
        let Phase::Running { id, heard, .. } = &mut self.phase else { return };
        *heard = now;
        let closes = reply.id == *id && reply.body.is_closing();
        actions.push(tell(reply));
        if closes {
            self.phase = Phase::Idle;
            self.post_next(now, actions);
        }
    }

    fn tick(&mut self, now: Millis, actions: &mut Vec<Action>) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match self.phase {
            Phase::Booting { .. } => {
                let reason = format!("it did not start within {} s", BOOT_LIMIT / 1000.0);
                self.boot_failed(&reason, now, actions);
            }
            Phase::Running { cancelled: Some(_), .. } => self.end_cancelled(now, actions),
            Phase::Running { .. } => {
                let reason = format!("The engine gave no sign of life for {} s.", SILENCE_LIMIT / 1000.0);
                self.begin_anew(&reason, now, actions);
            }
            Phase::Idle | Phase::Gone => {}
        }
    }

    /// Ends the engine and starts a fresh one; the running request is answered in its place.
    fn begin_anew(&mut self, reason: &str, now: Millis, actions: &mut Vec<Action>) {
        let running = match self.phase {
            Phase::Running { id, cancelled, .. } => Some((id, cancelled.is_some())),
            _ => None,
        };
        self.phase = Phase::Booting { since: now, failures: 0 };
        actions.push(restarting(reason));
        actions.push(Action::Start(self.flavour));
        match running {
            Some((id, true)) => actions.push(tell(Reply { id, body: Answer::Cancelled })),
            Some((id, false)) => actions.push(failed(id, FINISHED, reason)),
            None => {}
        }
    }

    fn boot_failed(&mut self, reason: &str, now: Millis, actions: &mut Vec<Action>) {
        let Phase::Booting { failures, .. } = self.phase else { return };
        let engine = match self.flavour {
            Flavour::Threads => "The engine with threads",
            Flavour::Single => "The engine",
        };
        let reason = format!("{engine} could not be started: {reason}.");
        let failures = match (self.flavour, failures) {
            (_, 0) => 1,
            (Flavour::Threads, _) => {
                self.flavour = Flavour::Single;
                0
            }
            (Flavour::Single, _) => {
                self.phase = Phase::Gone;
                actions.push(Action::End);
                actions
                    .push(Action::Tell(EngineEvent::State(EngineState::Failed { reason: reason.clone() })));
                for request in self.waiting.drain(..) {
                    actions.push(failed(request.id, FINISHED, &reason));
                }
                return;
            }
        };
        self.phase = Phase::Booting { since: now, failures };
        actions.push(restarting(&reason));
        actions.push(Action::Start(self.flavour));
    }
}

fn tell(reply: Reply) -> Action {
    Action::Tell(EngineEvent::Reply(reply))
}

fn restarting(reason: &str) -> Action {
    Action::Tell(EngineEvent::State(EngineState::Restarting { reason: reason.to_owned() }))
}

/// What a request expected whose engine was ended.
const FINISHED: &str = "the engine to finish the run";

fn failed(id: u32, expected: &str, found: &str) -> Action {
    tell(Reply { id, body: Answer::Failed { problems: vec![Problem::new("", expected, found)] } })
}

#[cfg(test)]
mod tests {
    use evm_lanes_core::messages::{self, Ask};

    use super::*;

    const INFO: EngineInfo = EngineInfo { threads: true, max_lanes: 4 };

    fn inspect(id: u32) -> Request {
        Request { id, body: Ask::Inspect { run: 0, tx: 0 } }
    }

    /// A supervisor whose engine is up at time 0.
    fn ready(flavour: Flavour) -> Supervisor {
        let (mut supervisor, _) = Supervisor::new(flavour, 0.0);
        supervisor.take(Input::Booted(INFO), 0.0);
        supervisor
    }

    /// The actions as short words.
    fn words(actions: &[Action]) -> Vec<String> {
        actions
            .iter()
            .map(|action| match action {
                Action::Start(flavour) => format!("start {flavour:?}"),
                Action::End => "end".into(),
                Action::Post(request) => format!("post {}", request.id),
                Action::SetCancelFlag => "set flag".into(),
                Action::Tell(EngineEvent::State(EngineState::Starting)) => "starting".into(),
                Action::Tell(EngineEvent::State(EngineState::Ready { .. })) => "ready".into(),
                Action::Tell(EngineEvent::State(EngineState::Restarting { .. })) => "restarting".into(),
                Action::Tell(EngineEvent::State(EngineState::Failed { .. })) => "gone".into(),
                Action::Tell(EngineEvent::Reply(Reply { id, body: Answer::Failed { .. } })) => {
                    format!("failed {id}")
                }
                Action::Tell(EngineEvent::Reply(Reply { id, body: Answer::Cancelled })) => {
                    format!("cancelled {id}")
                }
                Action::Tell(EngineEvent::Reply(reply)) => format!("reply {reply:?}"),
            })
            .collect()
    }

    #[track_caller]
    fn check(actions: &[Action], expected: &[&str]) {
        assert_eq!(words(actions), expected);
    }

    #[test]
    fn requests_wait_for_the_engine_and_go_to_it_one_by_one() {
        let (mut supervisor, actions) = Supervisor::new(Flavour::Threads, 0.0);
        check(&actions, &["starting", "start Threads"]);
        check(&supervisor.take(Input::Send(inspect(1)), 1.0), &[]);
        check(&supervisor.take(Input::Send(inspect(2)), 1.0), &[]);
        check(&supervisor.take(Input::Booted(INFO), 2.0), &["ready", "post 1"]);
        check(
            &supervisor.take(Input::Reply(Reply { id: 1, body: Answer::Cancelled }), 3.0),
            &["cancelled 1", "post 2"],
        );
    }

    #[test]
    fn an_engine_that_never_boots_is_tried_twice_with_threads_then_twice_without() {
        let (mut supervisor, _) = Supervisor::new(Flavour::Threads, 0.0);
        supervisor.take(Input::Send(inspect(1)), 0.0);
        check(&supervisor.take(Input::Tick, 9_999.0), &[]);
        check(&supervisor.take(Input::Tick, 10_000.0), &["restarting", "start Threads"]);
        check(&supervisor.take(Input::BootFailed("404".into()), 10_001.0), &["restarting", "start Single"]);
        check(&supervisor.take(Input::Broken("error".into()), 10_002.0), &["restarting", "start Single"]);
        check(&supervisor.take(Input::Tick, 20_002.0), &["end", "gone", "failed 1"]);
        check(&supervisor.take(Input::Send(inspect(2)), 20_003.0), &["failed 2"]);
        check(
            &supervisor.take(Input::Restart("try again".into()), 20_004.0),
            &["restarting", "start Single"],
        );
    }

    #[test]
    fn a_crash_answers_the_request_and_gives_a_fresh_engine() {
        let mut supervisor = ready(Flavour::Threads);
        supervisor.take(Input::Send(inspect(1)), 1.0);
        supervisor.take(Input::Send(inspect(2)), 1.0);
        let actions = supervisor.take(Input::Broken("panicked at x".into()), 2.0);
        check(&actions, &["restarting", "start Threads", "failed 1"]);
        assert!(format!("{actions:?}").contains("panicked at x"), "the person reads what happened");
        check(&supervisor.take(Input::Booted(INFO), 3.0), &["ready", "post 2"]);
    }

    #[test]
    fn cancel_sets_the_flag_and_ends_an_engine_that_does_not_listen() {
        let mut supervisor = ready(Flavour::Threads);
        supervisor.take(Input::Send(inspect(1)), 0.0);
        check(&supervisor.take(Input::Cancel, 100.0), &["set flag"]);
        check(&supervisor.take(Input::Cancel, 200.0), &[]);
        check(&supervisor.take(Input::Tick, 600.0), &["cancelled 1", "restarting", "start Threads"]);
    }

    #[test]
    fn cancel_without_threads_ends_the_engine_at_once() {
        let mut supervisor = ready(Flavour::Single);
        supervisor.take(Input::Send(inspect(1)), 0.0);
        supervisor.take(Input::Send(inspect(2)), 0.0);
        check(
            &supervisor.take(Input::Cancel, 1.0),
            &["cancelled 2", "cancelled 1", "restarting", "start Single"],
        );
    }

    #[test]
    fn an_engine_that_answers_a_cancel_is_kept() {
        let mut supervisor = ready(Flavour::Threads);
        supervisor.take(Input::Send(inspect(1)), 0.0);
        supervisor.take(Input::Cancel, 1.0);
        check(
            &supervisor.take(Input::Reply(Reply { id: 1, body: Answer::Cancelled }), 2.0),
            &["cancelled 1"],
        );
        assert_eq!(supervisor.deadline(), None);
        check(&supervisor.take(Input::Send(inspect(2)), 3.0), &["post 2"]);
    }

    #[test]
    fn silence_ends_a_run_and_progress_prolongs_it() {
        let mut supervisor = ready(Flavour::Threads);
        supervisor.take(Input::Send(inspect(1)), 0.0);
        let progress =
            Reply { id: 1, body: Answer::Progress { phase: messages::Phase::Measuring, done: 1, total: 9 } };
        supervisor.take(Input::Reply(progress), 50_000.0);
        check(&supervisor.take(Input::Tick, 60_000.0), &[]);
        check(&supervisor.take(Input::Tick, 110_000.0), &["restarting", "start Threads", "failed 1"]);
    }
}
