//! Edges that meet: found along the axis that they are most spread on, so that not every edge is held against all others.

use super::sphere::Point;

/// The shortest way between two places.
pub(super) type Edge = (Point, Point);

/// The edges of a line, from place to place.
pub(super) fn along(line: &[Point]) -> impl Iterator<Item = Edge> {
    line.iter().copied().zip(line.iter().copied().skip(1))
}

/// How many pairs are looked at: of edges, or of places and edges.
const MAX_PAIRS: usize = 1 << 22;

/// How many places are found where edges cross: they are kept, and each makes two edges more.
const MAX_CROSSINGS: usize = 1 << 18;

/// How many looks a call of a function has left.
#[derive(Debug)]
pub(super) struct Looks(usize);

impl Looks {
    pub(super) fn new() -> Looks {
        Looks(MAX_PAIRS)
    }

    /// Takes so many of them; none if there are not as many left.
    pub(super) fn take(&mut self, looks: usize) -> Option<()> {
        self.0 = self.0.checked_sub(looks)?;
        Some(())
    }
}

/// What two sets of edges have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meeting {
    /// Nothing.
    Apart,
    /// A place: they cross, or an end is one of both.
    Common,
}

/// Whether edges of `a` meet edges of `b`; none where that takes more looks than are left.
pub(super) fn meeting(a: Vec<Edge>, b: Vec<Edge>, left: &mut Looks) -> Option<Meeting> {
    let mut edges: Vec<(Edge, bool)> = a.into_iter().map(|edge| (edge, true)).collect();
    edges.extend(b.into_iter().map(|edge| (edge, false)));
    let met = sweep(&mut edges, left, &mut |(edge, first), (other, second)| {
        first != second && (crosses(edge, other) || ends_meet(edge, other))
    });
    met.map(|met| if met { Meeting::Common } else { Meeting::Apart })
}

/// Whether any two edges cross; none where that takes more looks than are left.
pub(super) fn any_cross(edges: Vec<Edge>, left: &mut Looks) -> Option<bool> {
    let mut edges: Vec<(Edge, bool)> = edges.into_iter().map(|edge| (edge, true)).collect();
    sweep(&mut edges, left, &mut |(edge, _), (other, _)| crosses(edge, other))
}

/// Edges cut where they cross edges of another group, each edge's parts in its order. None where that takes more looks than
/// are left, or there are too many crossings.
pub(super) fn cut(groups: &[Vec<Edge>], left: &mut Looks) -> Option<Vec<Vec<Vec<Edge>>>> {
    let mut cuts: Vec<Vec<Vec<Point>>> = groups.iter().map(|edges| vec![Vec::new(); edges.len()]).collect();
    let numbered = |(group, edges): (usize, &Vec<Edge>)| {
        edges.iter().enumerate().map(|(at, edge)| (*edge, (group, at))).collect::<Vec<_>>()
    };
    let mut all: Vec<(Edge, (usize, usize))> = groups.iter().enumerate().flat_map(numbered).collect();
    let mut crossings = 0;
    let too_many = sweep(&mut all, left, &mut |(edge, a), (other, b)| {
        if a.0 != b.0
            && crosses(edge, other)
            && let Some(at) = crossing(edge, other)
        {
            // Both get the same place, to the last bit.
            cuts[a.0][a.1].push(at);
            cuts[b.0][b.1].push(at);
            crossings += 1;
        }
        crossings > MAX_CROSSINGS
    })?;
    if too_many {
        return None;
    }
    let of_group = |(edges, cuts): (&Vec<Edge>, Vec<Vec<Point>>)| {
        edges.iter().zip(cuts).map(|(edge, at)| parts(edge, at)).collect::<Vec<_>>()
    };
    Some(groups.iter().zip(cuts).map(of_group).collect())
}

/// Numbered edges cut where any two cross; parts have the number of their edge. None as of [`cut`].
pub(super) fn split(edges: &[(Edge, usize)], left: &mut Looks) -> Option<Vec<(Edge, usize)>> {
    let mut cuts: Vec<Vec<Point>> = vec![Vec::new(); edges.len()];
    let mut all: Vec<(Edge, usize)> = edges.iter().enumerate().map(|(at, (edge, _))| (*edge, at)).collect();
    let mut crossings = 0;
    let too_many = sweep(&mut all, left, &mut |(edge, a), (other, b)| {
        if crosses(edge, other)
            && let Some(at) = crossing(edge, other)
        {
            cuts[*a].push(at);
            cuts[*b].push(at);
            crossings += 1;
        }
        crossings > MAX_CROSSINGS
    })?;
    let parts = |((edge, number), at): (&(Edge, usize), Vec<Point>)| {
        parts(edge, at).into_iter().map(|part| (part, *number)).collect::<Vec<_>>()
    };
    (!too_many).then(|| edges.iter().zip(cuts).flat_map(parts).collect())
}

/// The parts of an edge that is cut at places.
fn parts(edge: &Edge, mut at: Vec<Point>) -> Vec<Edge> {
    at.sort_by(|a, b| edge.0.angle(*a).total_cmp(&edge.0.angle(*b)));
    let places: Vec<Point> = [edge.0].into_iter().chain(at).chain([edge.1]).collect();
    along(&places).filter(|(a, b)| a != b).collect()
}

/// The place that two edges that cross have in common: between the ends of one, by how far they lie on either side of the other.
pub(super) fn crossing((a, b): &Edge, (c, d): &Edge) -> Option<Point> {
    c.times(d.side(*a, *b).abs()).plus(d.times(c.side(*a, *b).abs())).unit()
}

/// The middle of an edge.
pub(super) fn middle((a, b): &Edge) -> Point {
    let sum = a.plus(*b);
    sum.unit().unwrap_or(sum)
}

/// An edge to the last bit, for sets of them.
pub(super) fn bits((a, b): &Edge) -> ([u64; 3], [u64; 3]) {
    (a.bits(), b.bits())
}

/// What is done with two edges, each with what it is called by; true ends it.
type Meet<'m, T> = dyn FnMut(&(Edge, T), &(Edge, T)) -> bool + 'm;

fn sweep<T>(edges: &mut [(Edge, T)], left: &mut Looks, meet: &mut Meet<'_, T>) -> Option<bool> {
    let axis = widest(edges.iter().map(|((start, _), _)| *start));
    // An edge bends beyond its ends by less than its own length.
    let length = |(a, b): &Edge| a.plus(b.times(-1.0)).norm();
    let low = |edge: &Edge| edge.0.0[axis].min(edge.1.0[axis]) - length(edge);
    let high = |edge: &Edge| edge.0.0[axis].max(edge.1.0[axis]) + length(edge);
    edges.sort_by(|(a, _), (b, _)| low(a).total_cmp(&low(b)));
    for (at, edge) in edges.iter().enumerate() {
        let end = high(&edge.0);
        for other in edges.iter().skip(at + 1).take_while(|(other, _)| low(other) <= end) {
            left.take(1)?;
            if meet(edge, other) {
                return Some(true);
            }
        }
    }
    Some(false)
}

/// Of x, y and z the one in which places differ most.
pub(super) fn widest(places: impl Iterator<Item = Point>) -> usize {
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for Point(place) in places {
        for ((low, high), x) in low.iter_mut().zip(&mut high).zip(place) {
            (*low, *high) = (low.min(x), high.max(x));
        }
    }
    let spread = |axis: &usize| high[*axis] - low[*axis];
    (0..3).max_by(|a, b| spread(a).total_cmp(&spread(b))).unwrap_or(2)
}

/// Whether two edges have a place in common that is an end of neither.
pub(super) fn crosses(edge: &Edge, other: &Edge) -> bool {
    let ((a, b), (c, d)) = (edge, other);
    let sides = [c.side(*b, *a), d.side(*a, *b), a.side(*c, *d), b.side(*d, *c)];
    let alike = sides.iter().all(|side| *side > 0.0) || sides.iter().all(|side| *side < 0.0);
    // Of edges along one line the signs are chance: those that go on from each other, or lie apart, do not cross.
    alike && !ends_meet(edge, other) && {
        let (length, other_length) = (a.plus(b.times(-1.0)).norm(), c.plus(d.times(-1.0)).norm());
        a.plus(*b).plus(c.plus(*d).times(-1.0)).norm() <= length + other_length
    }
}

fn ends_meet((a, b): &Edge, (c, d): &Edge) -> bool {
    a == c || a == d || b == c || b == d
}
