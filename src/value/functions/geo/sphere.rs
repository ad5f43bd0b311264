//! Places on a ball of radius 1: what lies between them, and how far.

/// Of the ball that Kusto takes the earth for, in metres: what its documented distance comes out with, to the last digit.
pub(super) const RADIUS: f64 = 6_371_010.0;

/// How near two places may be to be the same, and to the other side of the ball to be opposite, in radians.
const SAME: f64 = 1e-15;

/// A place: x to longitude 0, z to the north pole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point(pub(super) [f64; 3]);

impl Point {
    /// The place with that longitude and latitude, if there is one.
    pub(super) fn from_degrees(longitude: f64, latitude: f64) -> Option<Point> {
        let valid = (-180.0..=180.0).contains(&longitude) && (-90.0..=90.0).contains(&latitude);
        valid.then(|| {
            // The zero below zero is the same place.
            let (longitude, latitude) = ((longitude + 0.0).to_radians(), (latitude + 0.0).to_radians());
            Point([latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()])
        })
    }

    /// What two have in common that are the same to the last bit, for sets of them.
    pub(super) fn bits(self) -> [u64; 3] {
        self.0.map(f64::to_bits)
    }

    /// Its longitude and latitude.
    pub(super) fn degrees(self) -> (f64, f64) {
        let [x, y, z] = self.0;
        (y.atan2(x).to_degrees(), z.atan2(x.hypot(y)).to_degrees())
    }

    pub(super) fn dot(self, other: Point) -> f64 {
        self.0.iter().zip(other.0).map(|(a, b)| a * b).sum()
    }

    pub(super) fn cross(self, other: Point) -> Point {
        let ([a, b, c], [x, y, z]) = (self.0, other.0);
        Point([b * z - c * y, c * x - a * z, a * y - b * x])
    }

    pub(super) fn plus(self, other: Point) -> Point {
        let ([a, b, c], [x, y, z]) = (self.0, other.0);
        Point([a + x, b + y, c + z])
    }

    pub(super) fn times(self, factor: f64) -> Point {
        Point(self.0.map(|x| x * factor))
    }

    pub(super) fn norm(self) -> f64 {
        self.dot(self).sqrt()
    }

    /// The same direction with length 1, if it has one.
    pub(super) fn unit(self) -> Option<Point> {
        let norm = self.norm();
        (norm > 0.0 && norm.is_finite()).then(|| self.times(1.0 / norm))
    }

    /// The angle between two directions, in radians; exact to the last digits also where it is tiny.
    pub(super) fn angle(self, other: Point) -> f64 {
        self.across(other).norm().atan2(2.0 * self.dot(other))
    }

    /// Twice the cross product, of places that may be so near that the plain one loses its digits.
    pub(super) fn across(self, other: Point) -> Point {
        self.plus(other).cross(other.plus(self.times(-1.0)))
    }

    /// The direction to another place, clockwise from north.
    pub(super) fn azimuth(self, to: Point) -> Option<f64> {
        let angle = self.angle(to);
        if !(SAME..=std::f64::consts::PI - SAME).contains(&angle) {
            return None;
        }
        let ((from_longitude, from), (to_longitude, to)) = (self.degrees(), to.degrees());
        let (turn, from, to) = ((to_longitude - from_longitude).to_radians(), from.to_radians(), to.to_radians());
        let east = turn.sin() * to.cos();
        let north = from.cos() * to.sin() - from.sin() * to.cos() * turn.cos();
        Some(east.atan2(north).rem_euclid(std::f64::consts::TAU))
    }

    /// The place on the way to another that is so many radians away.
    pub(super) fn towards(self, other: Point, angle: f64) -> Point {
        let side = self.across(other).cross(self).unit();
        side.map_or(self, |side| self.times(angle.cos()).plus(side.times(angle.sin())))
    }

    /// The place so many radians away in a direction that is at a right angle to it.
    pub(super) fn ahead(self, direction: Point, angle: f64) -> Point {
        let place = self.times(angle.cos()).plus(direction.times(angle.sin()));
        place.unit().unwrap_or(place)
    }

    /// Two directions at right angles to it and to each other, for angles round it.
    pub(super) fn axes(self) -> (Point, Point) {
        let pole = if self.0[2].abs() < 0.8 { Point([0.0, 0.0, 1.0]) } else { Point([1.0, 0.0, 0.0]) };
        let right = pole.cross(self).unit().unwrap_or(pole);
        (right, self.cross(right))
    }

    pub(super) fn minus(self, other: Point) -> Point {
        self.plus(other.times(-1.0))
    }

    /// Above zero if it lies left of the way from `a` to `b`, below if right: how far, times the length of the way. Of differences,
    /// for the plain product of places near each other is nothing but rounding.
    pub(super) fn side(self, a: Point, b: Point) -> f64 {
        self.dot(a.minus(self).cross(b.minus(self)))
    }

    /// The place between `a` and `b` that is nearest.
    pub(super) fn nearest(self, a: Point, b: Point) -> Point {
        let normal = a.across(b);
        let foot = self.plus(normal.times(-self.dot(normal) / normal.dot(normal)));
        // The foot of the perpendicular counts if it lies between the ends.
        match foot.unit() {
            Some(foot) if normal.cross(a).dot(foot) > 0.0 && foot.dot(b.cross(normal)) > 0.0 => foot,
            _ if self.angle(a) <= self.angle(b) => a,
            _ => b,
        }
    }
}
