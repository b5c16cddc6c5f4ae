//! The steps in which the number of lanes is changed: one by one at first, then so that each step can be seen.

/// The steps, ascending.
pub const STEPS: [u16; 20] = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256];

/// The step below `lanes`.
pub fn below(lanes: u16) -> u16 {
    STEPS.into_iter().rev().find(|s| *s < lanes).unwrap_or(1)
}

/// The step above `lanes`.
pub fn above(lanes: u16) -> u16 {
    STEPS.into_iter().find(|s| *s > lanes).unwrap_or(lanes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_leads_to_its_neighbours() {
        for pair in STEPS.windows(2) {
            assert_eq!((above(pair[0]), below(pair[1])), (pair[1], pair[0]));
        }
        assert_eq!((below(1), above(256), above(100), below(100)), (1, 256, 128, 96));
    }
}
