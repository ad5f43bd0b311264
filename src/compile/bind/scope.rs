//! What names mean at one point of a pipe.

use std::sync::Arc;

use crate::compile::bound::{
    Bound, BoundKind, BoundQuery, Cell, CellId, CellSource, Leg, Order, OutputColumn, RowSource, Step,
};
use crate::diagnostic::Span;
use crate::schema::{Column, Member, ScalarType, Table};
use crate::value::Value;

/// Where a scalar expression looks its columns up.
pub(super) enum Scope<'s> {
    /// No row: `let`, and arguments that must be constant.
    Nothing,
    /// The row of one leg.
    Row(&'s mut LegScope),
}

/// A table while it is bound: the legs of a union, in step with each other.
#[derive(Clone)]
pub(super) struct Tabular {
    /// At least one; their scopes name the same columns, in the same order and of the same types.
    pub(super) legs: Vec<LegScope>,
    /// `sort`, `take` and `top` so far.
    pub(super) order: Vec<Order>,
}

/// A leg and the names that its row has now.
#[derive(Clone)]
pub(super) struct LegScope {
    /// The leg so far; `output` is set when the query is finished.
    pub(super) leg: Leg,
    /// Columns in scope.
    pub(super) columns: Vec<ScopeColumn>,
    /// What the result is sorted by: cells behind those of the result's columns.
    pub(super) hidden: Vec<CellId>,
    /// How deep each cell's value nests, the cells that it is made of included.
    depths: Vec<usize>,
    /// Whether the row is still the table's own, so that a name the schema lacks may be a member of the record.
    pub(super) open: bool,
    /// Bags whose members are columns too, whatever they are.
    pub(super) bags: Vec<OpenBag>,
    /// What `as` has called it.
    pub(super) title: Option<String>,
    /// Of a row of all tables: the table's columns that are not in scope by their names.
    pub(super) rest: Vec<ScopeColumn>,
}

/// A bag that was unpacked, and nobody knows into which columns.
#[derive(Clone)]
pub(super) struct OpenBag {
    /// The bag.
    pub(super) value: Bound,
    /// What stands before a member's name in a column's.
    pub(super) prefix: String,
    /// The type of its members, if it is known.
    pub(super) ty: Option<ScalarType>,
    /// Members that are no columns.
    pub(super) ignored: Vec<String>,
}

/// A column in scope. A column of the table gets its cell when it is first used.
#[derive(Clone)]
pub(super) struct ScopeColumn {
    pub(super) name: String,
    pub(super) ty: ScalarType,
    pub(super) place: Place,
}

#[derive(Clone, Copy)]
pub(super) enum Place {
    Cell(CellId),
    /// Index into the table's columns.
    Table(usize),
    /// Index into the columns of any other source.
    Input(usize),
    /// The bag of [`LegScope::rest`].
    Rest,
}

/// The column that holds the table's name.
const TYPE: &str = "Type";

impl LegScope {
    /// A leg that reads all of `table`.
    pub(super) fn of(table: Arc<Table>) -> LegScope {
        let columns = table
            .columns
            .iter()
            .enumerate()
            .map(|(i, c)| ScopeColumn { name: c.name.clone(), ty: c.ty, place: Place::Table(i) })
            .collect();
        LegScope { open: true, ..LegScope::reading(RowSource::Table(table), columns) }
    }

    /// A leg that reads all columns of a source that is no table of records.
    pub(super) fn over(source: RowSource, columns: &[OutputColumn]) -> LegScope {
        let columns = columns
            .iter()
            .enumerate()
            .map(|(i, c)| ScopeColumn { name: c.name.clone(), ty: c.ty, place: Place::Input(i) })
            .collect();
        LegScope::reading(source, columns)
    }

    fn reading(source: RowSource, columns: Vec<ScopeColumn>) -> LegScope {
        let leg = Leg { source, cells: Vec::new(), steps: Vec::new(), output: Vec::new(), lookback: Vec::new() };
        LegScope {
            leg,
            columns,
            hidden: Vec::new(),
            depths: Vec::new(),
            open: false,
            bags: Vec::new(),
            title: None,
            rest: Vec::new(),
        }
    }

    /// The column of that name, as an expression.
    pub(super) fn column(&mut self, name: &str, span: Span) -> Option<Bound> {
        let at = self.columns.iter().position(|c| c.name == name)?;
        if let Some(table) = self.table_name_column(at) {
            return Some(Bound::constant(table, ScalarType::String, span));
        }
        let cell = self.cell_of(at);
        Some(Bound { kind: BoundKind::Cell(cell), ty: self.columns[at].ty, span })
    }

    /// In a workspace `Type` is the table's name, whatever a record says: a sender may say nothing, or something else.
    fn table_name_column(&self, at: usize) -> Option<Value<'static>> {
        let column = &self.columns[at];
        let is_type = matches!(column.place, Place::Table(_)) && column.name == TYPE && column.ty == ScalarType::String;
        let table = self.leg.table().filter(|_| is_type)?;
        Some(Value::string(table.name.clone()))
    }

    /// Whether a name that is no column in scope may be one all the same.
    pub(super) fn is_open(&self) -> bool {
        self.open || !self.bags.is_empty()
    }

    /// From here on the columns in scope are all that there are.
    pub(super) fn close(&mut self) {
        self.open = false;
        self.bags.clear();
    }

    /// The member of an open bag that a column of that name would be.
    pub(super) fn member_of_bag(&self, name: &str, span: Span) -> Option<(Bound, Option<ScalarType>)> {
        let (bag, key) = self.bags.iter().find_map(|bag| {
            let key = name.strip_prefix(bag.prefix.as_str())?;
            (!bag.ignored.iter().any(|name| name == key)).then_some((bag, key))
        })?;
        let kind = BoundKind::Member(Box::new(bag.value.clone()), key.to_owned());
        Some((Bound { kind, ty: ScalarType::Dynamic, span }, bag.ty))
    }

    /// The cell of the `at`-th column in scope.
    pub(super) fn cell_of(&mut self, at: usize) -> CellId {
        match self.columns[at].place {
            Place::Cell(cell) => cell,
            Place::Table(_) if let Some(table) = self.table_name_column(at) => {
                let cell = self.assign_cell(TYPE, Bound::constant(table, ScalarType::String, Span::default()));
                self.columns[at].place = Place::Cell(cell);
                cell
            }
            Place::Rest => {
                let bag = self.packed_rest();
                let cell = self.assign_cell(&self.columns[at].name.clone(), bag);
                self.columns[at].place = Place::Cell(cell);
                cell
            }
            Place::Table(i) => {
                let Some(column) = self.leg.table().map(|t| t.columns[i].clone()) else { return CellId(0) };
                let existing = self.leg.cells.iter().position(|c| c.column().is_some_and(|s| s.name == column.name));
                let cell = match existing {
                    Some(i) => CellId(i as u32),
                    None => self.push_cell(column.name.clone(), column.ty, Some(CellSource::Column(column))),
                };
                self.columns[at].place = Place::Cell(cell);
                cell
            }
            Place::Input(i) => {
                let filled = |c: &Cell| matches!(c.source, Some(CellSource::Input(input)) if input == i);
                let cell = match self.leg.cells.iter().position(filled) {
                    Some(at) => CellId(at as u32),
                    None => {
                        let (name, ty) = (self.columns[at].name.clone(), self.columns[at].ty);
                        self.push_cell(name, ty, Some(CellSource::Input(i)))
                    }
                };
                self.columns[at].place = Place::Cell(cell);
                cell
            }
        }
    }

    /// The columns of [`LegScope::rest`]: name, cell and type.
    pub(super) fn rest_cells(&mut self) -> Vec<(String, CellId, ScalarType)> {
        let shown = self.columns.len();
        self.columns.append(&mut self.rest);
        let cells = (shown..self.columns.len()).map(|at| {
            let cell = self.cell_of(at);
            (self.columns[at].name.clone(), cell, self.columns[at].ty)
        });
        let cells = cells.collect();
        self.rest = self.columns.split_off(shown);
        cells
    }

    /// Puts a column in scope, in the place of one of that name if there is one.
    pub(super) fn put(&mut self, column: ScopeColumn) {
        match self.columns.iter_mut().find(|c| c.name == column.name) {
            Some(old) => *old = column,
            None => self.columns.push(column),
        }
    }

    /// A cell that a step fills by itself.
    pub(super) fn new_cell(&mut self, name: &str, ty: ScalarType) -> CellId {
        self.push_cell(name.to_owned(), ty, None)
    }

    fn push_cell(&mut self, name: String, ty: ScalarType, source: Option<CellSource>) -> CellId {
        self.depths.push(1);
        self.leg.cells.push(Cell { name, ty, source });
        CellId((self.leg.cells.len() - 1) as u32)
    }

    /// A column that the schema does not know, read from the record's member of that name.
    pub(super) fn add_unknown(&mut self, name: &str, ty: ScalarType, span: Span) -> Bound {
        let members = vec![Member { name: name.to_owned(), envelope: false }];
        let cell = self.push_cell(
            name.to_owned(),
            ty,
            Some(CellSource::Column(Column { name: name.to_owned(), ty, members })),
        );
        self.columns.push(ScopeColumn { name: name.to_owned(), ty, place: Place::Cell(cell) });
        Bound { kind: BoundKind::Cell(cell), ty, span }
    }

    /// A cell that holds `value`; a value that already is a cell keeps it.
    pub(super) fn assign(&mut self, name: &str, value: Bound) -> ScopeColumn {
        let ty = value.ty;
        ScopeColumn { name: name.to_owned(), ty, place: Place::Cell(self.assign_cell(name, value)) }
    }

    /// The same, for its cell alone.
    pub(super) fn assign_cell(&mut self, name: &str, value: Bound) -> CellId {
        match value.kind {
            BoundKind::Cell(cell) => cell,
            _ => {
                let depth = self.depth(&value);
                let cell = self.push_cell(name.to_owned(), value.ty, None);
                self.depths[cell.index()] = depth;
                self.leg.steps.push(Step::Assign(cell, value));
                cell
            }
        }
    }

    /// The constant that a column was set to in this row, in place of the column.
    pub(super) fn constant_of(&self, value: Bound) -> Bound {
        let BoundKind::Cell(cell) = value.kind else { return value };
        let constant = self.leg.steps.iter().find_map(|step| match step {
            Step::Assign(at, set) if *at == cell => set.as_constant(),
            _ => None,
        });
        constant.map_or(value.clone(), |constant| Bound::constant(constant.clone(), value.ty, value.span))
    }

    /// How deep `value` nests when every cell in it is written out, which is how the matcher runs it.
    pub(super) fn depth(&self, value: &Bound) -> usize {
        depth_of(value, &|cell| self.depths[cell.index()])
    }

    /// A column that this leg has no value for.
    pub(super) fn missing(&mut self, name: &str, ty: ScalarType) -> ScopeColumn {
        self.assign(name, Bound::constant(Value::missing(ty), ty, Span::default()))
    }

    /// The event time's column: what a lookback bounds.
    pub(super) fn is_time(&self, cell: CellId) -> bool {
        let source = self.leg.cells[cell.index()].column();
        let table = self.leg.table();
        source.is_some_and(|source| source.ty == ScalarType::DateTime && table.is_some_and(|t| t.is_time(&source.name)))
    }
}

/// How deep `value` nests, if `cell_depth` says it of the cells in it.
pub(super) fn depth_of(value: &Bound, cell_depth: &dyn Fn(CellId) -> usize) -> usize {
    if let BoundKind::Cell(cell) = value.kind {
        return cell_depth(cell);
    }
    let mut deepest = 0;
    value.operands(&mut |operand| deepest = deepest.max(depth_of(operand, cell_depth)));
    deepest + 1
}

impl Tabular {
    /// A table of one leg.
    pub(super) fn of(leg: LegScope) -> Tabular {
        Tabular { legs: vec![leg], order: Vec::new() }
    }

    /// The columns in scope.
    pub(super) fn columns(&self) -> Vec<OutputColumn> {
        self.legs[0].columns.iter().map(|c| OutputColumn { name: c.name.clone(), ty: c.ty }).collect()
    }

    /// The query's result: whatever is in scope at the end.
    pub(super) fn finish(mut self) -> BoundQuery {
        let columns = self.columns();
        let visible = self.legs[0].columns.len();
        for order in &mut self.order {
            if let Order::Sort(keys) = order {
                keys.iter_mut().for_each(|key| key.column += visible);
            }
        }
        let legs = self
            .legs
            .into_iter()
            .map(|mut scope| {
                scope.leg.output = (0..visible).map(|at| scope.cell_of(at)).collect();
                scope.leg.output.append(&mut scope.hidden);
                scope.leg
            })
            .collect();
        BoundQuery { legs, columns, order: self.order }
    }
}
