//! Presenting: a lesson's steps for a room, or the run that is on the page.
//!
//! ```text
//! ?present=1 · Start ─▶ Some(Present) ─┬─ a question: frozen, votes are noted, nothing runs ─ Reveal ─▶ run, right answer
//!                                      ├─ Next, Previous: another step
//!                                      └─ Leave · back in history ─▶ None
//! ```
//! The page's address keeps `present=1`; a link that is handed on ([`Session::link`]) never has it, so the audience gets the
//! lesson itself. Nothing here reads a clock: the edge says what time it is.

use evm_lanes_core::scenario::link as codec;
use evm_lanes_view::format::counted;

use super::{Effect, LessonEvent, Session};

/// What a presenter does.
#[derive(Clone, Debug, PartialEq)]
pub enum PresentEvent {
    /// Begin.
    Start,
    /// Begin with a built-in lesson, by its id.
    Open(String),
    /// End.
    Leave,
    /// Reveal the question, or go to the next step.
    Next,
    /// Go to the step before.
    Previous,
    /// Reveal the question: the right answer, and the run.
    Reveal,
    /// Show the link's code large, or small again.
    ToggleCode,
    /// Pause the timer, or let it go on.
    ToggleTimer,
    /// Set the timer back to its begin.
    ResetTimer,
    /// Count down from so many minutes; `None`: count up.
    SetMinutes(Option<u16>),
    /// What time it is, in milliseconds on a clock that never goes back.
    Tick(f64),
}

/// What is being presented.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Present {
    /// Whether the link's code is shown large.
    pub is_code_large: bool,
    /// The talk's time.
    pub timer: Timer,
}

/// The longest time that can be counted down, in minutes.
pub const MAX_MINUTES: u16 = 600;

/// A timer. It counts whole seconds, so that it changes once a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timer {
    /// From how many minutes it counts down; `None`: it counts up.
    pub minutes: Option<u16>,
    /// Whether it runs.
    pub is_running: bool,
    /// What has passed, in milliseconds.
    passed: f64,
    /// The time of the latest tick.
    latest: Option<f64>,
}

impl Default for Timer {
    /// It counts up from now.
    fn default() -> Self {
        Self { minutes: None, is_running: true, passed: 0.0, latest: None }
    }
}

impl Timer {
    /// What it shows, in seconds; below zero once the time is over.
    pub fn seconds(&self) -> i64 {
        let passed = (self.passed / 1000.0) as i64;
        self.minutes.map_or(passed, |minutes| i64::from(minutes) * 60 - passed)
    }

    /// Whether a time that is counted down is over.
    pub fn is_over(&self) -> bool {
        self.minutes.is_some() && self.seconds() <= 0
    }

    fn tick(&mut self, now: f64) {
        if self.is_running
            && let Some(latest) = self.latest
        {
            self.passed += (now - latest).max(0.0);
        }
        self.latest = Some(now);
    }
}

impl Session {
    /// Whether a question waits to be revealed to the room.
    pub fn is_frozen(&self) -> bool {
        self.present.is_some() && self.is_covered()
    }

    pub(super) fn on_present(&mut self, event: PresentEvent) {
        // Who shows the page in a frame presents by other means.
        if self.embed.is_some() {
            return;
        }
        match event {
            PresentEvent::Start if self.present.is_none() => self.begin_presenting(true),
            PresentEvent::Start => {}
            PresentEvent::Open(id) => {
                if self.present.is_none() {
                    self.begin_presenting(false);
                }
                self.on_lesson(LessonEvent::Open(id));
            }
            event if self.present.is_some() => self.while_presenting(event),
            _ => {}
        }
    }

    fn begin_presenting(&mut self, writes_link: bool) {
        self.dialog = None;
        self.present = Some(Present::default());
        if writes_link {
            self.write_link(true);
        }
        self.announce("Presenting. Arrow keys walk the steps, Enter reveals an answer, Escape leaves.");
        self.effects.push(Effect::Focus("lesson-step"));
    }

    fn while_presenting(&mut self, event: PresentEvent) {
        match event {
            PresentEvent::Start | PresentEvent::Open(_) => {}
            PresentEvent::Leave => self.leave(),
            PresentEvent::Next => match &self.lesson {
                None => self.announce("No lesson is open, so there are no steps."),
                Some(state) if state.is_covered => self.reveal_answer(),
                Some(state) if state.step + 1 >= state.lesson.steps.len() => {
                    self.announce("This is the last step.");
                }
                Some(state) => {
                    let next = state.step + 1;
                    self.on_lesson(LessonEvent::GoTo(next));
                }
            },
            PresentEvent::Previous => match self.lesson.as_ref().map(|state| state.step.checked_sub(1)) {
                None => self.announce("No lesson is open, so there are no steps."),
                Some(None) => self.announce("This is the first step."),
                Some(Some(before)) => self.on_lesson(LessonEvent::GoTo(before)),
            },
            PresentEvent::Reveal => {
                if self.is_covered() {
                    self.reveal_answer();
                }
            }
            PresentEvent::ToggleCode => {
                if let Some(present) = &mut self.present {
                    present.is_code_large = !present.is_code_large;
                    let said =
                        if present.is_code_large { "The code is large." } else { "The code is small." };
                    self.announce(said);
                }
            }
            PresentEvent::ToggleTimer => {
                if let Some(Present { timer, .. }) = &mut self.present {
                    timer.is_running = !timer.is_running;
                    let said = if timer.is_running { "The timer runs." } else { "The timer is paused." };
                    self.announce(said);
                }
            }
            PresentEvent::ResetTimer => {
                if let Some(Present { timer, .. }) = &mut self.present {
                    *timer =
                        Timer { minutes: timer.minutes, is_running: timer.is_running, ..Timer::default() };
                    self.announce("The timer begins again.");
                }
            }
            PresentEvent::SetMinutes(minutes) => {
                let minutes = minutes.filter(|minutes| *minutes > 0).map(|minutes| minutes.min(MAX_MINUTES));
                if let Some(Present { timer, .. }) = &mut self.present {
                    timer.minutes = minutes;
                    let said = match minutes {
                        Some(minutes) => {
                            format!("Counting down from {}.", counted(minutes.into(), "minute"))
                        }
                        None => "Counting up.".to_owned(),
                    };
                    self.announce(said);
                }
            }
            PresentEvent::Tick(now) => {
                if let Some(Present { timer, .. }) = &mut self.present {
                    let was_over = timer.is_over();
                    timer.tick(now);
                    // The only time that is said: each second would talk over everything else.
                    if timer.is_over() && !was_over {
                        self.announce("The time is over.");
                    }
                }
            }
        }
    }

    fn leave(&mut self) {
        self.present = None;
        // What the room said was never an answer of whoever goes on alone.
        if let Some(state) = self.lesson.as_mut().filter(|state| state.is_covered) {
            state.answer = None;
        }
        self.write_link(true);
        self.announce("No longer presenting.");
        // The button by which it is begun again.
        let button = if self.lesson.is_some() { "present" } else { "lessons" };
        self.effects.push(Effect::Focus(button));
    }

    /// The right answer and the run are shown.
    fn reveal_answer(&mut self) {
        let Some(state) = &mut self.lesson else { return };
        state.is_covered = false;
        if let Some(right) = state.right_choice() {
            let said = state.current().and_then(|step| step.question.as_ref()?.choices.get(right));
            let said = said.map(|choice| format!("Right: {}", choice.text));
            self.announce(said.unwrap_or_default());
        }
        self.run_unasked();
    }

    /// An address says whether something is presented.
    pub(super) fn follow_present(&mut self, query: &str) {
        let says = codec::query_pairs(query).iter().any(|(name, value)| name == "present" && value == "1");
        if !says || self.embed.is_some() {
            self.present = None;
        } else if self.present.is_none() {
            self.present = Some(Present::default());
        }
    }
}

/// The address of what is presented: a link with `present=1`.
pub(super) fn address(link: &str) -> String {
    let (query, fragment) = link.split_at(link.find('#').unwrap_or(link.len()));
    let mark = if query.starts_with('?') { '&' } else { '?' };
    format!("{query}{mark}present=1{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_counts_what_passes_while_it_runs() {
        let mut timer = Timer::default();
        timer.tick(5_000.0);
        timer.tick(7_500.0);
        assert_eq!(timer.seconds(), 2);
        timer.is_running = false;
        timer.tick(60_000.0);
        timer.is_running = true;
        timer.tick(61_000.0);
        assert_eq!(timer.seconds(), 3);
        // A clock that goes back takes nothing away.
        timer.tick(0.0);
        assert_eq!(timer.seconds(), 3);
        timer.minutes = Some(1);
        assert_eq!((timer.seconds(), timer.is_over()), (57, false));
        timer.tick(58_000.0);
        assert_eq!((timer.seconds(), timer.is_over()), (-1, true));
    }

    #[test]
    fn an_address_is_the_link_with_one_word_more() {
        for (link, expected) in [
            ("", "?present=1"),
            ("?lesson=two-lanes&step=2", "?lesson=two-lanes&step=2&present=1"),
            ("#1.abc", "?present=1#1.abc"),
            ("?step=2#1.abc", "?step=2&present=1#1.abc"),
        ] {
            assert_eq!(address(link), expected);
        }
    }
}
