//! `graph-mark-components`: which nodes of a graph belong together.

use std::collections::HashMap;

use super::distinct::KEY_OVERHEAD;
use super::limits::Held;
use super::{Emit, Row, RowsError, Scope, TableRows, each_row, key};
use crate::compile::bound::BoundQuery;
use crate::value::Value;

/// The edges, and what makes a component.
pub(super) struct Edges<'q> {
    pub(super) edges: &'q BoundQuery,
    pub(super) strong: bool,
}

/// The nodes, each with its component's number behind it; components are numbered as nodes of them come.
pub(super) fn run(
    nodes: &BoundQuery,
    id: usize,
    edges: &Edges<'_>,
    tables: &mut dyn TableRows,
    scope: Scope<'_>,
    emit: &mut Emit<'_>,
) -> Result<(), RowsError> {
    let mut held = Held::new(scope.budget);
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    each_row(edges.edges, tables, scope, &mut |row| {
        let mut place = |at: usize| -> Result<usize, RowsError> {
            let own = key::of(std::slice::from_ref(row.get(at).unwrap_or(&Value::Null)));
            let (count, size) = (places.len(), own.len() + KEY_OVERHEAD);
            if !places.contains_key(&own) {
                held.charge(size)?;
            }
            Ok(*places.entry(own).or_insert(count))
        };
        let pair = (place(0)?, place(1)?);
        held.charge(size_of_val(&pair))?;
        pairs.push(pair);
        Ok(())
    })?;
    // What finding them takes beside the edges.
    held.charge(pairs.len() * 2 * size_of::<usize>() + places.len() * 4 * size_of::<usize>())?;
    let groups = if edges.strong { strong(places.len(), &pairs) } else { weak(places.len(), &pairs) };
    let mut numbers: HashMap<Option<usize>, i64> = HashMap::new();
    let mut next = 0;
    each_row(nodes, tables, scope, &mut |mut row: Row| {
        let own = key::of(std::slice::from_ref(row.get(id).unwrap_or(&Value::Null)));
        let group = places.get(&own).and_then(|place| groups.get(*place)).copied();
        let known = group.and_then(|group| numbers.get(&Some(group)).copied());
        let number = known.unwrap_or_else(|| {
            next += 1;
            next - 1
        });
        // A node without edges is a component of its own.
        if group.is_some() && known.is_none() {
            held.charge(KEY_OVERHEAD)?;
            numbers.insert(group, number);
        }
        row.push(Value::Long(number));
        emit(row)
    })
}

/// For each place another of its component, the same for all of it: places that some way leads between, whichever way edges go.
fn weak(count: usize, pairs: &[(usize, usize)]) -> Vec<usize> {
    let mut above: Vec<usize> = (0..count).collect();
    let top = |above: &mut Vec<usize>, mut at: usize| {
        // Every look halves the way to the top.
        while above[at] != at {
            above[at] = above[above[at]];
            at = above[at];
        }
        at
    };
    for (a, b) in pairs {
        let (a, b) = (top(&mut above, *a), top(&mut above, *b));
        above[a.max(b)] = a.min(b);
    }
    (0..count).map(|at| top(&mut above, at)).collect()
}

/// The same for places that lead to each other (Kosaraju's algorithm, with stacks of its own for the recursion).
fn strong(count: usize, pairs: &[(usize, usize)]) -> Vec<usize> {
    let forward = Ways::of(count, pairs.iter().copied());
    let mut seen = vec![false; count];
    let mut done = Vec::with_capacity(count);
    let mut stack: Vec<(usize, usize)> = Vec::new();
    for start in 0..count {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        stack.push((start, 0));
        while let Some((at, way)) = stack.pop() {
            match forward.from(at).get(way) {
                Some(to) => {
                    stack.push((at, way + 1));
                    if !std::mem::replace(&mut seen[*to], true) {
                        stack.push((*to, 0));
                    }
                }
                None => done.push(at),
            }
        }
    }
    let back = Ways::of(count, pairs.iter().map(|(a, b)| (*b, *a)));
    let mut groups = vec![usize::MAX; count];
    let mut next = Vec::new();
    for start in done.into_iter().rev() {
        if groups[start] != usize::MAX {
            continue;
        }
        groups[start] = start;
        next.push(start);
        while let Some(at) = next.pop() {
            for to in back.from(at) {
                if groups[*to] == usize::MAX {
                    groups[*to] = start;
                    next.push(*to);
                }
            }
        }
    }
    groups
}

/// Where edges lead from each place.
struct Ways {
    starts: Vec<usize>,
    ends: Vec<usize>,
}

impl Ways {
    fn of(count: usize, pairs: impl Iterator<Item = (usize, usize)> + Clone) -> Ways {
        let mut starts = vec![0; count + 1];
        pairs.clone().for_each(|(from, _)| starts[from + 1] += 1);
        (0..count).for_each(|at| starts[at + 1] += starts[at]);
        let mut free = starts.clone();
        let mut ends = vec![0; starts[count]];
        for (from, to) in pairs {
            ends[free[from]] = to;
            free[from] += 1;
        }
        Ways { starts, ends }
    }

    fn from(&self, at: usize) -> &[usize] {
        &self.ends[self.starts[at]..self.starts[at + 1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether two places are of one component, by trying all ways.
    fn reach(count: usize, pairs: &[(usize, usize)]) -> Vec<Vec<bool>> {
        let mut reach: Vec<Vec<bool>> =
            (0..count).map(|a| (0..count).map(|b| a == b || pairs.contains(&(a, b))).collect()).collect();
        for middle in 0..count {
            for a in 0..count {
                for b in 0..count {
                    reach[a][b] |= reach[a][middle] && reach[middle][b];
                }
            }
        }
        reach
    }

    #[test]
    fn components_are_what_all_ways_say() {
        let mut state = 1_u64;
        let mut next = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        for _ in 0..300 {
            let count = 1 + next(8);
            let pairs: Vec<(usize, usize)> = (0..next(14)).map(|_| (next(count), next(count))).collect();
            let both: Vec<(usize, usize)> = pairs.iter().flat_map(|(a, b)| [(*a, *b), (*b, *a)]).collect();
            let (directed, either) = (reach(count, &pairs), reach(count, &both));
            let (strong, weak) = (strong(count, &pairs), weak(count, &pairs));
            for (a, b) in (0..count).flat_map(|a| (0..count).map(move |b| (a, b))) {
                assert_eq!(weak[a] == weak[b], either[a][b], "{pairs:?} {a} {b}");
                assert_eq!(strong[a] == strong[b], directed[a][b] && directed[b][a], "{pairs:?} {a} {b}");
            }
        }
        // A long way takes no stack.
        let line: Vec<(usize, usize)> = (0..200_000).map(|at| (at, at + 1)).collect();
        assert_eq!(strong(200_001, &line).len(), weak(200_001, &line).len());
    }
}
