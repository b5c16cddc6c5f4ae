//! The bar that shows the speed-up against what was possible at all.

use super::format::factor;
use super::model::RunModel;

/// The bar. Places are shares of its length, 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitBar {
    /// How far the speed-up reaches.
    pub reached: f64,
    /// Where sequential speed lies.
    pub one: f64,
    /// `1.6×`.
    pub reached_text: String,
    /// Where that stands.
    pub reached_side: Option<Side>,
    /// The limits, nearest first.
    pub marks: Vec<LimitMark>,
    /// All of it in one sentence, for those who do not see it.
    pub sentence: String,
}

/// One limit.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitMark {
    /// Its place.
    pub at: f64,
    /// `path 3.4×`.
    pub text: String,
    /// What it means.
    pub title: String,
    /// Whether it is the lowest one, which decides.
    pub binding: bool,
    /// Where its text stands; `None`: nowhere, there is no room.
    pub side: Option<Side>,
}

/// Where a text stands, seen from what it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Below it, centred.
    Centre,
    /// Ends at it.
    Before,
    /// Begins at it.
    After,
}

/// In the order in which they look best.
const SIDES: [Side; 3] = [Side::Centre, Side::Before, Side::After];

/// Finds room for a text of the bar's legend, on one of `sides`.
fn place(at: f64, text: &str, sides: &[Side], taken: &mut Vec<(f64, f64)>) -> Option<Side> {
    /// Of a character, as a share of the shortest bar.
    const CHARACTER: f64 = 6.4 / 330.0;
    let width = (text.chars().count() as f64 + 1.0) * CHARACTER;
    sides.iter().copied().find(|side| {
        let start = match side {
            Side::Centre => at - width / 2.0,
            Side::Before => at - width,
            Side::After => at,
        };
        let (start, end) = (start, start + width);
        let free = start >= -0.03 && end <= 1.03 && taken.iter().all(|(s, e)| end <= *s || start >= *e);
        if free {
            taken.push((start, end));
        }
        free
    })
}

/// The bar of a run.
pub fn bar(model: &RunModel) -> LimitBar {
    let limits = model.report.analysis.limits;
    let lanes = f64::from(model.report.lanes.max(1));
    // A block that is too short to measure reaches nothing that could be drawn.
    let speed_up = if model.is_too_short() { 0.0 } else { model.speed_up() };
    let mut found = vec![
        ("path", limits.path, "the longest chain of transactions that need each other"),
        ("work", limits.work, "the work shared over the lanes, and the longest single transaction"),
        ("lanes", lanes, "the number of lanes"),
    ];
    found.retain(|(name, value, _)| {
        value.is_finite() && *value > 0.0 && (*name != "path" || model.waits_for_values())
    });
    // Two limits that read the same are one mark.
    found.sort_by(|a, b| a.1.total_cmp(&b.1));
    let lowest = found.first().map_or(lanes, |f| f.1);
    // A path limit far beyond the lanes would squeeze everything that matters into a corner.
    let length = (lanes.max(speed_up).max(1.0) * 1.15).max(lowest * 1.02);
    // So would far more lanes than the block has use for.
    let used = lowest.max(speed_up).max(1.0);
    let length = if length > used * 2.5 { used * 1.5 } else { length };
    let beyond: Vec<String> = found
        .iter()
        .filter(|(_, v, _)| *v > length)
        .map(|(name, v, _)| format!("{name} {}", factor(*v)))
        .collect();
    let mut marks: Vec<LimitMark> = Vec::new();
    for (name, value, title) in found.iter().filter(|(_, v, _)| *v <= length) {
        let text = factor(*value);
        if let Some(last) = marks.last_mut()
            && (value / length - last.at).abs() < 0.012
        {
            let before = last.text.trim_end_matches(&format!(" {text}")).to_owned();
            // That the work fills all lanes is the usual case and needs no words.
            last.text =
                if before == "work" { format!("{name} {text}") } else { format!("{before} = {name} {text}") };
            last.title = format!("{}; {title}", last.title);
            continue;
        }
        marks.push(LimitMark {
            at: value / length,
            text: format!("{name} {text}"),
            title: (*title).to_owned(),
            binding: marks.is_empty(),
            side: None,
        });
    }
    let reached = (speed_up / length).clamp(0.0, 1.0);
    let reached_text = model.speed_up_text();
    // The figure that was reached comes first, then the limit that decides: they must be readable.
    let beside = |side: Side| {
        let mut taken: Vec<(f64, f64)> = Vec::new();
        let side = place(reached, &reached_text, &[side], &mut taken)?;
        let binding = marks.first().map(|mark| place(mark.at, &mark.text, &SIDES, &mut taken.clone()));
        (binding != Some(None)).then_some((side, taken))
    };
    let (reached_side, mut taken) = match SIDES.into_iter().find_map(beside) {
        Some((side, taken)) => (Some(side), taken),
        None => {
            let mut taken = Vec::new();
            (place(reached, &reached_text, &SIDES, &mut taken), taken)
        }
    };
    for mark in &mut marks {
        mark.side = place(mark.at, &mark.text, &SIDES, &mut taken);
    }
    let limit_words: Vec<String> =
        found.iter().map(|(name, v, _)| format!("the {name} limit is {}", factor(*v))).collect();
    let mut sentence =
        format!("Speed-up {reached_text} over sequential; {}", super::format::listed(&limit_words));
    if !beyond.is_empty() {
        sentence.push_str(&format!(" ({} lies beyond the bar)", super::format::listed(&beyond)));
    }
    sentence.push('.');
    LimitBar { reached, one: 1.0 / length, reached_text, reached_side, marks, sentence }
}

#[cfg(test)]
mod tests {
    use evm_lanes_core::units::Ticks;

    use super::*;
    use crate::sample;

    #[test]
    fn the_lowest_limit_is_marked_as_the_one_that_decides() {
        let bar = bar(&sample::pool());
        assert_eq!(bar.marks[0].text, "work 1.8×");
        assert!(bar.marks[0].binding && !bar.marks[1].binding);
        assert!(bar.marks.iter().all(|m| (0.0..=1.0).contains(&m.at)));
    }

    #[test]
    fn far_more_lanes_than_the_block_has_use_for_are_said_and_not_drawn() {
        let mut model = sample::pool();
        model.report.lanes = 256;
        let bar = bar(&model);
        assert!(bar.reached > 0.3 && bar.sentence.contains("lanes 256×"), "{bar:?}");
    }

    #[test]
    fn the_limit_that_decides_is_named_beside_what_was_reached() {
        let mut model = sample::many(100, 4, &["pay"]);
        model.report.timing.sequential_median = Ticks(model.report.timing.parallel_median.0 * 33 / 10);
        let bar = bar(&model);
        assert!(bar.reached_side.is_some() && bar.marks[0].side.is_some(), "{bar:?}");
    }

    #[test]
    fn limits_that_read_the_same_share_a_mark() {
        let bar = bar(&sample::pool());
        assert_eq!(bar.marks[1].text, "path = lanes 2.0×");
    }

    #[test]
    fn a_path_limit_far_beyond_the_lanes_is_said_and_not_drawn() {
        let bar = bar(&sample::many(100, 2, &["pay"]));
        assert!(bar.marks.iter().all(|m| !m.text.contains("100")));
        assert!(bar.sentence.contains("100×"), "{}", bar.sentence);
    }
}
