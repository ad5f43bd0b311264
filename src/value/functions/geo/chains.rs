//! Chains of edges that become one: as long as it passes near all corners of the chain, and beside all others. What S2 does
//! (<https://github.com/google/s2geometry>, `S2Builder` with `simplify_edge_chains`).

use std::collections::HashSet;

use super::edges::Edge;
use super::sites::{KEPT, Sites, longest};
use super::sphere::Point;
use super::window::Window;

/// An edge from site to site: of which shape it is, and the first of the edges that it comes of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hop {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) shape: usize,
    pub(super) number: usize,
}

/// Edges between sites, in order.
struct Graph<'s> {
    sites: &'s Sites,
    distance: f64,
    hops: Vec<Hop>,
    /// The hops that lead to each site.
    into: Vec<Vec<usize>>,
    /// The corners that have become each site.
    corners: Vec<Vec<Point>>,
    /// Whether a site can lie within a chain.
    within: Vec<bool>,
    used: Vec<bool>,
    found: Vec<Hop>,
}

/// The edges over their sites, with chains made one. `shapes` says of which shape each edge is.
pub(super) fn simplified(edges: &[Edge], shapes: &[usize], sites: &Sites, distance: f64) -> Vec<Hop> {
    let mut hops: Vec<Hop> = Vec::new();
    let mut corners: Vec<Vec<Point>> = vec![Vec::new(); sites.places.len()];
    for (number, ((way, shape), (a, b))) in sites.ways.iter().zip(shapes).zip(edges).enumerate() {
        for (site, corner) in [(way.first(), a), (way.last(), b)] {
            if let Some(corners) = site.and_then(|site| corners.get_mut(*site))
                && !corners.iter().rev().take(2).any(|known| known.bits() == corner.bits())
            {
                corners.push(*corner);
            }
        }
        for pair in way.windows(2) {
            if let [from, to] = *pair {
                hops.push(Hop { from, to, shape: *shape, number });
            }
        }
    }
    hops.sort_unstable();
    let mut into = vec![Vec::new(); sites.places.len()];
    hops.iter().enumerate().for_each(|(at, hop)| into[hop.to].push(at));
    let used = vec![false; hops.len()];
    let mut graph = Graph { sites, distance, hops, into, corners, within: Vec::new(), used, found: Vec::new() };
    graph.within = (0..sites.places.len()).map(|site| graph.is_within(site)).collect();
    // Chains from their ends first; what is left goes round.
    for round in [false, true] {
        for at in 0..graph.hops.len() {
            let hop = graph.hops[at];
            if !graph.used[at] && (round || !graph.within[hop.from]) {
                graph.follow(hop.from, hop.to);
            }
        }
    }
    graph.found
}

impl Graph<'_> {
    /// The hops from a site.
    fn from(&self, site: usize) -> std::ops::Range<usize> {
        self.hops.partition_point(|hop| hop.from < site)..self.hops.partition_point(|hop| hop.from <= site)
    }

    /// The hops from a site to another.
    fn between(&self, from: usize, to: usize) -> std::ops::Range<usize> {
        let at = |hop: &Hop| (hop.from, hop.to);
        self.hops.partition_point(|hop| at(hop) < (from, to))..self.hops.partition_point(|hop| at(hop) <= (from, to))
    }

    /// Whether there are two neighbours, and of each shape as many hops come from either as go to the other.
    fn is_within(&self, site: usize) -> bool {
        // By shape and neighbour.
        let mut ends: Vec<(usize, usize, bool)> =
            self.from(site).map(|at| (self.hops[at].shape, self.hops[at].to, true)).collect();
        ends.extend(self.into[site].iter().map(|at| (self.hops[*at].shape, self.hops[*at].from, false)));
        ends.sort_unstable();
        let mut neighbours: Vec<usize> = ends.iter().map(|(_, neighbour, _)| *neighbour).collect();
        neighbours.sort_unstable();
        neighbours.dedup();
        let [one, _] = *neighbours.as_slice() else { return false };
        ends.chunk_by(|a, b| a.0 == b.0).all(|ends| {
            let out = ends.iter().filter(|(_, _, is_out)| *is_out).count();
            let to_one = ends.iter().filter(|(_, neighbour, _)| *neighbour == one).count();
            2 * out == ends.len() && 2 * to_one == ends.len()
        })
    }

    /// A chain, in as few parts as there can be.
    fn follow(&mut self, start: usize, next: usize) {
        let (mut v0, mut v1) = (start, next);
        loop {
            let mut chain = vec![v0];
            let mut seen = HashSet::from([v0]);
            let mut window = Window::new(self.sites.places[v0]);
            let starts = self.passes_beside(v0, v0, v1, &mut seen, &mut window);
            let ends = loop {
                chain.push(v1);
                seen.insert(v1);
                if !self.within[v1] || v1 == start {
                    break true;
                }
                let onward = self.from(v1).map(|at| self.hops[at].to).find(|to| *to != v0);
                let Some(onward) = onward else { break true };
                (v0, v1) = (v1, onward);
                let goes_on = starts
                    && self.passes_through(v0, &mut window)
                    && self.passes_beside(chain[0], v0, v1, &mut seen, &mut window)
                    && self.sites.places[chain[0]].dot(self.sites.places[v1]) >= 0.0
                    && window.has(self.sites.places[v1]);
                if !goes_on {
                    break false;
                }
            };
            self.join(&chain);
            if ends {
                return;
            }
        }
    }

    fn passes_through(&self, site: usize, window: &mut Window) -> bool {
        self.corners[site].iter().all(|corner| window.pass_through(*corner, self.distance))
    }

    /// Whether an edge can pass beside the sites near the last hop of a chain.
    fn passes_beside(&self, v0: usize, v1: usize, v2: usize, seen: &mut HashSet<usize>, window: &mut Window) -> bool {
        let place = |site: usize| self.sites.places[site];
        let (p0, p1, p2) = (place(v0), place(v1), place(v2));
        let reached = p0.angle(p2);
        // A chain that comes back is none, nor is one that is too long to stay near.
        if reached < p0.angle(p1) || reached >= longest(self.distance) {
            return false;
        }
        let hops = self.between(v1, v2).chain(self.between(v2, v1));
        let near = hops.filter_map(|at| self.sites.near.get(self.hops[at].number)).min_by_key(|near| near.len());
        for site in near.into_iter().flatten() {
            let p = place(*site);
            if p0.angle(p) >= reached || !seen.insert(*site) {
                continue;
            }
            let is_left = if v0 == v1 { p.side(p1, p2) > 0.0 } else { is_in_order(p0, p2, p, p1) };
            if !window.pass_beside(p, KEPT * self.distance, is_left) {
                return false;
            }
        }
        true
    }

    /// Each of the shapes' chains over these sites becomes one hop.
    fn join(&mut self, chain: &[usize]) {
        let (Some(first), Some(last)) = (chain.first().copied(), chain.last().copied()) else { return };
        for is_back in [false, true] {
            let mut joined: Vec<Hop> = Vec::new();
            for pair in chain.windows(2) {
                let [a, b] = *pair else { continue };
                for (nth, at) in (if is_back { self.between(b, a) } else { self.between(a, b) }).enumerate() {
                    self.used[at] = true;
                    let hop = self.hops[at];
                    match joined.get_mut(nth) {
                        Some(joined) => joined.number = joined.number.min(hop.number),
                        None => joined.push(hop),
                    }
                }
            }
            let (from, to) = if is_back { (last, first) } else { (first, last) };
            self.found.extend(joined.into_iter().map(|hop| Hop { from, to, ..hop }));
        }
    }
}

/// Whether one who turns to the left round a place comes over three others in their order.
fn is_in_order(a: Point, b: Point, c: Point, round: Point) -> bool {
    let turns = [a.side(b, round) >= 0.0, b.side(c, round) >= 0.0, c.side(a, round) > 0.0];
    turns.iter().filter(|turn| **turn).count() >= 2
}
