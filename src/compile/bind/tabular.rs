//! Tables and the operators that they are piped through.

use std::collections::HashSet;
use std::rc::Rc;

use super::names::inferred_name;
use super::scope::{LegScope, Scope, Tabular, depth_of};
use super::{Binder, Meaning};
use crate::compile::bound::{Bound, BoundKind, Order, OutputColumn, RowsKind, SortColumn, Step};
use crate::compile::lookback;
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{Argument, Expr, ExprKind, MvExpand, Name, NamedExpr, Operator, OperatorKind, SortKey};
use crate::schema::ScalarType;
use crate::value::Value;

/// How deep columns that are made of columns may nest; evaluation recurses as deep.
const MAX_DEPTH: usize = 400;

/// The most columns that a row may have, those that others have replaced included; Kusto has as many in a table.
pub(super) const MAX_CELLS: usize = 10_000;

impl Binder<'_> {
    /// Binds an expression that must be a table.
    pub(super) fn tabular(&mut self, expr: &Expr) -> Option<Tabular> {
        match &expr.kind {
            ExprKind::Name(name) => self.table(name),
            ExprKind::Pipe { source, operators } => {
                let mut table = self.tabular(source);
                for operator in operators {
                    table = match table {
                        Some(table) => self.apply(table, operator),
                        None => None,
                    };
                }
                table
            }
            ExprKind::Operator(operator) => self.source(operator),
            ExprKind::Call { name, arguments } => match self.pattern_table(name, arguments, None, expr.span) {
                Some(table) => table,
                None => self.table_call(name, arguments, expr.span),
            },
            ExprKind::Path { base, steps }
                if let ExprKind::Call { name, arguments } = &base.kind
                    && let [step] = steps.as_slice()
                    && let Some(table) = self.pattern_table(name, arguments, Some(step), expr.span) =>
            {
                table
            }
            ExprKind::Error => None,
            _ => {
                self.error("KS111", expr.span, "a table is expected here, and this is a scalar");
                None
            }
        }
    }

    /// An operator that makes rows.
    fn source(&mut self, operator: &Operator) -> Option<Tabular> {
        match &operator.kind {
            OperatorKind::Union(union) => self.union(None, union, operator.span),
            OperatorKind::Datatable { columns, values } => self.datatable(columns, values, operator.span),
            OperatorKind::ExternalData { columns, addresses, properties } => {
                self.external_data(columns, addresses, properties, operator.span)
            }
            OperatorKind::Print(list) => self.print(list, operator.span),
            OperatorKind::Range { name, first, last, step } => self.range(name, [first, last, step], operator.span),
            OperatorKind::Search { tables, predicate, case_sensitive } => {
                self.search_in(tables, predicate, *case_sensitive, operator.span)
            }
            OperatorKind::Find(find) => self.find(find, operator.span),
            // The parser has said that it is not supported yet.
            OperatorKind::Unsupported(_) | OperatorKind::Error => None,
            _ => {
                self.error(
                    "KS174",
                    operator.span,
                    "this operator cannot be the first one; a table must stand before it",
                );
                None
            }
        }
    }

    /// A table that is piped through one operator.
    pub(super) fn apply(&mut self, table: Tabular, operator: &Operator) -> Option<Tabular> {
        let outer = self.lifted.clone();
        let result = self.applied(table, operator);
        self.lifted = outer;
        if result.as_ref().is_some_and(|table| table.legs.iter().any(|leg| leg.leg.cells.len() > MAX_CELLS)) {
            let message = format!("a row of more than {MAX_CELLS} columns, those that are replaced included");
            self.error("KT016", operator.span, message);
            return None;
        }
        result
    }

    fn applied(&mut self, table: Tabular, operator: &Operator) -> Option<Tabular> {
        let span = operator.span;
        // Rows that were taken are a table of their own; a sorted one may be filtered and shaped, and stays sorted.
        let keeps = matches!(
            operator.kind,
            OperatorKind::Sort(_)
                | OperatorKind::Take(_)
                | OperatorKind::Top { .. }
                | OperatorKind::As(_)
                | OperatorKind::Render
        );
        let mut table = if keeps { table } else { self.settled(table, span) };
        match &operator.kind {
            OperatorKind::Where(predicate) => {
                table = self.prepared(table, &[predicate], span)?;
                for leg in &mut table.legs {
                    self.filter(leg, predicate);
                }
                self.without_hidden(&mut table);
            }
            OperatorKind::Extend(list) | OperatorKind::Serialize(list) => {
                table = self.prepared(table, &values(list), span)?;
                for leg in &mut table.legs {
                    self.extend(leg, list);
                }
                self.without_hidden(&mut table);
            }
            OperatorKind::Project(list) => {
                table = self.prepared(table, &values(list), span)?;
                for leg in &mut table.legs {
                    self.project(leg, list);
                }
            }
            OperatorKind::ProjectNames { keep, names } => {
                table.legs.iter_mut().for_each(|leg| self.project_names(leg, *keep, names));
            }
            OperatorKind::ProjectRename(pairs) => {
                table.legs.iter_mut().for_each(|leg| self.project_rename(leg, pairs));
            }
            OperatorKind::ProjectReorder(keys) => {
                table.legs.iter_mut().for_each(|leg| self.project_reorder(leg, keys));
            }
            OperatorKind::Distinct(list) => return self.distinct(table, list, span),
            OperatorKind::Count(name) => return Some(self.count(table, name.as_ref(), span)),
            OperatorKind::Summarize { aggregates, by } => {
                let exprs = [values(aggregates), values(by)].concat();
                table = self.subqueries(table, &exprs, span)?;
                return self.summarize(table, aggregates, by, span);
            }
            OperatorKind::Graph(graph) => return self.graph(table, graph, span),
            OperatorKind::TopNested(levels) => return self.top_nested(table, levels, span),
            OperatorKind::MakeSeries(series) => return self.make_series(table, series, span),
            OperatorKind::Union(union) => return self.union(Some(table), union, span),
            OperatorKind::Join { parameters, right, on } => return self.join(table, parameters, right, on, span),
            OperatorKind::Lookup { parameters, right, on } => return self.lookup(table, parameters, right, on, span),
            OperatorKind::MvExpand(expand) => {
                table = self.subqueries(table, &expanded(expand), span)?;
                table = self.mv_expand(table, expand)?;
                self.without_hidden(&mut table);
            }
            OperatorKind::MvApply { expand, operators } => {
                table = self.subqueries(table, &expanded(expand), span)?;
                table = self.mv_apply(table, expand, operators, span)?;
                self.without_hidden(&mut table);
            }
            OperatorKind::Scan(scan) => return self.scan(table, scan, span),
            OperatorKind::Partition { by, operators } => return self.partition(table, by, operators, span),
            OperatorKind::Parse(parse) => return self.parse(table, parse),
            OperatorKind::ParseKv { subject, columns, parameters } => {
                return self.parse_kv(table, subject, columns, parameters);
            }
            OperatorKind::Sort(keys) => {
                let sort = self.sort(&mut table, keys);
                table.order.push(Order::Sort(sort));
            }
            OperatorKind::Take(count) => {
                let count = self.whole_number(count, "the number of rows")?;
                table.order.push(Order::Take(count));
            }
            OperatorKind::Top { count, keys } => {
                let sort = self.sort(&mut table, keys);
                let count = self.whole_number(count, "the number of rows")?;
                table.order.extend([Order::Sort(sort), Order::Take(count)]);
            }
            OperatorKind::Sample { count, of } => return self.sample(table, count, of.as_ref(), span),
            OperatorKind::As(name) => {
                if !self.spend_on_table(&table, span) {
                    return None;
                }
                self.lets.insert(name.text.clone(), Meaning::Tabular(Rc::new(table.clone())));
                table.legs.iter_mut().for_each(|leg| leg.title = Some(name.text.clone()));
            }
            OperatorKind::Render => {}
            OperatorKind::GetSchema => return Some(get_schema(&table)),
            OperatorKind::Invoke(call) => return self.invoke(table, call, span),
            OperatorKind::Evaluate(call) => return self.evaluate(table, call, span),
            OperatorKind::Search { tables, predicate, case_sensitive } => {
                if let Some(first) = tables.first() {
                    self.error("KS002", first.span, "behind a pipe 'search' reads what is piped, and no tables");
                    return None;
                }
                return self.search(table, predicate, *case_sensitive);
            }
            OperatorKind::Datatable { .. }
            | OperatorKind::ExternalData { .. }
            | OperatorKind::Find(_)
            | OperatorKind::Print(_)
            | OperatorKind::Range { .. } => {
                self.error("KS175", span, "this operator makes rows of its own and must be the first one");
                return None;
            }
            // The parser has said that it is not supported yet.
            OperatorKind::Unsupported(_) | OperatorKind::Error => return None,
        }
        Some(table)
    }

    /// What the expressions need that is not in the row itself: values of other tables, and of other rows.
    fn prepared(&mut self, table: Tabular, exprs: &[&Expr], span: Span) -> Option<Tabular> {
        let table = self.subqueries(table, exprs, span)?;
        self.windows(table, exprs, span)
    }

    /// A table whose rows do not depend on which were taken: after `take` and `top` that is what an operator over rows gives.
    pub(super) fn settled(&mut self, table: Tabular, span: Span) -> Tabular {
        if !table.order.iter().any(|o| matches!(o, Order::Take(_))) {
            return table;
        }
        let columns = table.columns();
        Tabular::of(self.rows(RowsKind::Ordered, table.finish(), columns, span, "take"))
    }

    /// `sample`, `sample-distinct`
    fn sample(&mut self, mut table: Tabular, count: &Expr, of: Option<&Expr>, span: Span) -> Option<Tabular> {
        let count = self.whole_number(count, "the number of rows")?;
        if let Some(column) = of {
            let list = [NamedExpr { name: None, value: column.clone() }];
            table = self.distinct(table, &list, span)?;
        }
        let columns = table.columns();
        Some(Tabular::of(self.rows(RowsKind::Sample(count), table.finish(), columns, span, "sample")))
    }

    /// `invoke f(…)`: the table is the function's first argument.
    fn invoke(&mut self, table: Tabular, call: &Expr, span: Span) -> Option<Tabular> {
        let (name, arguments): (&Name, &[Argument]) = match &call.kind {
            ExprKind::Call { name, arguments } => (name, arguments),
            ExprKind::Name(name) => (name, &[]),
            _ => {
                self.error("KS117", call.span, "'invoke' takes a call of a function");
                return None;
            }
        };
        if matches!(name.text.as_str(), "FileProfile" | "SeenBy") && !self.has_function(&name.text) {
            return self.cloud_profile(table, name);
        }
        match self.function_table(name, arguments, Some(table), span) {
            Some(table) => table,
            None => {
                self.error("KS211", name.span, format!("'{}' is not a known function", name.text));
                None
            }
        }
    }

    pub(super) fn filter(&mut self, leg: &mut LegScope, predicate: &Expr) {
        let bound = self.scalar(predicate, &mut Scope::Row(leg));
        let bound = self.not_too_deep(leg, bound);
        // Kusto takes a bool only; `where flag == true` is how a dynamic is asked.
        self.expect(&bound, ScalarType::Bool, "the predicate of 'where'");
        let mut conjuncts = Vec::new();
        flatten(bound, &mut conjuncts);
        for conjunct in conjuncts {
            if !self.options.apply_lookback && lookback::is_lookback(&conjunct, &|cell| leg.is_time(cell)) {
                leg.leg.lookback.push(conjunct);
            } else {
                leg.leg.steps.push(Step::Filter(conjunct));
            }
        }
    }

    /// Every assignment sees the columns that came in, not those beside it. If these `stay`, a column without a name must
    /// not get the name of one of them.
    fn bind_list(&mut self, leg: &mut LegScope, list: &[NamedExpr], stay: bool) -> Vec<(String, Bound)> {
        let mut taken: HashSet<String> = HashSet::new();
        let mut unnamed = 0;
        list.iter()
            .flat_map(|item| {
                if let Some(columns) = self.several(leg, item, stay) {
                    for (name, _) in &columns {
                        if !taken.insert(name.clone()) {
                            let message = format!("a column '{name}' is already declared in this operator");
                            self.error("KS171", item.value.span, message);
                        }
                    }
                    return columns;
                }
                let value = self.scalar(&item.value, &mut Scope::Row(leg));
                let name = match &item.name {
                    Some(name) => {
                        if taken.contains(&name.text) {
                            self.error(
                                "KS171",
                                name.span,
                                format!("a column '{}' is already declared in this operator", name.text),
                            );
                        }
                        name.text.clone()
                    }
                    None => match inferred_name(&item.value) {
                        Some(name) if !taken.contains(&name) => name,
                        _ => loop {
                            unnamed += 1;
                            let name = format!("Column{unnamed}");
                            let in_scope = stay && leg.columns.iter().any(|c| c.name == name);
                            if !in_scope && !taken.contains(&name) {
                                break name;
                            }
                        },
                    },
                };
                taken.insert(name.clone());
                vec![(name, self.not_too_deep(leg, value))]
            })
            .collect()
    }

    /// Columns made of columns are written out when a rule is compiled; that must not grow without bound.
    pub(super) fn not_too_deep(&mut self, leg: &LegScope, value: Bound) -> Bound {
        if leg.depth(&value) <= MAX_DEPTH {
            return value;
        }
        self.report(
            Diagnostic::error(
                "KS245",
                value.span,
                format!("columns that are made of columns nest more than {MAX_DEPTH} deep here"),
            )
            .help("say it with fewer 'extend' steps"),
        );
        Bound::error(value.span)
    }

    /// The same for a `let`, which may be made of other ones.
    pub(super) fn shallow_let(&mut self, value: Bound) -> Bound {
        if depth_of(&value, &|_| 1) <= MAX_DEPTH {
            return value;
        }
        let message = format!("'let' statements that are made of each other nest more than {MAX_DEPTH} deep here");
        self.error("KS245", value.span, message);
        Bound::error(value.span)
    }

    fn extend(&mut self, leg: &mut LegScope, list: &[NamedExpr]) {
        for (name, value) in self.bind_list(leg, list, true) {
            let column = leg.assign(&name, value);
            match leg.columns.iter_mut().find(|c| c.name == name) {
                Some(old) => *old = column,
                None => leg.columns.push(column),
            }
        }
    }

    pub(super) fn project(&mut self, leg: &mut LegScope, list: &[NamedExpr]) {
        let columns = self.bind_list(leg, list, false);
        leg.columns = columns.into_iter().map(|(name, value)| leg.assign(&name, value)).collect();
        leg.close();
    }

    /// A key is a hidden cell of every leg, so that a later `project` cannot take it away.
    fn sort(&mut self, table: &mut Tabular, keys: &[SortKey]) -> Vec<SortColumn> {
        let mut sort = Vec::new();
        for key in keys {
            for leg in &mut table.legs {
                let value = self.scalar(&key.value, &mut Scope::Row(leg));
                if value.ty == ScalarType::Dynamic && !value.is_error() {
                    self.error(
                        "KS206",
                        key.value.span,
                        "rows cannot be sorted by a dynamic; convert it, for example with tostring()",
                    );
                }
                let cell = leg.assign_cell("", value);
                leg.hidden.push(cell);
            }
            let column = table.legs[0].hidden.len() - 1;
            sort.push(SortColumn { column, descending: key.descending, nulls_first: key.nulls_first });
        }
        sort
    }
}

/// The conjuncts of a predicate, those of a bracketed `and` within it included.
fn flatten(predicate: Bound, conjuncts: &mut Vec<Bound>) {
    match predicate.kind {
        BoundKind::And(list) => list.into_iter().for_each(|operand| flatten(operand, conjuncts)),
        _ => conjuncts.push(predicate),
    }
}

fn values(list: &[NamedExpr]) -> Vec<&Expr> {
    list.iter().map(|item| &item.value).collect()
}

/// What is expanded.
fn expanded(expand: &MvExpand) -> Vec<&Expr> {
    expand.items.iter().map(|item| &item.value).collect()
}

/// `getschema`: a row for each column.
fn get_schema(table: &Tabular) -> Tabular {
    let text = |name: &str| OutputColumn { name: name.to_owned(), ty: ScalarType::String };
    let ordinal = OutputColumn { name: "ColumnOrdinal".to_owned(), ty: ScalarType::Int };
    let columns = [text("ColumnName"), ordinal, text("DataType"), text("ColumnType")];
    let row = |(at, column): (usize, OutputColumn)| {
        vec![
            Value::string(column.name),
            Value::Int(i32::try_from(at).unwrap_or(i32::MAX)),
            Value::string(dotnet(column.ty)),
            Value::string(column.ty.name()),
        ]
    };
    Binder::values(&columns, table.columns().into_iter().enumerate().map(row).collect())
}

/// What .NET calls a type.
fn dotnet(ty: ScalarType) -> &'static str {
    match ty {
        ScalarType::Bool => "System.SByte",
        ScalarType::Int => "System.Int32",
        ScalarType::Long => "System.Int64",
        ScalarType::Real => "System.Double",
        ScalarType::Decimal => "System.Data.SqlTypes.SqlDecimal",
        ScalarType::String => "System.String",
        ScalarType::DateTime => "System.DateTime",
        ScalarType::TimeSpan => "System.TimeSpan",
        ScalarType::Guid => "System.Guid",
        ScalarType::Dynamic => "System.Object",
    }
}
