//! What curves go round more often than never: they are cut where they cross, and what lies between is followed from edge to edge.

use std::collections::HashMap;

use super::edges::{Edge, Looks, middle, split};
use super::offset::{Curves, KNOWN};
use super::overlay::{Corners, Rings, followed};
use super::polygon::edges;
use super::sphere::Point;

/// How often edges are cut again: where three cross near one place, parts may cross anew.
const ROUNDS: usize = 4;

/// An edge, with how many curves go along it to its end more than to its start.
struct Side {
    ends: Edge,
    count: i64,
    number: usize,
}

/// The rings round all that curves go round more often than never, which lies on their left. None where that takes more looks
/// than are left, or edges lie so near each other that it cannot be told.
pub(super) fn enclosed(curves: &Curves<'_>, left: &mut Looks) -> Option<Rings> {
    let sides = sides(&curves.closed, left)?;
    let faces = Faces::of(&sides);
    let windings = faces.windings(&sides, curves.around, left)?;
    let winding = |half: usize| windings.get(half).copied().flatten().unwrap_or(0);
    let kept = sides.iter().enumerate().filter_map(|(at, side)| {
        let (a, b) = side.ends;
        match (winding(2 * at) > 0, winding(2 * at + 1) > 0) {
            (true, false) => Some(((a, b), side.number)),
            (false, true) => Some(((b, a), side.number)),
            _ => None,
        }
    });
    Some(followed(kept.collect()))
}

/// The edges of curves, cut where they cross. One that is gone along as often either way is none.
fn sides(closed: &[Vec<Point>], left: &mut Looks) -> Option<Vec<Side>> {
    let mut corners = Corners::default();
    let all = closed.iter().flat_map(|curve| edges(curve));
    let mut whole: Vec<(Edge, usize)> = all.enumerate().map(|(number, edge)| (edge, number)).collect();
    for _ in 0..ROUNDS {
        whole.iter_mut().for_each(|((a, b), _)| (*a, *b) = (corners.of(*a), corners.of(*b)));
        whole.retain(|((a, b), _)| a != b);
        let count = whole.len();
        whole = split(&whole, left)?;
        if whole.len() == count {
            break;
        }
    }
    let mut sides: Vec<Side> = Vec::new();
    let mut known = HashMap::new();
    for ((a, b), number) in whole {
        let (ends, count) = if a.bits() <= b.bits() { ((a, b), 1) } else { ((b, a), -1) };
        let at = *known.entry((ends.0.bits(), ends.1.bits())).or_insert(sides.len());
        match sides.get_mut(at) {
            Some(side) => side.count += count,
            None => sides.push(Side { ends, count, number }),
        }
    }
    sides.retain(|side| side.count != 0);
    Some(sides)
}

/// What lies between edges. Each edge is two halves: that of its number doubled goes from its start to its end, the next one back;
/// the face is what lies left of it.
struct Faces {
    /// The half that goes on round the same face.
    onward: Vec<usize>,
}

impl Faces {
    fn of(sides: &[Side]) -> Faces {
        let mut leaving: HashMap<[u64; 3], Vec<usize>> = HashMap::new();
        for (at, side) in sides.iter().enumerate() {
            leaving.entry(side.ends.0.bits()).or_default().push(2 * at);
            leaving.entry(side.ends.1.bits()).or_default().push(2 * at + 1);
        }
        let mut onward = vec![0; 2 * sides.len()];
        for halves in leaving.values() {
            let mut turned: Vec<(f64, usize)> =
                halves.iter().map(|half| (azimuth(&ends(sides, *half)), *half)).collect();
            turned.sort_by(|a, b| a.0.total_cmp(&b.0));
            // From one that comes in along `half` the next to the right goes on round the same face.
            for ((_, next), (_, half)) in turned.iter().zip(turned.iter().cycle().skip(1)) {
                if let Some(onward) = onward.get_mut(half ^ 1) {
                    *onward = *next;
                }
            }
        }
        Faces { onward }
    }

    /// How often the curves go round the face of each half. None where the edges contradict each other.
    fn windings(&self, sides: &[Side], around: i64, left: &mut Looks) -> Option<Vec<Option<i64>>> {
        let mut windings: Vec<Option<i64>> = vec![None; self.onward.len()];
        for first in 0..self.onward.len() {
            if windings[first].is_some() {
                continue;
            }
            // Edges that hang together need one place from which is counted.
            let mut waiting = vec![(first, counted(sides, first, around, left)?)];
            while let Some((start, winding)) = waiting.pop() {
                let mut half = start;
                while windings[half].is_none() {
                    windings[half] = Some(winding);
                    let count = sides.get(half / 2)?.count;
                    waiting.push((half ^ 1, if half % 2 == 0 { winding - count } else { winding + count }));
                    half = *self.onward.get(half)?;
                }
                if windings[half] != Some(winding) {
                    return None;
                }
            }
        }
        Some(windings)
    }
}

/// The ends of a half in its direction.
fn ends(sides: &[Side], half: usize) -> Edge {
    let (a, b) = sides.get(half / 2).map_or((KNOWN, KNOWN), |side| side.ends);
    if half.is_multiple_of(2) { (a, b) } else { (b, a) }
}

/// The angle of an edge at its start, counterclockwise, the same for all that start there.
fn azimuth((a, b): &Edge) -> f64 {
    let (right, up) = a.axes();
    let way = b.minus(*a);
    way.dot(up).atan2(way.dot(right))
}

/// How often the curves go round what lies left of a half: what they do at the known place, and one more or less for each that is
/// crossed on the way.
fn counted(sides: &[Side], half: usize, around: i64, left: &mut Looks) -> Option<i64> {
    left.take(sides.len())?;
    let own = sides.get(half / 2)?;
    let goal = middle(&own.ends);
    let mut winding = around;
    for (at, side) in sides.iter().enumerate() {
        let (a, b) = side.ends;
        let begins_left = a.side(b, KNOWN) > 0.0;
        if at == half / 2 {
            // The way ends on the edge: on its left or its right.
            let beyond = begins_left != half.is_multiple_of(2);
            let more = if half.is_multiple_of(2) { side.count } else { -side.count };
            winding += if beyond { more } else { 0 };
            continue;
        }
        let ends_left = a.side(b, goal) > 0.0;
        let (a_left, b_left) = (KNOWN.side(goal, a) > 0.0, KNOWN.side(goal, b) > 0.0);
        // On the other side of the ball the circles meet too.
        if begins_left != ends_left && a_left != b_left && begins_left == b_left {
            winding += if ends_left { side.count } else { -side.count };
        }
    }
    Some(winding)
}
