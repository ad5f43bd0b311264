//! Polygons laid over each other: what is in one of them, or in both.
//!
//! Edges are cut where they cross, and those are kept that have the result on their left and nothing of it on their right; then
//! they are followed round.

use std::collections::{HashMap, HashSet};

use super::edges::{Edge, Looks, bits, cut, middle};
use super::outline::is_closed;
use super::polygon::{edges, enclosed, encloses, excess};
use super::s2::leaf_number;
use super::sphere::Point;

/// Rings, each with what is enclosed on its left: holes go round clockwise.
pub(super) type Rings = Vec<Vec<Point>>;

/// A place to the last bit.
type Bits = [u64; 3];

/// What two have in common, and where they only touch.
pub(super) struct Common {
    pub(super) rings: Rings,
    /// Edges that both have, with nothing but one of them on either side.
    pub(super) edges: Vec<Edge>,
    /// Corners that both have, of none of these.
    pub(super) places: Vec<Point>,
}

/// What lies in one of two. None where that takes more looks than are left, or edges lie so near each other that it cannot be
/// told.
pub(super) fn union(a: &Rings, b: &Rings, left: &mut Looks) -> Option<Rings> {
    let (kept, _) = kept(a, b, false, left)?;
    is_closed(&kept.iter().map(|(edge, _)| *edge).collect::<Vec<_>>()).then(|| followed(kept))
}

/// What lies in both. None as of a union.
pub(super) fn common(a: &Rings, b: &Rings, left: &mut Looks) -> Option<Common> {
    let (kept, touching) = kept(a, b, true, left)?;
    if !is_closed(&kept.iter().map(|(edge, _)| *edge).collect::<Vec<_>>()) {
        return None;
    }
    let rings = followed(kept);
    let of_edges = touching.iter().flat_map(|(a, b)| [a.bits(), b.bits()]);
    let mut seen: HashSet<Bits> = rings.iter().flatten().map(|place| place.bits()).chain(of_edges).collect();
    let corners: HashSet<Bits> = b.iter().flatten().map(|corner| corner.bits()).collect();
    let places = a.iter().flatten().filter(|corner| corners.contains(&corner.bits()) && seen.insert(corner.bits()));
    let places = places.copied().collect();
    Some(Common { rings, edges: touching, places })
}

/// An edge and the number of the one that it is a part of, by which rings begin.
pub(super) type Numbered = (Edge, usize);

/// The edges round the result, and those that both have the other way round.
fn kept(a: &Rings, b: &Rings, within: bool, left: &mut Looks) -> Option<(Vec<Numbered>, Vec<Edge>)> {
    let sides = [a, b].map(|rings| rings.iter().flat_map(|ring| edges(ring)).collect::<Vec<Edge>>());
    let parts = cut(&sides, left)?;
    let known: Vec<HashSet<(Bits, Bits)>> =
        parts.iter().map(|edges| edges.iter().flatten().map(bits).collect()).collect();
    let (mut kept, mut touching) = (Vec::new(), Vec::new());
    for (own, (edges, other)) in parts.iter().zip([b, a]).enumerate() {
        let theirs = known.get(1 - own)?;
        let cost: usize = other.iter().map(Vec::len).sum();
        let first = if own == 0 { 0 } else { sides[0].len() };
        let numbered =
            edges.iter().zip(first..).flat_map(|(parts, number)| parts.iter().map(move |part| (part, number)));
        for (edge, number) in numbered {
            let (from, to) = *edge;
            if theirs.contains(&bits(&(to, from))) {
                if own == 0 {
                    touching.push(*edge);
                }
                continue;
            }
            // Of an edge that both have one counts.
            let is_in = if theirs.contains(&bits(edge)) {
                (own == 0) == within
            } else {
                left.take(cost)?;
                contain(other, middle(edge))
            };
            if is_in == within {
                kept.push((*edge, number));
            }
        }
    }
    Some((kept, touching))
}

/// Whether a place is in what rings enclose: in one and not in its hole.
fn contain(rings: &Rings, at: Point) -> bool {
    let enclosing = rings.iter().filter(|ring| {
        let turned: Vec<Point> = if is_shell(ring) { Vec::new() } else { ring.iter().rev().copied().collect() };
        encloses(if turned.is_empty() { ring } else { &turned }, at)
    });
    enclosing.count() % 2 == 1
}

/// Whether a ring goes round counterclockwise.
fn is_shell(ring: &[Point]) -> bool {
    let Some(first) = ring.first() else { return false };
    edges(ring).map(|(a, b)| excess(*first, a, b)).sum::<f64>() > 0.0
}

/// Edges one after the other. Each ring begins behind the last of its edges, and rings come in the order of those that they begin
/// with, as the engine's do.
pub(super) fn followed(kept: Vec<Numbered>) -> Rings {
    // From where one begins to follow decides between parts of one edge: from the first of the cells.
    let mut kept: Vec<((u64, u64), Numbered)> =
        kept.into_iter().map(|(edge, number)| ((leaf_number(edge.0), leaf_number(edge.1)), (edge, number))).collect();
    kept.sort_by_key(|(cells, _)| *cells);
    let kept: Vec<Numbered> = kept.into_iter().map(|(_, numbered)| numbered).collect();
    let mut from: HashMap<Bits, Vec<usize>> = HashMap::new();
    for (at, ((start, _), _)) in kept.iter().enumerate() {
        from.entry(start.bits()).or_default().push(at);
    }
    let mut used = vec![false; kept.len()];
    let mut rings: Vec<Vec<Numbered>> = Vec::new();
    for first in 0..kept.len() {
        let mut ring: Vec<Numbered> = Vec::new();
        let mut at = first;
        while !used[at] {
            used[at] = true;
            ring.push(kept[at]);
            let (edge, _) = kept[at];
            let onward = from.get(&edge.1.bits()).into_iter().flatten().copied().filter(|next| !used[*next]);
            // Where rings touch, the sharpest turn to the left keeps to one.
            match onward.max_by(|a, b| turn(&edge, &kept[*a].0).total_cmp(&turn(&edge, &kept[*b].0))) {
                Some(next) => at = next,
                None => break,
            }
        }
        if !ring.is_empty() {
            let start = behind_last(&ring);
            ring.rotate_left(start);
            rings.push(ring);
        }
    }
    rings.sort_by_key(|ring| ring.first().map(|(_, number)| *number));
    rings.into_iter().map(|ring| ring.into_iter().map(|((start, _), _)| start).collect()).collect()
}

/// Where a ring begins: behind the edge of the highest number. Of its parts that is the last of the first that follow each other.
fn behind_last(ring: &[Numbered]) -> usize {
    let (mut last, mut highest, mut is_apart) = (0, 0, false);
    for (at, (_, number)) in ring.iter().enumerate() {
        if *number < highest {
            is_apart = true;
        } else if *number > highest || !is_apart {
            (last, highest, is_apart) = (at, *number, false);
        }
    }
    (last + 1) % ring.len()
}

/// How far to the left the next edge turns from the way of one.
fn turn((a, b): &Edge, (_, c): &Edge) -> f64 {
    let (to_b, to_c) = (b.plus(a.times(-1.0)), c.plus(b.times(-1.0)));
    b.dot(to_b.cross(to_c)).atan2(to_b.dot(to_c))
}

/// Shells, each with the holes in it. None where that takes more looks than are left.
pub(super) fn polygons(rings: Rings, left: &mut Looks) -> Option<Vec<Rings>> {
    let (shells, holes): (Rings, Rings) = rings.into_iter().partition(|ring| is_shell(ring));
    let cost: usize = shells.iter().map(Vec::len).sum();
    let mut polygons: Vec<Rings> = shells.into_iter().map(|shell| vec![shell]).collect();
    for hole in holes {
        left.take(cost)?;
        let Some(edge) = edges(&hole).next() else { continue };
        let at = middle(&edge);
        // Of shells within shells, the innermost.
        let size = |polygon: &Rings| polygon.first().map_or(0.0, |shell| enclosed(shell));
        let around = polygons.iter_mut().filter(|polygon| polygon.first().is_some_and(|shell| encloses(shell, at)));
        if let Some(polygon) = around.min_by(|a, b| size(a).total_cmp(&size(b))) {
            polygon.push(hole);
        }
    }
    Some(polygons)
}

/// Corners that are the same but for the last digits become the same.
#[derive(Default)]
pub(super) struct Corners(HashMap<[i64; 3], Point>);

/// Corners within a ten-millionth of a millimetre of each other are one.
const GRID: f64 = (1_u64 << 44) as f64;

impl Corners {
    pub(super) fn of(&mut self, place: Point) -> Point {
        let key = place.0.map(|x| (x * GRID).round() as i64);
        let around = (0..27).map(|n: i64| [key[0] + n % 3 - 1, key[1] + n / 3 % 3 - 1, key[2] + n / 9 - 1]);
        for near in around {
            if let Some(known) = self.0.get(&near) {
                return *known;
            }
        }
        self.0.insert(key, place);
        place
    }
}
