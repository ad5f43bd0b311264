//! In which directions from a place an edge passes near some places and beside others: S2's polyline simplifier
//! (<https://github.com/google/s2geometry>).

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use super::sphere::Point;

/// What directions may be off by rounding.
const SLACK: f64 = 1e-14;

/// A disc to pass beside: where its middle lies, how wide half of it is, and whether it lies left of the way.
struct Beside {
    middle: f64,
    half: f64,
    is_left: bool,
}

/// Directions from a place.
pub(super) struct Window {
    from: Point,
    right: Point,
    up: Point,
    /// Angles, once a disc is to be passed through; they are counted from its middle.
    span: Option<Span>,
    /// Discs to pass beside that wait for that.
    waiting: Vec<Beside>,
}

struct Span {
    zero: f64,
    low: f64,
    high: f64,
}

impl Window {
    pub(super) fn new(from: Point) -> Window {
        let (right, up) = from.axes();
        Window { from, right, up, span: None, waiting: Vec::new() }
    }

    fn direction(&self, place: Point) -> f64 {
        let way = place.minus(self.from);
        way.dot(self.up).atan2(way.dot(self.right))
    }

    /// Half the angle under which a disc is seen; none from within it.
    fn half(&self, place: Point, radius: f64) -> Option<f64> {
        let away = self.from.angle(place);
        (away > radius).then(|| (radius.sin() / away.sin()).min(1.0).asin())
    }

    /// Leaves the directions that pass through a disc; whether there are any.
    pub(super) fn pass_through(&mut self, place: Point, radius: f64) -> bool {
        let Some(half) = self.half(place, radius) else { return true };
        let (middle, half) = (self.direction(place), half - SLACK);
        let span = self.span.get_or_insert(Span { zero: middle, low: -FRAC_PI_2, high: FRAC_PI_2 });
        let middle = turned(middle - span.zero);
        (span.low, span.high) = (span.low.max(middle - half), span.high.min(middle + half));
        for disc in std::mem::take(&mut self.waiting) {
            self.narrow(&disc);
        }
        self.span.as_ref().is_some_and(|span| span.low <= span.high)
    }

    /// Leaves the directions that pass beside a disc; whether there are any.
    pub(super) fn pass_beside(&mut self, place: Point, radius: f64, is_left: bool) -> bool {
        let Some(half) = self.half(place, radius) else { return false };
        let disc = Beside { middle: self.direction(place), half: half + SLACK, is_left };
        if self.span.is_none() {
            self.waiting.push(disc);
            return true;
        }
        self.narrow(&disc);
        self.span.as_ref().is_some_and(|span| span.low <= span.high)
    }

    /// Takes away a disc and a right angle on its other side.
    fn narrow(&mut self, disc: &Beside) {
        let Some(span) = &mut self.span else { return };
        let (low, high) = disc.taken(span.zero);
        if span.low <= low && high <= span.high {
            // What lies on the other side of the disc leads away.
            if disc.is_left {
                span.high = low;
            } else {
                span.low = high;
            }
        } else if low <= span.low && span.high <= high {
            span.low = f64::INFINITY;
        } else if (span.low..=span.high).contains(&low) {
            span.high = low;
        } else if (span.low..=span.high).contains(&high) {
            span.low = high;
        }
    }

    /// Whether an edge to there has one of the directions.
    pub(super) fn has(&self, place: Point) -> bool {
        let direction = self.direction(place);
        let in_span =
            self.span.as_ref().is_none_or(|span| (span.low..=span.high).contains(&turned(direction - span.zero)));
        let is_beside = |disc: &Beside| {
            let (low, high) = disc.taken(direction);
            !(low..=high).contains(&0.0)
        };
        in_span && self.waiting.iter().all(is_beside)
    }
}

impl Beside {
    /// The directions that it takes, counted from another.
    fn taken(&self, zero: f64) -> (f64, f64) {
        let middle = turned(self.middle - zero);
        if self.is_left { (middle - self.half, middle + FRAC_PI_2) } else { (middle - FRAC_PI_2, middle + self.half) }
    }
}

/// An angle from -π to π.
fn turned(angle: f64) -> f64 {
    (angle + PI).rem_euclid(TAU) - PI
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(longitude: f64, latitude: f64) -> Point {
        Point::from_degrees(longitude, latitude).unwrap_or(Point([0.0; 3]))
    }

    #[test]
    fn through_discs_and_beside_them() {
        let degree = 1_f64.to_radians();
        let mut window = Window::new(place(10.0, 0.0));
        // From within a disc every way passes through it.
        assert!(window.pass_through(place(10.5, 0.0), degree) && window.has(place(0.0, 0.0)));
        // One that waits, until there is a way.
        assert!(window.pass_beside(place(14.0, 1.0), 0.5 * degree, true));
        assert!(window.pass_through(place(15.0, 0.0), degree));
        assert!(window.has(place(20.0, 0.0)) && window.has(place(20.0, -1.9)));
        assert!(!window.has(place(20.0, -2.1)) && !window.has(place(20.0, 1.9)) && !window.has(place(0.0, 0.0)));
        assert!(window.pass_beside(place(16.0, -1.0), 0.5 * degree, false));
        assert!(window.has(place(20.0, 0.0)) && !window.has(place(20.0, -1.0)));
        // Nothing is left between.
        assert!(!window.pass_beside(place(18.0, 0.0), 2.0 * degree, true));
        assert!(!Window::new(place(0.0, 0.0)).pass_beside(place(0.0, 0.5), degree, true));
    }

    #[test]
    fn angles_go_round() {
        // To the west, where the angle jumps from one end to the other.
        let degree = 1_f64.to_radians();
        let mut window = Window::new(place(0.0, 0.0));
        assert!(window.pass_through(place(-5.0, 0.5), degree) && window.pass_through(place(-8.0, -0.5), degree));
        assert!(window.has(place(-20.0, 0.0)) && !window.has(place(-20.0, 2.0)) && !window.has(place(20.0, 0.0)));
    }
}
