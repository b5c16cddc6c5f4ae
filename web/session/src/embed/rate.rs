//! How many messages a host may send: a host that floods the frame is told so and slowed down.

/// Messages that may come at once.
const BURST: f64 = 100.0;
/// Messages a second, for long.
const PER_SECOND: f64 = 50.0;
/// The host is told at most so often that its messages are not taken.
const TOLD_MILLIS: f64 = 1000.0;

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is taken.
    Take,
    /// It is not, and the host is told.
    Refuse,
    /// It is not, and the host was told shortly before.
    Drop,
}

/// Counts messages. Times are milliseconds of a clock that does not go back.
#[derive(Clone, Debug)]
pub struct Rate {
    left: f64,
    at: f64,
    told: f64,
}

impl Default for Rate {
    fn default() -> Self {
        Self { left: BURST, at: 0.0, told: f64::NEG_INFINITY }
    }
}

impl Rate {
    /// A message has come at that time.
    pub fn take(&mut self, now: f64) -> Verdict {
        let passed = (now - self.at).max(0.0);
        self.at = self.at.max(now);
        self.left = (self.left + passed / 1000.0 * PER_SECOND).min(BURST);
        if self.left >= 1.0 {
            self.left -= 1.0;
            return Verdict::Take;
        }
        if now - self.told >= TOLD_MILLIS {
            self.told = now;
            return Verdict::Refuse;
        }
        Verdict::Drop
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_refused_once_a_second_and_the_host_is_heard_again_later() {
        let mut rate = Rate::default();
        let mut count = |now: f64, messages: usize| {
            let verdicts: Vec<Verdict> = (0..messages).map(|_| rate.take(now)).collect();
            [Verdict::Take, Verdict::Refuse, Verdict::Drop]
                .map(|v| verdicts.iter().filter(|w| **w == v).count())
        };
        assert_eq!(count(5.0, 10_000), [100, 1, 9_899]);
        assert_eq!(count(505.0, 10_000), [25, 0, 9_975]);
        assert_eq!(count(1_505.0, 60), [50, 1, 9]);
        assert_eq!(count(60_000.0, 100), [100, 0, 0]);
    }
}
