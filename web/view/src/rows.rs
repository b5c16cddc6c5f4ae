//! Long tables: which rows are drawn, and what takes the place of the others.
//!
//! ```text
//! gap    rows 0 to 117     one empty row, as high as all of them
//! row    118               drawn: in sight, or close to it
//! …
//! row    160
//! gap    rows 161 to 1999
//! ```
//! Rows and gaps together are always as high as all rows would be, so that drawing others moves nothing.

/// How many rows are drawn above and below what is in sight.
const BEYOND: usize = 12;

/// Where a table stands in the panel that it scrolls in. All in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// How far the panel is scrolled beyond the top of the first row; negative while that is below the panel's top.
    pub top: f64,
    /// Height of what is in sight.
    pub height: f64,
    /// Height of a row.
    pub row: f64,
}

/// What stands in a table's body, from top to bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// A row that is drawn, by its position.
    Row(usize),
    /// Rows that are not drawn.
    Gap {
        /// Position of the first one.
        first: usize,
        /// How many; at least one.
        rows: usize,
    },
}

impl Window {
    /// The rows that are drawn out of `all`: from, to. Up to `limit` rows are all drawn; beyond, those near the window.
    pub fn drawn(self, all: usize, limit: usize) -> (usize, usize) {
        if all <= limit {
            return (0, all);
        }
        let row = self.row.max(1.0);
        // A cast of a negative number or of none gives 0.
        let first = ((self.top / row).floor() as usize).saturating_sub(BEYOND);
        let last = ((self.top + self.height.max(0.0)) / row).ceil() as usize + BEYOND;
        (first.min(all), last.min(all))
    }

    /// How many rows Page Up and Page Down go: as many as are in sight, but one.
    pub fn page(self) -> usize {
        ((self.height / self.row.max(1.0)) as usize).saturating_sub(2).max(1)
    }
}

/// The slots of a table of `all` rows, of which those in [`Window::drawn`] are drawn.
pub fn slots(all: usize, limit: usize, window: Window) -> Vec<Slot> {
    let (first, last) = window.drawn(all, limit);
    let gap = |from: usize, to: usize| (to > from).then(|| Slot::Gap { first: from, rows: to - from });
    gap(0, first).into_iter().chain((first..last).map(Slot::Row)).chain(gap(last, all)).collect()
}

/// Where a key takes the focus from row `at`; `None`: the key means nothing here.
pub fn step(key: &str, at: usize, all: usize, window: Window) -> Option<usize> {
    let last = all.checked_sub(1)?;
    Some(match key {
        "ArrowDown" => (at + 1).min(last),
        "ArrowUp" => at.saturating_sub(1),
        "PageDown" => (at + window.page()).min(last),
        "PageUp" => at.saturating_sub(window.page()),
        "Home" => 0,
        "End" => last,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: f64 = 29.0;

    fn window(top: f64) -> Window {
        Window { top, height: 300.0, row: ROW }
    }

    fn height(slots: &[Slot]) -> usize {
        slots.iter().map(|slot| if let Slot::Gap { rows, .. } = slot { *rows } else { 1 }).sum()
    }

    /// Where a row's top is.
    fn top_of(slots: &[Slot], row: usize) -> Option<usize> {
        let at = slots.iter().position(|slot| *slot == Slot::Row(row))?;
        Some(height(&slots[..at]))
    }

    #[test]
    fn drawing_other_rows_moves_none() {
        for all in [501, 2_000, 100_000] {
            for top in (-100..4_000).step_by(7).map(f64::from) {
                let slots = slots(all, 500, window(top));
                assert_eq!(height(&slots), all);
                for slot in &slots {
                    if let Slot::Row(row) = slot {
                        assert_eq!(top_of(&slots, *row), Some(*row));
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_in_sight_is_drawn() {
        for top in (0..57_700).step_by(13).map(f64::from) {
            let slots = slots(2_000, 500, window(top));
            let (from, to) = ((top / ROW) as usize, ((top + 300.0) / ROW) as usize);
            for row in from..=to.min(1_999) {
                assert!(slots.contains(&Slot::Row(row)), "{row} at {top}");
            }
            assert!(slots.len() < 45);
        }
    }

    #[test]
    fn short_tables_are_drawn_whole() {
        assert_eq!(slots(3, 500, window(0.0)), [Slot::Row(0), Slot::Row(1), Slot::Row(2)]);
        assert_eq!(slots(0, 500, window(0.0)), []);
    }

    #[test]
    fn windows_that_make_no_sense_draw_a_few_rows() {
        for window in [
            Window { top: f64::NAN, height: f64::NAN, row: f64::NAN },
            Window { top: -1e9, height: 0.0, row: 0.0 },
            Window { top: 1e12, height: 100.0, row: 29.0 },
        ] {
            assert_eq!(height(&slots(2_000, 500, window)), 2_000);
        }
    }

    #[test]
    fn keys_go_row_by_row_and_reach_both_ends() {
        let go = |key, at| step(key, at, 2_000, window(0.0));
        assert_eq!(go("ArrowDown", 3), Some(4));
        assert_eq!(go("ArrowUp", 3), Some(2));
        assert_eq!(go("ArrowUp", 0), Some(0));
        assert_eq!(go("PageDown", 3), Some(11));
        assert_eq!(go("PageUp", 3), Some(0));
        assert_eq!(go("Home", 700), Some(0));
        assert_eq!(go("End", 700), Some(1_999));
        assert_eq!(go("ArrowDown", 1_999), Some(1_999));
        assert_eq!(go("Enter", 3), None);
        assert_eq!(step("End", 0, 0, window(0.0)), None);
    }
}
