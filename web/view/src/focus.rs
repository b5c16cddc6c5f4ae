//! Where the focus goes when the control that has it disappears or can no longer be used.

/// The successor of `before[at]`. `before` are the controls of the page in their order while that one had the focus,
/// `now` those that are there afterwards. `near` says how close a control is to the lost one: the depth of the innermost
/// element that held both.
///
/// A control that has newly appeared in the lost one's place comes first. Else it is the neighbour that is nearer; of
/// two that are equally near the one before it, because what follows a button may do what nobody wants to do by
/// pressing Enter twice (*Remove* follows *Run*).
pub fn successor<T: Copy + PartialEq>(
    before: &[T],
    at: usize,
    now: &[T],
    near: impl Fn(T) -> usize,
) -> Option<T> {
    let is_there = |control: &&T| now.contains(control);
    let previous = before.get(..at)?.iter().rev().find(is_there).copied();
    let next = before.get(at + 1..)?.iter().find(is_there).copied();
    let place = |control: T| now.iter().position(|other| *other == control);
    let from = previous.and_then(place).map_or(0, |at| at + 1);
    let to = next.and_then(place).unwrap_or(now.len());
    let new = now.get(from..to).unwrap_or_default().iter().find(|control| !before.contains(control)).copied();
    new.or(match (previous, next) {
        (Some(previous), Some(next)) if near(next) > near(previous) => Some(next),
        (Some(previous), _) => Some(previous),
        (None, next) => next,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_replaces_a_control_has_its_focus() {
        assert_eq!(successor(&['a', 'b', 'c'], 1, &['a', 'x', 'c'], |_| 0), Some('x'));
        assert_eq!(successor(&['a', 'b'], 1, &['a', 'x'], |_| 0), Some('x'));
        assert_eq!(successor(&['b'], 0, &['x'], |_| 0), Some('x'));
    }

    #[test]
    fn else_the_nearer_neighbour_has_it() {
        let near = |inner: char| move |control: char| usize::from(control == inner);
        assert_eq!(successor(&['a', 'b', 'c'], 1, &['a', 'c'], near('c')), Some('c'));
        assert_eq!(successor(&['a', 'b', 'c'], 1, &['a', 'c'], near('a')), Some('a'));
        assert_eq!(successor(&['a', 'b', 'c'], 1, &['a', 'c'], |_| 2), Some('a'));
    }

    #[test]
    fn a_whole_group_may_go() {
        assert_eq!(successor(&['a', 'b', 'c', 'd', 'e'], 2, &['a', 'e'], |_| 0), Some('a'));
        assert_eq!(successor(&['b', 'c', 'd'], 0, &['d'], |_| 0), Some('d'));
        assert_eq!(successor(&['a', 'b'], 1, &[], |_| 0), None);
        assert_eq!(successor(&['a'], 7, &['a'], |_| 0), None);
    }
}
