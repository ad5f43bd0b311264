//! What encloses several polygons together.

use std::collections::HashMap;

use super::edges::{Edge, Looks, bits, cut, middle};
use super::polygon::Polygons;

/// An edge to the last bit.
type Bits = ([u64; 3], [u64; 3]);

/// The edges round all polygons together, with what they enclose to the left. None where that takes more looks than are left,
/// or where edges lie so near each other that it cannot be told.
pub(super) fn outline(polygons: &Polygons, left: &mut Looks) -> Option<Vec<Edge>> {
    let outlines = polygons.outlines();
    if outlines.len() == 1 {
        return outlines.into_iter().next();
    }
    let total: usize = outlines.iter().map(Vec::len).sum();
    let parts: Vec<Vec<Edge>> = cut(&outlines, left)?.into_iter().map(|parts| parts.concat()).collect();
    let mut owners: HashMap<Bits, Vec<usize>> = HashMap::new();
    for (number, edges) in parts.iter().enumerate() {
        edges.iter().for_each(|edge| owners.entry(bits(edge)).or_default().push(number));
    }
    let mut kept = Vec::new();
    for (number, edges) in parts.iter().enumerate() {
        for edge in edges {
            let (a, b) = *edge;
            let same = owners.get(&bits(edge)).map(Vec::as_slice).unwrap_or_default();
            // Two that lie side by side have no edge between them; of two that end alike one edge counts.
            if owners.contains_key(&bits(&(b, a))) || same.first() != Some(&number) {
                continue;
            }
            left.take(total)?;
            let at = middle(edge);
            let within = |other: usize| !same.contains(&other) && polygons.contains(other, at);
            if !(0..parts.len()).any(within) {
                kept.push(*edge);
            }
        }
    }
    is_closed(&kept).then_some(kept)
}

/// Whether as many edges begin at each place as end there.
pub(super) fn is_closed(edges: &[Edge]) -> bool {
    let mut ends: HashMap<[u64; 3], i64> = HashMap::new();
    for (a, b) in edges {
        *ends.entry(a.bits()).or_default() += 1;
        *ends.entry(b.bits()).or_default() -= 1;
    }
    ends.values().all(|count| *count == 0)
}
