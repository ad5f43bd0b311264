//! Curves at a distance round places, lines and rings: closed, and drawn as they come, with no regard to where they cross. What
//! they go round more often than never is the buffer (Chen and McMains, "Polygon Offsetting by Computing Winding Numbers", 2005).
//!
//! Where the corners are is what S2's buffer operation has (<https://github.com/google/s2geometry>), with which the documented
//! answers agree to the last digits.

use std::f64::consts::{FRAC_PI_2, TAU};

use super::edges::along;
use super::sphere::{Point, RADIUS};

/// Where it is known how often the curves go round: beside the pole, on no round longitude, for shapes seldom pass there.
pub(super) const KNOWN: Point = Point([0.012_718_3, -0.008_327_1, 0.999_884_4]);

/// The shortest radius in metres: corners nearer to each other cannot be told apart.
const MIN_RADIUS: f64 = 1e-3;

/// The least and the most that the tolerance may be of the radius.
const MIN_SHARE: f64 = 1e-6;
const MAX_SHARE: f32 = 1.0 - f32::EPSILON;

/// How many corners the curves of one shape may have.
const MAX_CORNERS: usize = 1 << 18;

/// How far curves lie from a shape, and how far apart their corners; all are angles.
pub(super) struct Distance {
    radius: f64,
    /// From corner to corner of a circle, in whole parts of it.
    circle: f64,
    /// The same round a corner.
    bend: f64,
    /// From corner to corner along an edge.
    edge: f64,
}

impl Distance {
    /// None if the radius is not above zero, or reaches a quarter round the ball, and if the tolerance is less than a millionth of it.
    pub(super) fn new(metres: f64, tolerance: f64) -> Option<Distance> {
        let share = tolerance / metres;
        // The share has single precision there: the documented corners are off by millimetres else.
        let known = metres >= MIN_RADIUS && share >= MIN_SHARE;
        let share = f64::from((share as f32).min(MAX_SHARE));
        let radius = metres / RADIUS;
        let error = share * radius;
        (known && radius + error < FRAC_PI_2).then(|| {
            let bend = step(radius, error);
            // A hair more than a part, so that rounding adds no corner.
            let circle = TAU / (TAU / bend).ceil() + 1e-15;
            Distance { radius, circle, bend, edge: step(FRAC_PI_2 - radius, error) }
        })
    }
}

/// The angle between corners on a circle of a radius, so that its chords are no more than the error within it; a third at most.
fn step(radius: f64, error: f64) -> f64 {
    (2.0 * ((radius - error).tan() / radius.tan()).acos()).min(TAU / 3.0 + 1e-15)
}

/// The curves round shapes.
pub(super) struct Curves<'d> {
    distance: &'d Distance,
    /// Closed curves, each with its corners in order.
    pub(super) closed: Vec<Vec<Point>>,
    /// How often they go round [`KNOWN`].
    pub(super) around: i64,
    room: usize,
}

/// A curve in the making. Between it and the shape there is a stick that moves along: each triangle that it sweeps over is gone
/// round once more, or once less where it moves back.
struct Pen<'c, 'd> {
    curves: &'c mut Curves<'d>,
    corners: Vec<Point>,
    /// Where the stick stands on the shape, and where it began.
    foot: Point,
    start: Point,
}

impl<'d> Curves<'d> {
    pub(super) fn new(distance: &'d Distance) -> Curves<'d> {
        Curves { distance, closed: Vec::new(), around: 0, room: MAX_CORNERS }
    }

    /// A circle round a place. None, here and below, where there are too many corners.
    pub(super) fn round_place(&mut self, place: Point) -> Option<()> {
        let step = self.distance.circle;
        let mut pen = self.pen(place);
        let (mut direction, mut turned) = (across(place), 0.0);
        for _ in 0..4 {
            let left = place.cross(direction).unit()?;
            while turned < FRAC_PI_2 {
                pen.draw(direction.ahead(left, turned))?;
                turned += step;
            }
            turned -= FRAC_PI_2;
            direction = left;
        }
        pen.close();
        Some(())
    }

    /// There and back along a line, round both of its ends.
    pub(super) fn round_line(&mut self, line: &[Point]) -> Option<()> {
        let mut line = line.to_vec();
        line.dedup();
        let [first, second, ..] = *line.as_slice() else { return self.round_place(*line.first()?) };
        let mut pen = self.pen(first);
        let out = right_of(first, second);
        pen.bend(first, out.times(-1.0), out)?;
        pen.along_line(&line)?;
        line.reverse();
        let back = right_of(*line.first()?, *line.get(1)?);
        pen.bend(*line.first()?, back.times(-1.0), back)?;
        pen.along_line(&line)?;
        pen.close();
        Some(())
    }

    /// Along the right side of a ring, which has what it encloses on its left.
    pub(super) fn round_ring(&mut self, ring: &[Point]) -> Option<()> {
        let mut pen = self.pen(*ring.first()?);
        let from = |skip: usize| ring.iter().copied().cycle().skip(skip);
        for ((a, b), c) in from(0).zip(from(1)).zip(from(2)).take(ring.len()) {
            pen.edge(a, b)?;
            pen.corner(a, b, c)?;
        }
        pen.close();
        Some(())
    }

    fn pen(&mut self, start: Point) -> Pen<'_, 'd> {
        Pen { curves: self, corners: Vec::new(), foot: start, start }
    }
}

impl Pen<'_, '_> {
    /// A corner at the distance from where the stick stands.
    fn draw(&mut self, direction: Point) -> Option<()> {
        let corner = self.foot.ahead(direction, self.curves.distance.radius);
        self.draw_at(corner)
    }

    fn draw_at(&mut self, corner: Point) -> Option<()> {
        self.curves.room = self.curves.room.checked_sub(1)?;
        if let Some(last) = self.corners.last().copied() {
            self.sweep(self.foot, last, corner);
        }
        self.corners.push(corner);
        Some(())
    }

    fn foot_at(&mut self, place: Point) {
        if let Some(last) = self.corners.last().copied() {
            self.sweep(self.foot, last, place);
        }
        self.foot = place;
    }

    fn close(mut self) {
        if let (Some(first), Some(last)) = (self.corners.first().copied(), self.corners.last().copied()) {
            self.sweep(self.foot, last, self.start);
            self.sweep(self.start, last, first);
        }
        self.curves.closed.push(self.corners);
    }

    /// Counts a triangle that the stick has swept over.
    fn sweep(&mut self, a: Point, b: Point, c: Point) {
        let is_left = |x: Point, y: Point| x.side(y, KNOWN) > 0.0;
        let sides = [is_left(a, b), is_left(b, c), is_left(c, a)];
        if a.side(b, c) > 0.0 && sides == [true; 3] {
            self.curves.around += 1;
        } else if a.side(b, c) < 0.0 && sides == [false; 3] {
            self.curves.around -= 1;
        }
    }

    /// Round the place where the stick stands, from one direction to another, without the corner at its end.
    fn bend(&mut self, place: Point, from: Point, to: Point) -> Option<()> {
        let left = place.cross(from).unit()?;
        let (mut turned, whole) = (0.0, from.angle(to));
        loop {
            self.draw(from.ahead(left, turned))?;
            turned += self.curves.distance.bend;
            if turned >= whole {
                return Some(());
            }
        }
    }

    /// Along the right side of an edge, without the corner at its end.
    fn edge(&mut self, a: Point, b: Point) -> Option<()> {
        let (right, radius) = (right_of(a, b), self.curves.distance.radius);
        let forward = a.cross(right).unit()?;
        let (mut gone, whole) = (0.0, a.angle(b));
        loop {
            self.draw_at(a.ahead(forward, gone).ahead(right, radius))?;
            gone += self.curves.distance.edge;
            if gone >= whole {
                self.foot_at(b);
                return Some(());
            }
        }
    }

    /// Round the corner between two edges. One to the right is passed over the corner itself: what lies round it is then gone
    /// round for each of the edges, not for one of them less.
    fn corner(&mut self, a: Point, b: Point, c: Point) -> Option<()> {
        // Of differences, this is as much below zero for one who comes back: one side at least is bent.
        if b.side(c, a) >= 0.0 {
            return self.bend(b, right_of(a, b), right_of(b, c));
        }
        self.draw(right_of(a, b))?;
        self.draw_at(b)
    }

    /// Along the right side of a line, round its corners, without its ends.
    fn along_line(&mut self, line: &[Point]) -> Option<()> {
        let onward = line.iter().copied().skip(2).map(Some).chain([None]);
        for ((a, b), c) in along(line).zip(onward) {
            self.edge(a, b)?;
            if let Some(c) = c {
                self.corner(a, b, c)?;
            }
        }
        Some(())
    }
}

/// The direction to the right of an edge, the same all along it.
fn right_of(a: Point, b: Point) -> Point {
    let right = b.across(a);
    right.unit().unwrap_or(right)
}

/// A direction at a right angle to a place: the one in which a circle's first corner lies.
fn across(place: Point) -> Point {
    let [x, y, z] = place.0.map(f64::abs);
    let near = match (x > y, x > z, y > z) {
        (true, true, _) => [0.012, 0.0053, 1.0],
        (false, _, true) => [1.0, 0.0053, 0.004_57],
        _ => [0.012, 1.0, 0.004_57],
    };
    let direction = place.cross(Point(near));
    direction.unit().unwrap_or(direction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_keep_to_the_tolerance() {
        for (metres, tolerance) in [(20_000.0, 10.0), (4.0, 0.1), (1e6, 1.0), (100.0, 1e9)] {
            let Some(distance) = Distance::new(metres, tolerance) else { return assert_eq!(metres, 0.0) };
            // The middle of a chord is nearer than its ends, by the tolerance at most.
            let middle = (distance.radius.tan() * (distance.bend / 2.0).cos()).atan();
            assert!((distance.radius - middle) * RADIUS <= tolerance * 1.000_001, "{metres} {tolerance}");
            assert!(distance.circle <= distance.bend + 1e-14);
        }
    }

    #[test]
    fn what_is_no_distance() {
        for (metres, tolerance) in [
            (0.0, 1.0),
            (-1.0, 10.0),
            (f64::NAN, 1.0),
            (f64::INFINITY, 1.0),
            (10.0, 0.0),
            (10.0, -1.0),
            (10.0, f64::NAN),
            (1e7, 9.0),
            (10_008_000.0, 20.0),
        ] {
            assert!(Distance::new(metres, tolerance).is_none(), "{metres} {tolerance}");
        }
    }

    #[test]
    fn how_often_a_curve_goes_round() {
        let Some(distance) = Distance::new(100_000.0, 10.0) else { return assert_eq!(0, 1) };
        let around = |draw: &dyn Fn(&mut Curves<'_>) -> Option<()>| {
            let mut curves = Curves::new(&distance);
            draw(&mut curves).map(|()| curves.around)
        };
        let known = KNOWN.unit().unwrap_or(KNOWN);
        let (longitude, latitude) = known.degrees();
        let place = |east: f64, south: f64| Point::from_degrees(longitude + east, latitude - south).unwrap_or(known);
        let (near, far) = (place(3.0, 0.1), place(0.0, 5.0));
        assert_eq!(around(&|curves| curves.round_place(near)), Some(1));
        assert_eq!(around(&|curves| curves.round_place(far)), Some(0));
        // There and back over it.
        assert_eq!(around(&|curves| curves.round_line(&[far, near, far])), Some(2));
    }
}
