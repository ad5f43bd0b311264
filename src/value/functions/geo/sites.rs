//! The corners that stay where none may be nearer to another than a distance, and over which of them edges then go: S2's snap
//! rounding (<https://github.com/google/s2geometry>, `S2Builder` with its identity snap function). No edge comes to lie on the
//! other side of a corner, so what did not cross does not cross afterwards.

use std::collections::HashMap;

use super::edges::{Edge, Looks, middle, widest};
use super::s2;
use super::sphere::Point;

/// How often corners are added where edges would pass too near to others.
const ROUNDS: usize = 16;

/// By how much an edge that is moved may be farther from where it was than its ends are, for those that go far round the ball.
pub(super) const DEVIATION: f64 = 1.1;

/// What of the distance an edge keeps from corners that it does not go over.
pub(super) const KEPT: f64 = 0.5;

/// The corners that stay, and the edges over them.
pub(super) struct Sites {
    pub(super) places: Vec<Point>,
    /// Of each edge the sites near it, from its start on.
    pub(super) near: Vec<Vec<usize>>,
    /// Of each edge the sites that it goes over.
    pub(super) ways: Vec<Vec<usize>>,
}

impl Sites {
    /// None where that takes more looks than are left.
    pub(super) fn of(edges: &[Edge], distance: f64, left: &mut Looks) -> Option<Sites> {
        let (places, moved) = chosen(edges, distance, left)?;
        let mut sites = Sites { places, near: Vec::new(), ways: Vec::new() };
        sites.near = sites.around(edges, distance, left)?;
        if !moved && !sites.is_passed(edges, distance) {
            // What is simple already stays as it is.
            let at: HashMap<[u64; 3], usize> = sites.places.iter().enumerate().map(|(at, p)| (p.bits(), at)).collect();
            let site = |place: &Point| at.get(&place.bits()).copied();
            sites.ways = edges.iter().map(|(a, b)| Some(vec![site(a)?, site(b)?])).collect::<Option<_>>()?;
            return Some(sites);
        }
        let mut again: Vec<usize> = (0..edges.len()).collect();
        sites.ways = vec![Vec::new(); edges.len()];
        for _ in 0..ROUNDS {
            let mut touched = vec![false; edges.len()];
            for at in again {
                left.take(sites.near.get(at).map_or(0, Vec::len))?;
                sites.set_way(edges, at, distance);
                for place in sites.wanted(edges, at, distance) {
                    sites.add(place, edges, distance, &mut touched, left)?;
                }
            }
            again = (0..edges.len()).filter(|at| touched.get(*at) == Some(&true)).collect();
            if again.is_empty() {
                return Some(sites);
            }
        }
        None
    }

    /// The sites near each edge.
    fn around(&self, edges: &[Edge], distance: f64, left: &mut Looks) -> Option<Vec<Vec<usize>>> {
        let axis = widest(self.places.iter().copied());
        let along = |place: &Point| place.0[axis];
        let mut sorted: Vec<usize> = (0..self.places.len()).collect();
        sorted.sort_by(|a, b| along(&self.places[*a]).total_cmp(&along(&self.places[*b])));
        let reach = reach(distance);
        let of = |(a, b): &Edge| {
            let slack = a.minus(*b).norm() + reach;
            let (low, high) = (along(a).min(along(b)) - slack, along(a).max(along(b)) + slack);
            let first = sorted.partition_point(|site| along(&self.places[*site]) < low);
            let mut near = Vec::new();
            for site in sorted.iter().skip(first).take_while(|site| along(&self.places[**site]) <= high) {
                left.take(1)?;
                let place = self.places[*site];
                if place.angle(place.nearest(*a, *b)) <= reach {
                    near.push(*site);
                }
            }
            near.sort_by(|p, q| self.places[*p].angle(*a).total_cmp(&self.places[*q].angle(*a)));
            Some(near)
        };
        edges.iter().map(of).collect()
    }

    /// Whether an edge passes nearer to a corner that is not its own than it may.
    fn is_passed(&self, edges: &[Edge], distance: f64) -> bool {
        edges.iter().zip(&self.near).any(|((a, b), near)| {
            near.iter().map(|site| self.places[*site]).any(|place| {
                let is_end = place.bits() == a.bits() || place.bits() == b.bits();
                !is_end && place.angle(place.nearest(*a, *b)) < KEPT * distance
            })
        })
    }

    /// Over which sites an edge goes: those whose neighbourhood it passes, each nearer to a part of it than all others.
    fn set_way(&mut self, edges: &[Edge], at: usize, distance: f64) {
        let (Some((x, y)), Some(near)) = (edges.get(at), self.near.get(at)) else { return };
        let mut way: Vec<usize> = Vec::new();
        for site in near {
            let c = self.places[*site];
            if c.angle(c.nearest(*x, *y)) > distance {
                continue;
            }
            let mut stays = true;
            while let Some(before) = way.last() {
                let b = self.places[*before];
                if b.angle(c) >= 2.0 * distance {
                    break;
                }
                match nearer(b, c, (*x, *y), distance) {
                    Some(Nearer::First) => {
                        stays = false;
                        break;
                    }
                    Some(Nearer::Second) => {}
                    None => {
                        let Some(a) = way.len().checked_sub(2).map(|at| self.places[way[at]]) else { break };
                        if a.angle(c) >= 2.0 * distance || !is_between(a, b, c, (*x, *y)) {
                            break;
                        }
                    }
                }
                way.pop();
            }
            if stays {
                way.push(*site);
            }
        }
        if let Some(known) = self.ways.get_mut(at) {
            *known = way;
        }
    }

    /// Where sites are wanted, so that the edge's way keeps away from others and stays near the edge.
    fn wanted(&self, edges: &[Edge], at: usize, distance: f64) -> Vec<Point> {
        let (Some(edge), Some(near), Some(way)) = (edges.get(at), self.near.get(at), self.ways.get(at)) else {
            return Vec::new();
        };
        let (a, b) = *edge;
        let mut wanted = Vec::new();
        let mut others = near.iter().skip_while(|site| Some(*site) != way.first()).skip(1);
        for pair in way.windows(2) {
            let [from, to] = pair else { continue };
            let (p, q) = (self.places[*from], self.places[*to]);
            let far = p.angle(q) >= longest(distance);
            let half = middle(&(p, q));
            if far && half.angle(half.nearest(a, b)) > DEVIATION * distance {
                let half = middle(&(p.nearest(a, b), q.nearest(a, b)));
                wanted.push(gap(half, (p, q), (a, b), distance));
                return wanted;
            }
            let mut is_wanted = false;
            for other in others.by_ref().take_while(|site| *site != to) {
                let other = self.places[*other];
                if !is_wanted && other.angle(other.nearest(p, q)) < KEPT * distance {
                    wanted.push(gap(other, (p, q), (a, b), distance));
                    is_wanted = true;
                }
            }
        }
        wanted
    }

    /// One more site; marks the edges that it is near to.
    fn add(
        &mut self,
        place: Point,
        edges: &[Edge],
        distance: f64,
        touched: &mut [bool],
        left: &mut Looks,
    ) -> Option<()> {
        left.take(edges.len())?;
        let site = self.places.len();
        self.places.push(place);
        for ((edge, near), touched) in edges.iter().zip(&mut self.near).zip(touched) {
            let (a, b) = *edge;
            if place.angle(place.nearest(a, b)) <= reach(distance) {
                left.take(near.len())?;
                let away = place.angle(a);
                let at =
                    near.partition_point(|other| self.places.get(*other).is_some_and(|other| other.angle(a) <= away));
                near.insert(at, site);
                *touched = true;
            }
        }
        Some(())
    }
}

/// How far from an edge sites count.
fn reach(distance: f64) -> f64 {
    (DEVIATION + KEPT) * distance
}

/// From which length on an edge may be farther from where it was than its ends are.
pub(super) fn longest(distance: f64) -> f64 {
    2.0 * (distance.sin() / (DEVIATION * distance).sin()).acos()
}

/// Ends of edges, each farther from those before it than the distance, and whether any is left out. They come in the order of
/// their cells, as S2's do.
fn chosen(edges: &[Edge], distance: f64, left: &mut Looks) -> Option<(Vec<Point>, bool)> {
    let mut ends: Vec<(u64, Point)> =
        edges.iter().flat_map(|(a, b)| [*a, *b]).map(|p| (s2::leaf_number(p), p)).collect();
    ends.sort_by(|(a, p), (b, q)| a.cmp(b).then_with(|| p.0.map(f64::to_bits).cmp(&q.0.map(f64::to_bits))));
    ends.dedup_by_key(|(_, place)| place.bits());
    let side = 2.0 * (distance / 2.0).sin();
    let mut sites: Vec<Point> = Vec::new();
    let mut boxes: HashMap<[i64; 3], Vec<Point>> = HashMap::new();
    let mut moved = false;
    for (_, place) in ends {
        let key = place.0.map(|x| (x / side).floor() as i64);
        let mut is_near = false;
        for n in 0..27 {
            let beside = [key[0] + n % 3 - 1, key[1] + n / 3 % 3 - 1, key[2] + n / 9 - 1];
            let known = boxes.get(&beside).map(Vec::as_slice).unwrap_or_default();
            left.take(known.len())?;
            is_near |= known.iter().any(|site| site.angle(place) <= distance);
        }
        moved |= is_near;
        if !is_near {
            boxes.entry(key).or_default().push(place);
            sites.push(place);
        }
    }
    Some((sites, moved))
}

/// Which of two sites is nearer to all of an edge that the other one is near to.
enum Nearer {
    First,
    Second,
}

/// Of two sites that are near an edge, the first one nearer to its start.
fn nearer(b: Point, c: Point, (x, y): Edge, distance: f64) -> Option<Nearer> {
    if b.angle(y) <= c.angle(y) {
        return Some(Nearer::First);
    }
    let normal = x.across(y).unit()?;
    // The part of the edge's circle that is within the distance of a site: its middle and half of its length.
    let part = |site: Point| {
        let off = site.dot(normal).asin();
        let half = (distance.cos() / off.cos()).min(1.0).acos();
        (site.dot(normal.cross(x)).atan2(site.dot(x)), half)
    };
    let ((at_b, half_b), (at_c, half_c)) = (part(b), part(c));
    if (at_b - at_c).abs() > (half_b - half_c).abs() {
        return None;
    }
    Some(if half_b > half_c { Nearer::First } else { Nearer::Second })
}

/// Whether two sites, one before and one behind, are nearer to all of an edge than the one between: so it is where the place that is
/// as far from all three lies on that one's side of the edge.
fn is_between(a: Point, b: Point, c: Point, (x, y): Edge) -> bool {
    let is_left = b.side(x, y) > 0.0;
    let turns_left = c.side(a, b) > 0.0;
    if is_left == turns_left {
        return false;
    }
    let up = b.minus(a).cross(c.minus(a));
    let centre = if turns_left { up } else { up.times(-1.0) };
    (centre.dot(x.across(y)) > 0.0) == is_left
}

/// The place on an edge nearest to another, between what the sites on both sides are near to.
fn gap(other: Point, (p, q): Edge, (x, y): Edge, distance: f64) -> Point {
    let place = other.nearest(x, y);
    let normal = x.across(y);
    let (low, high) = (last_near(p, normal, distance), last_near(q, normal.times(-1.0), distance));
    let way = y.minus(x);
    if place.minus(low).dot(way) < 0.0 {
        low
    } else if high.minus(place).dot(way) < 0.0 {
        high
    } else {
        place
    }
}

/// The last place along a circle, to the left of its axis, that is within a distance of a site.
fn last_near(site: Point, normal: Point, distance: f64) -> Point {
    let Some(axis) = normal.unit() else { return site };
    let off = site.dot(axis);
    let Some(foot) = site.minus(axis.times(off)).unit() else { return site };
    let half = (distance.cos() / off.asin().cos()).min(1.0).acos();
    foot.ahead(axis.cross(foot), half)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A place beside where the equator begins, in units of a thousandth of a degree.
    fn place(x: f64, y: f64) -> Point {
        Point::from_degrees(x / 1000.0, y / 1000.0).unwrap_or(Point([0.0; 3]))
    }

    fn edge((x, y): (f64, f64), (u, v): (f64, f64)) -> Edge {
        (place(x, y), place(u, v))
    }

    fn distance(units: f64) -> f64 {
        (units / 1000.0).to_radians()
    }

    fn sites(edges: &[Edge], units: f64) -> Sites {
        let none = Sites { places: Vec::new(), near: Vec::new(), ways: Vec::new() };
        Sites::of(edges, distance(units), &mut Looks::new()).unwrap_or(none)
    }

    #[test]
    fn a_way_goes_over_what_is_nearest() {
        // The one in the middle is nearer to no part of the edge than one of its neighbours.
        let (a, b, c) = ((-8.0, 0.0), (0.0, 9.0), (8.0, 0.0));
        let edges =
            [edge((-30.0, 0.0), (30.0, 0.0)), edge(a, (-8.0, -50.0)), edge(b, (0.0, 60.0)), edge(c, (8.0, -50.0))];
        let found = sites(&edges, 10.0);
        let way: Vec<Point> = found.ways.iter().take(1).flatten().map(|site| found.places[*site]).collect();
        assert_eq!(way, [place(-30.0, 0.0), place(-8.0, 0.0), place(8.0, 0.0), place(30.0, 0.0)]);
    }

    #[test]
    fn what_is_far_apart_stays() {
        let edges = [edge((0.0, 0.0), (100.0, 0.0)), edge((100.0, 0.0), (100.0, 50.0))];
        let found = sites(&edges, 10.0);
        let ways = found.ways.iter().map(|way| way.iter().map(|site| found.places[*site]).collect::<Vec<_>>());
        let expected = edges.iter().map(|(a, b)| vec![*a, *b]);
        assert_eq!(ways.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }

    #[test]
    fn ways_keep_away_from_others() {
        // Both ends move up to neighbours, towards a place that is too far away to be gone over: whichever way up is chosen.
        let mut added = 0;
        for (sign, turned) in [(1.0, false), (-1.0, false), (1.0, true), (-1.0, true)] {
            let at = |x: f64, y: f64| if turned { (y * sign, x) } else { (x, y * sign) };
            let edges = [
                edge(at(0.0, 0.0), at(200.0, 0.0)),
                edge(at(0.0, 9.0), at(-90.0, 9.0)),
                edge(at(200.0, 9.0), at(290.0, 9.0)),
                edge(at(100.0, 11.0), at(100.0, 90.0)),
            ];
            let found = sites(&edges, 10.0);
            added += found.places.len().saturating_sub(edges.len() * 2 - 2);
            for way in &found.ways {
                for pair in way.windows(2) {
                    let [a, b] = *pair else { continue };
                    let (a, b) = (found.places[a], found.places[b]);
                    for other in found.places.iter().filter(|other| **other != a && **other != b) {
                        let away = other.angle(other.nearest(a, b));
                        assert!(away > KEPT * distance(10.0) * 0.999, "{away}");
                    }
                }
            }
        }
        assert!(added > 0);
    }
}
