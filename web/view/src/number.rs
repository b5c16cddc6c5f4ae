//! Numbers in texts that are dragged: how far a hand or a key takes them.

use evm_lanes_core::scenario::lesson::number::Number;

/// The way of a hand that goes through all values of a number with few of them, in CSS pixels.
const WAY: f64 = 320.0;
/// The shortest and the longest way from one value to the next.
const STEP: (f64, f64) = (3.0, 24.0);
/// A hand that has moved less has clicked.
pub const CLICK: f64 = 4.0;

/// The value after a hand has moved so far sideways from where the number was `from`.
pub fn dragged(number: &Number, from: u64, distance: f64) -> u64 {
    let values = ((number.high - number.low) / number.step).max(1) as f64;
    let way = (WAY / values).clamp(STEP.0, STEP.1);
    // Of very many values a hand goes through several with each pixel.
    let per_step = (values * way / (4.0 * WAY)).max(1.0);
    number.further(from, (distance / way * per_step).round() as i64)
}

/// The value after a click so far from the number's left edge, of its width: less on the left, more on the right.
pub fn clicked(number: &Number, from: u64, at: f64, width: f64) -> u64 {
    number.further(from, if at < width / 2.0 { -1 } else { 1 })
}

/// The value after a key; `None` if the key is not the number's. Page Up and Page Down stay a presenter's.
pub fn typed(number: &Number, from: u64, key: &str, shift: bool) -> Option<u64> {
    let steps = if shift { 10 } else { 1 };
    Some(match key {
        "ArrowRight" | "ArrowUp" => number.further(from, steps),
        "ArrowLeft" | "ArrowDown" => number.further(from, -steps),
        "Home" => number.low,
        "End" => number.high,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use evm_lanes_core::scenario::lesson::number;

    use super::*;

    fn number(text: &str) -> Number {
        number::at(text).expect("a form").1.expect("a number")
    }

    #[test]
    fn a_hand_goes_through_all_values_within_the_screen() {
        let lanes = number("[2 lanes](set:lanes \"1..16\")");
        assert_eq!([0.0, 10.0, 21.4, -30.0, 5_000.0].map(|way| dragged(&lanes, 2, way)), [2, 2, 3, 1, 16]);
        let two = number("[1](set:seed \"1..2\")");
        assert_eq!([11.0, 13.0].map(|way| dragged(&two, 1, way)), [1, 2]);
        for text in ["[5](set:seed \"0..1000\")", "[5](set:/a \"0..9007199254740992\")"] {
            let many = number(text);
            assert_eq!(dragged(&many, many.low, 1_300.0), many.high, "{text}");
            assert_eq!(dragged(&many, many.high, -1_300.0), many.low, "{text}");
        }
    }

    #[test]
    fn keys_and_clicks_do_the_same_in_steps() {
        let repeat = number("[8 payments](set:/transactions/0/repeat \"8..96 by 8\")");
        for (key, shift, expected) in [
            ("ArrowRight", false, Some(40)),
            ("ArrowUp", false, Some(40)),
            ("ArrowLeft", false, Some(24)),
            ("ArrowDown", false, Some(24)),
            ("ArrowRight", true, Some(96)),
            ("Home", false, Some(8)),
            ("End", false, Some(96)),
            ("PageDown", false, None),
            ("Enter", false, None),
        ] {
            assert_eq!(typed(&repeat, 32, key, shift), expected, "{key}");
        }
        assert_eq!((clicked(&repeat, 32, 10.0, 60.0), clicked(&repeat, 32, 40.0, 60.0)), (24, 40));
    }
}
