//! From bound queries to a table's program: inlined, shared, with every string predicate turned into a question to a
//! subject's automaton.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::bound::{Bound, BoundKind, BoundQuery, Leg, OutputColumn, Step};
use super::ir::{
    Detection, ExprId, Node, Pattern, PatternId, PatternKind, Rest, Subject, SubjectId, TableProgram, slots_of,
};
use super::rule::BoundRule;
use super::stream::{self, each_table_leg};
use crate::kql::ast::TextKind;
use crate::schema::{Column, ScalarType, Table};
use crate::value::Value;
use crate::value::list::each_item;
use crate::value::operators::text_of;

/// One program for each table that the rules read, in the order in which they first name it.
pub fn programs(rules: &[BoundRule]) -> Vec<TableProgram> {
    let mut order: Vec<Lowering> = Vec::new();
    let mut by_table: HashMap<&str, usize> = HashMap::new();
    for (rule_index, bound) in rules.iter().enumerate() {
        // Only a batch has such a rule; its records are kept until the input ends.
        let waits = bound.query.needs_all_rows();
        let mut place = 0;
        if waits {
            bound.query.legs.iter().for_each(|leg| {
                each_table_leg(leg, &mut |leg| {
                    if let Some(table) = leg.table() {
                        let at = *by_table.entry(&table.name).or_insert_with(|| {
                            order.push(Lowering::new(table.clone()));
                            order.len() - 1
                        });
                        order[at].add_collected(rule_index, place, leg);
                    }
                    place += 1;
                });
            });
            continue;
        }
        for (leg_index, leg) in bound.query.legs.iter().enumerate() {
            for table in tables_of(leg) {
                let at = *by_table.entry(&table.name).or_insert_with(|| {
                    order.push(Lowering::new(table.clone()));
                    order.len() - 1
                });
                match stream::is_plain(leg) {
                    true => order[at].add(rule_index, leg_index, leg),
                    false => order[at].add_query(rule_index, leg_index, leg, &bound.query),
                }
            }
        }
    }
    order.into_iter().map(Lowering::finish).collect()
}

/// The tables whose records a leg reads, each once.
fn tables_of(leg: &Leg) -> Vec<&Arc<Table>> {
    let mut tables: Vec<&Arc<Table>> = Vec::new();
    each_table_leg(leg, &mut |leg| {
        if let Some(table) = leg.table()
            && !tables.iter().any(|known| known.name == table.name)
        {
            tables.push(table);
        }
    });
    tables
}

/// Builds one table's program, leg by leg.
struct Lowering {
    program: TableProgram,
    /// What a node says, in words, to its id: equal expressions become one node.
    known: HashMap<String, ExprId>,
    slots: HashMap<String, usize>,
    subjects: HashMap<ExprId, SubjectId>,
    patterns: HashMap<(SubjectId, Pattern), PatternId>,
    /// A rank for each node, not a time: what is cheap to refute goes first.
    costs: Vec<u32>,
    key: String,
}

/// Where the cells of the leg that is being lowered lie.
struct Cells<'l> {
    leg: &'l Leg,
    exprs: Vec<Option<ExprId>>,
}

impl Lowering {
    fn new(table: Arc<Table>) -> Lowering {
        let program = TableProgram {
            table,
            columns: Vec::new(),
            time_slot: None,
            nodes: Vec::new(),
            types: Vec::new(),
            memo: Vec::new(),
            memo_size: 0,
            subjects: Vec::new(),
            detections: Vec::new(),
        };
        let mut lowering = Lowering {
            program,
            known: HashMap::new(),
            slots: HashMap::new(),
            subjects: HashMap::new(),
            patterns: HashMap::new(),
            costs: Vec::new(),
            key: String::new(),
        };
        let time = lowering.program.table.time.clone().and_then(|t| lowering.program.table.column(&t).cloned());
        lowering.program.time_slot = time.map(|column| lowering.slot(&column));
        lowering
    }

    /// Adds a leg of a rule as a detection.
    fn add(&mut self, rule: usize, leg_index: usize, leg: &Leg) {
        let mut cells = Cells { leg, exprs: vec![None; leg.cells.len()] };
        let mut filter = Vec::new();
        for step in &leg.steps {
            match step {
                Step::Filter(predicate) => filter.push(self.expr(predicate, &mut cells)),
                Step::Assign(cell, value) => cells.exprs[cell.index()] = Some(self.expr(value, &mut cells)),
                // Such a leg is no plain one.
                Step::Expand(_) | Step::Apply { .. } | Step::Parse { .. } => {}
            }
        }
        let output = leg.output.iter().map(|cell| self.cell(cell.index(), &mut cells)).collect();
        // Operands are pure and a filter is a conjunction, so the order is free: what is cheap to refute goes first.
        filter.sort_by_key(|id| self.cost(*id));
        // A cell that only a lookback names gets no slot: in a stream a lookback is not evaluated, and the event time that
        // alerts need has its slot from the start.
        let slots = slots_of(&leg.cells, &self.program.columns);
        let rest = Rest::Row(output);
        self.program.detections.push(Detection { rule, leg: leg_index, filter, rest, slots });
    }

    /// Adds a table leg whose records are kept, if they pass what it asks of a record.
    fn add_collected(&mut self, rule: usize, place: usize, leg: &Leg) {
        let (mut filter, mut cells) = self.filter_of_record(leg);
        filter.sort_by_key(|id| self.cost(*id));
        let exprs = (0..leg.cells.len())
            .map(|at| match leg.cells[at].column() {
                Some(_) => self.cell(at, &mut cells),
                None => self.node(Node::Constant(Value::Null), leg.cells[at].ty),
            })
            .collect();
        let slots = slots_of(&leg.cells, &self.program.columns);
        let rest = Rest::Collect { place, cells: exprs };
        self.program.detections.push(Detection { rule, leg: place, filter, rest, slots });
    }

    /// What a leg asks of the record itself; every column that it reads is decoded from now on.
    fn filter_of_record<'l>(&mut self, leg: &'l Leg) -> (Vec<ExprId>, Cells<'l>) {
        let mut cells = Cells { leg, exprs: vec![None; leg.cells.len()] };
        let mut filter = Vec::new();
        for step in stream::of_record(leg) {
            match step {
                Step::Filter(predicate) => filter.push(self.expr(predicate, &mut cells)),
                Step::Assign(cell, value) => cells.exprs[cell.index()] = Some(self.expr(value, &mut cells)),
                Step::Expand(_) | Step::Apply { .. } | Step::Parse { .. } => {}
            }
        }
        leg.cells.iter().filter_map(|cell| cell.column()).for_each(|column| {
            self.slot(column);
        });
        (filter, cells)
    }

    /// Adds a leg that is run as a query over each record that passes what it asks of the record itself.
    fn add_query(&mut self, rule: usize, leg_index: usize, leg: &Leg, query: &BoundQuery) {
        let Some(leg) = stream::per_record(leg) else { return };
        let mut alternatives: Vec<Vec<ExprId>> = Vec::new();
        let mut slots = Vec::new();
        stream::each_table_leg(&leg, &mut |leaf| {
            if leaf.table().is_none_or(|table| table.name != self.program.table.name) {
                return;
            }
            let (filter, _) = self.filter_of_record(leaf);
            slots = slots_of(&leaf.cells, &self.program.columns);
            alternatives.push(filter);
        });
        let mut filter = match alternatives.len() {
            1 => alternatives.remove(0),
            _ if alternatives.iter().any(Vec::is_empty) => Vec::new(),
            _ => {
                let any = alternatives.into_iter().map(|all| self.node(Node::And(all), ScalarType::Bool)).collect();
                vec![self.node(Node::Or(any), ScalarType::Bool)]
            }
        };
        filter.sort_by_key(|id| self.cost(*id));
        // Behind the query's columns stand those that it is sorted by.
        let hidden = leg.output[query.columns.len()..].iter().map(|cell| {
            let cell = &leg.cells[cell.index()];
            OutputColumn { name: cell.name.clone(), ty: cell.ty }
        });
        let columns = query.columns.iter().cloned().chain(hidden).collect();
        let rest = Rest::Query(Box::new(BoundQuery { legs: vec![leg], columns, order: Vec::new() }));
        self.program.detections.push(Detection { rule, leg: leg_index, filter, rest, slots });
    }

    fn finish(mut self) -> TableProgram {
        let mut uses = vec![0u32; self.program.nodes.len()];
        let mut count = |id: ExprId| uses[id.0 as usize] += 1;
        self.program.nodes.iter().for_each(|node| node.operands(&mut count));
        self.program.subjects.iter().for_each(|subject| count(subject.expr));
        for detection in &self.program.detections {
            detection.filter.iter().for_each(|id| count(*id));
            if let Rest::Row(output) | Rest::Collect { cells: output, .. } = &detection.rest {
                output.iter().for_each(|id| count(*id));
            }
        }
        for (node, uses) in self.program.nodes.iter().zip(uses) {
            // A hit is remembered where its subject's hits are. Whatever else has operands must be remembered, or a chain
            // of nodes that are each used twice would cost twice as much with every link.
            let worth = uses > 1 && !matches!(node, Node::Constant(_) | Node::Hit { .. });
            self.program.memo.push(worth.then_some(self.program.memo_size as u32));
            self.program.memo_size += usize::from(worth);
        }
        self.program
    }

    /// The slot of a column, decoded from now on.
    fn slot(&mut self, column: &Column) -> usize {
        if let Some(slot) = self.slots.get(&column.name) {
            return *slot;
        }
        let slot = self.program.columns.len();
        self.program.columns.push(column.clone());
        self.slots.insert(column.name.clone(), slot);
        slot
    }

    fn cell(&mut self, index: usize, cells: &mut Cells<'_>) -> ExprId {
        if let Some(expr) = cells.exprs[index] {
            return expr;
        }
        let cell = &cells.leg.cells[index];
        let expr = match cell.column() {
            Some(column) => {
                let slot = self.slot(column);
                self.node(Node::Slot(slot), cell.ty)
            }
            // A computed cell is assigned before it is read; the binder sees to that.
            None => self.node(Node::Constant(Value::Null), cell.ty),
        };
        cells.exprs[index] = Some(expr);
        expr
    }

    fn exprs(&mut self, list: &[Bound], cells: &mut Cells<'_>) -> Vec<ExprId> {
        list.iter().map(|b| self.expr(b, cells)).collect()
    }

    fn expr(&mut self, bound: &Bound, cells: &mut Cells<'_>) -> ExprId {
        let node = match &bound.kind {
            BoundKind::Constant(value) => Node::Constant(value.clone()),
            BoundKind::Cell(cell) => return self.cell(cell.index(), cells),
            BoundKind::Member(base, name) => Node::Member(self.expr(base, cells), name.clone()),
            BoundKind::Index(base, index) => Node::Index(self.expr(base, cells), self.expr(index, cells)),
            BoundKind::And(list) => Node::And(self.by_cost(list, cells)),
            BoundKind::Or(list) => Node::Or(self.by_cost(list, cells)),
            BoundKind::Negate(operand) => Node::Negate(self.expr(operand, cells)),
            BoundKind::Arithmetic(op, a, b) => Node::Arithmetic(*op, self.expr(a, cells), self.expr(b, cells)),
            BoundKind::Compare(op, a, b) => Node::Compare(*op, self.expr(a, cells), self.expr(b, cells)),
            BoundKind::Equal { negated, folded, left, right } => {
                return self.equal(*negated, *folded, left, right, cells);
            }
            BoundKind::Text { op, subject, needle } => match needle.as_constant().map(text_of) {
                Some(needle) => {
                    let kind = PatternKind::Text(op.kind);
                    let hit = self.hits(subject, &[&needle], kind, op.case_sensitive, false, cells);
                    return self.negated(op.negated, hit);
                }
                None => Node::Text(*op, self.expr(subject, cells), self.expr(needle, cells)),
            },
            BoundKind::HasList { all, subject, needles } => match constant_items(needles) {
                Some(items) => {
                    let needles: Vec<&str> = items.iter().map(|(text, _)| text.as_str()).collect();
                    return self.hits(subject, &needles, PatternKind::Text(TextKind::Has), false, *all, cells);
                }
                None => {
                    Node::HasList { all: *all, subject: self.expr(subject, cells), needles: self.exprs(needles, cells) }
                }
            },
            BoundKind::In { folded, negated, subject, items } => {
                let texts = constant_items(items)
                    .filter(|items| subject.ty.is_text() && items.iter().all(|(_, is_string)| *is_string));
                let hit = match texts {
                    Some(items) => {
                        let needles: Vec<&str> = items.iter().map(|(text, _)| text.as_str()).collect();
                        self.hits(subject, &needles, PatternKind::Equals, !*folded, false, cells)
                    }
                    None => {
                        let (subject, items) = (self.expr(subject, cells), self.exprs(items, cells));
                        self.node(Node::In { folded: *folded, subject, items }, ScalarType::Bool)
                    }
                };
                return self.negated(*negated, hit);
            }
            BoundKind::Between { negated, subject, low, high } => {
                let operands = [self.expr(subject, cells), self.expr(low, cells), self.expr(high, cells)];
                Node::Between { negated: *negated, operands }
            }
            BoundKind::Regex(subject, regex) => Node::Regex(self.expr(subject, cells), regex.clone()),
            BoundKind::Call(function, arguments) => {
                let arguments = self.exprs(arguments, cells);
                match (function.name, arguments.as_slice()) {
                    ("not", [operand]) => Node::Not(*operand),
                    ("case" | "iff" | "iif", _) => Node::Case(arguments),
                    _ => Node::Call(function.clone(), arguments),
                }
            }
            BoundKind::Error => Node::Constant(Value::Null),
        };
        self.node(node, bound.ty)
    }

    fn by_cost(&mut self, list: &[Bound], cells: &mut Cells<'_>) -> Vec<ExprId> {
        let mut exprs = self.exprs(list, cells);
        exprs.sort_by_key(|id| self.cost(*id));
        exprs
    }

    /// Equality of a text with a constant is a pattern; the empty string, which no automaton finds, is compared.
    fn equal(&mut self, negated: bool, folded: bool, left: &Bound, right: &Bound, cells: &mut Cells<'_>) -> ExprId {
        for (subject, other) in [(left, right), (right, left)] {
            let Some(Value::String(needle)) = other.as_constant() else {
                continue;
            };
            if subject.ty.is_text() && subject.as_constant().is_none() && !needle.is_empty() {
                let hit = self.hits(subject, &[needle], PatternKind::Equals, !folded, false, cells);
                return self.negated(negated, hit);
            }
        }
        let operands = [self.expr(left, cells), self.expr(right, cells)];
        self.node(Node::Equal { negated, folded, operands }, ScalarType::Bool)
    }

    /// Whether one of the needles, or all, stand in the subject's text.
    fn hits(
        &mut self,
        subject: &Bound,
        needles: &[&str],
        kind: PatternKind,
        case_sensitive: bool,
        all: bool,
        cells: &mut Cells<'_>,
    ) -> ExprId {
        let name = match &subject.kind {
            BoundKind::Cell(cell) => cells.leg.cells[cell.index()].name.clone(),
            _ => String::new(),
        };
        let expr = self.expr(subject, cells);
        let has_empty = needles.iter().any(|n| n.is_empty());
        let needles = needles.iter().filter(|n| !n.is_empty());
        let empty_hit = match (has_empty, kind) {
            (false, _) => None,
            // Every text has, contains, starts and ends with nothing.
            (true, PatternKind::Text(_)) if all => None,
            (true, PatternKind::Text(_)) => return self.boolean(true),
            (true, PatternKind::Equals) => {
                let empty = self.node(Node::Constant(Value::string("")), ScalarType::String);
                Some(
                    self.node(Node::Equal { negated: false, folded: false, operands: [expr, empty] }, ScalarType::Bool),
                )
            }
        };
        let subject = self.subject(expr, name);
        let mut patterns: Vec<PatternId> = needles
            .map(|needle| self.pattern(subject, Pattern { needle: (*needle).to_owned(), kind, case_sensitive }))
            .collect();
        patterns.sort_unstable();
        patterns.dedup();
        if patterns.is_empty() {
            return empty_hit.unwrap_or_else(|| self.boolean(all));
        }
        let hit = self.node(Node::Hit { subject, patterns, all }, ScalarType::Bool);
        match empty_hit {
            Some(empty) => self.node(Node::Or(vec![hit, empty]), ScalarType::Bool),
            None => hit,
        }
    }

    fn subject(&mut self, expr: ExprId, name: String) -> SubjectId {
        if let Some(id) = self.subjects.get(&expr) {
            let subject = &mut self.program.subjects[id.0 as usize];
            if subject.name.is_empty() {
                subject.name = name;
            }
            return *id;
        }
        let id = SubjectId(self.program.subjects.len() as u32);
        self.program.subjects.push(Subject { expr, name, patterns: Vec::new() });
        self.subjects.insert(expr, id);
        id
    }

    fn pattern(&mut self, subject: SubjectId, pattern: Pattern) -> PatternId {
        let patterns = &mut self.program.subjects[subject.0 as usize].patterns;
        *self.patterns.entry((subject, pattern.clone())).or_insert_with(|| {
            patterns.push(pattern);
            PatternId((patterns.len() - 1) as u32)
        })
    }

    fn negated(&mut self, negated: bool, expr: ExprId) -> ExprId {
        if negated { self.node(Node::Not(expr), ScalarType::Bool) } else { expr }
    }

    fn boolean(&mut self, value: bool) -> ExprId {
        self.node(Node::Constant(Value::Bool(value)), ScalarType::Bool)
    }

    fn node(&mut self, node: Node, ty: ScalarType) -> ExprId {
        self.key.clear();
        // Function names are unique, and a regular expression is its text; Debug shows both.
        let _ = match &node {
            Node::Call(function, arguments) => write!(self.key, "{} {arguments:?}", function.name),
            Node::Regex(subject, regex) => write!(self.key, "regex {subject:?} {}", regex.as_str()),
            node => write!(self.key, "{ty} {node:?}"),
        };
        if let Some(id) = self.known.get(&self.key) {
            return *id;
        }
        let id = ExprId(self.program.nodes.len() as u32);
        self.costs.push(self.rank(&node));
        self.program.nodes.push(node);
        self.program.types.push(ty);
        self.known.insert(self.key.clone(), id);
        id
    }

    fn cost(&self, id: ExprId) -> u32 {
        self.costs[id.0 as usize]
    }

    /// A scan of a column before a function, a function before a look into a dynamic.
    fn rank(&self, node: &Node) -> u32 {
        let mut cost: u32 = match node {
            Node::Constant(_) => 0,
            Node::Slot(slot) => match self.program.columns[*slot].ty {
                ScalarType::Dynamic => 200,
                _ => 1,
            },
            Node::Hit { subject, .. } => 2 + self.cost(self.program.subjects[subject.0 as usize].expr),
            Node::Compare(..)
            | Node::Equal { .. }
            | Node::Between { .. }
            | Node::And(_)
            | Node::Or(_)
            | Node::Not(_) => 2,
            Node::Regex(..) | Node::Text(..) | Node::HasList { .. } | Node::In { .. } => 50,
            _ => 10,
        };
        node.operands(&mut |operand| cost = cost.saturating_add(self.cost(operand)));
        cost
    }
}

/// The items of a constant list, arrays taken apart, each as its text and whether it is a string.
fn constant_items(list: &[Bound]) -> Option<Vec<(String, bool)>> {
    let mut items = Vec::new();
    for bound in list {
        let _ = each_item(std::slice::from_ref(bound.as_constant()?), &mut |item| {
            let is_string = matches!(item, Value::String(_) | Value::Dynamic(crate::value::Dynamic::String(_)));
            items.push((text_of(item).into_owned(), is_string));
            ControlFlow::<()>::Continue(())
        });
    }
    Some(items)
}
