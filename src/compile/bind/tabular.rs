//! Tables and the operators that they are piped through.

use std::collections::{HashMap, HashSet};

use super::room::COLUMN_WEIGHT;
use super::scope::{LegScope, Scope, ScopeColumn, Tabular, depth_of};
use super::{Binder, Meaning};
use crate::compile::bound::{Bound, BoundKind, Order, SortColumn, Step};
use crate::compile::lookback;
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{Expr, ExprKind, Name, NamedExpr, Operator, OperatorKind, SortKey, Union};
use crate::schema::ScalarType;
use crate::value::Value;

/// How deep columns that are made of columns may nest; evaluation recurses as deep.
const MAX_DEPTH: usize = 400;

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
            ExprKind::Operator(operator) => match &operator.kind {
                OperatorKind::Union(union) => self.union(None, union, operator.span),
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
            },
            ExprKind::Call { name, .. } => {
                self.report(
                    Diagnostic::error(
                        "KS204",
                        name.span,
                        format!("'{}' is not a table or a known tabular function", name.text),
                    )
                    .help("saved functions are not supported yet; put the table that it reads in its place"),
                );
                None
            }
            ExprKind::Error => None,
            _ => {
                self.error("KS111", expr.span, "a table is expected here, and this is a scalar");
                None
            }
        }
    }

    fn table(&mut self, name: &Name) -> Option<Tabular> {
        if self.tree_room == 0 {
            return None;
        }
        match self.lets.get(&name.text) {
            Some(Meaning::Tabular(table)) => {
                let table = table.clone();
                return self.spend_on_table(&table, name.span).then_some(table);
            }
            Some(Meaning::Scalar(value)) if value.is_error() => return None,
            Some(Meaning::Scalar(value)) => {
                let message = format!("'{}' is a {} and not a table", name.text, value.ty);
                self.error("KS181", name.span, message);
                return None;
            }
            None => {}
        }
        if let Some(table) = self.catalog.table(&name.text) {
            let table = Tabular { legs: vec![LegScope::of(table)], order: Vec::new() };
            return self.spend_on_table(&table, name.span).then_some(table);
        }
        let lets = self.lets.keys().map(String::as_str);
        let near = self.near(&name.text, lets.chain(self.catalog.names()));
        let message = format!("'{}' is not a known table or tabular variable", name.text);
        let mut diagnostic = Diagnostic::error("KS204", name.span, message);
        diagnostic.help = near.or_else(|| Some("'kqltap tables' lists the tables that are known".to_owned()));
        self.report(diagnostic);
        None
    }

    fn apply(&mut self, mut table: Tabular, operator: &Operator) -> Option<Tabular> {
        // A sorted result may be filtered and shaped; after `take` that would be of other rows than Sentinel's.
        if table.order.iter().any(|o| matches!(o, Order::Take(_)))
            && !matches!(
                operator.kind,
                OperatorKind::Sort(_) | OperatorKind::Take(_) | OperatorKind::Top { .. } | OperatorKind::Unsupported(_)
            )
        {
            self.error(
                "KT004",
                operator.span,
                "an operator after 'take' or 'top' depends on which rows were taken, which a stream does not know",
            );
            return None;
        }
        match &operator.kind {
            OperatorKind::Where(predicate) => {
                for leg in &mut table.legs {
                    self.filter(leg, predicate);
                }
            }
            OperatorKind::Extend(list) => {
                for leg in &mut table.legs {
                    self.extend(leg, list);
                }
            }
            OperatorKind::Project(list) => {
                for leg in &mut table.legs {
                    self.project(leg, list);
                }
            }
            OperatorKind::Union(union) => return self.union(Some(table), union, operator.span),
            OperatorKind::Sort(keys) => {
                let sort = self.sort(&mut table, keys);
                table.order.push(Order::Sort(sort));
            }
            OperatorKind::Take(count) => {
                let count = self.row_count(count)?;
                table.order.push(Order::Take(count));
            }
            OperatorKind::Top { count, keys } => {
                let sort = self.sort(&mut table, keys);
                let count = self.row_count(count)?;
                table.order.extend([Order::Sort(sort), Order::Take(count)]);
            }
            _ => return None,
        }
        Some(table)
    }

    fn filter(&mut self, leg: &mut LegScope, predicate: &Expr) {
        let bound = self.scalar(predicate, &mut Scope::Row(leg));
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
            .map(|item| {
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
                (name, self.not_too_deep(leg, value))
            })
            .collect()
    }

    /// Columns made of columns are written out when a rule is compiled; that must not grow without bound.
    fn not_too_deep(&mut self, leg: &LegScope, value: Bound) -> Bound {
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

    fn project(&mut self, leg: &mut LegScope, list: &[NamedExpr]) {
        let columns = self.bind_list(leg, list, false);
        leg.columns = columns.into_iter().map(|(name, value)| leg.assign(&name, value)).collect();
        leg.open = false;
    }

    /// A union lines up columns by name. One name with several types becomes one column for each type.
    fn union(&mut self, input: Option<Tabular>, union: &Union, span: Span) -> Option<Tabular> {
        let parameters = self.union_parameters(union);
        let mut failed = false;
        let mut legs: Vec<LegScope> = Vec::new();
        if let Some(input) = input {
            self.refuse_order(&input, span);
            legs.extend(input.legs);
        }
        for leg in &union.legs {
            if parameters.fuzzy && self.is_unknown_table(leg) {
                continue;
            }
            match self.tabular(leg) {
                Some(table) => {
                    self.refuse_order(&table, leg.span);
                    if !self.has_room_for_legs(legs.len(), table.legs.len(), leg.span) {
                        return None;
                    }
                    legs.extend(table.legs);
                }
                None => failed = true,
            }
        }
        if failed {
            return None;
        }
        if legs.is_empty() {
            self.error("KS204", span, "none of the union's tables is known");
            return None;
        }
        let mut names = names_of(&legs);
        if parameters.inner {
            names
                .retain(|(name, ty)| legs.iter().all(|leg| leg.columns.iter().any(|c| c.name == *name && c.ty == *ty)));
        }
        if !self.spend(legs.len().saturating_mul(names.len()).saturating_mul(COLUMN_WEIGHT), span) {
            return None;
        }
        let titles = titles(&names);
        for leg in &mut legs {
            let mut columns: Vec<ScopeColumn> = Vec::new();
            if let Some(title) = &parameters.with_source {
                let table = Bound::constant(
                    Value::string(leg.leg.table().map_or(String::new(), |t| t.name.clone())),
                    ScalarType::String,
                    span,
                );
                columns.push(leg.assign(title, table));
            }
            for ((name, ty), title) in names.iter().zip(&titles) {
                let at = leg.columns.iter().position(|c| c.name == *name && c.ty == *ty);
                columns.push(match at {
                    Some(at) => ScopeColumn { name: title.clone(), ..leg.columns[at].clone() },
                    None => leg.missing(title, *ty),
                });
            }
            leg.columns = columns;
            leg.open = false;
            // A union has no order; Kusto keeps none either.
            leg.hidden.clear();
        }
        Some(Tabular { legs, order: Vec::new() })
    }

    fn union_parameters(&mut self, union: &Union) -> UnionParameters {
        let mut parameters = UnionParameters::default();
        for (name, value) in &union.parameters {
            let word = match &value.kind {
                ExprKind::Name(n) => n.text.as_str(),
                ExprKind::Literal(l) => l.text.as_str(),
                _ => "",
            };
            match (name.text.as_str(), word) {
                ("kind", "outer") => {}
                ("kind", "inner") => parameters.inner = true,
                ("isfuzzy", "true" | "false") => parameters.fuzzy = word == "true",
                ("withsource" | "with_source", title) if !title.is_empty() => {
                    parameters.with_source = Some(title.to_owned())
                }
                ("kind" | "isfuzzy" | "withsource" | "with_source", _) => {
                    self.error(
                        "KS140",
                        value.span,
                        format!(
                            "'{}' takes {}",
                            name.text,
                            match name.text.as_str() {
                                "kind" => "inner or outer",
                                "isfuzzy" => "true or false",
                                _ => "the name of a column",
                            }
                        ),
                    );
                }
                (other, _) if other.starts_with("hint.") => {}
                (other, _) => {
                    self.report(Diagnostic::warning(
                        "KS179",
                        name.span,
                        format!("'{other}' is not a parameter of union; it is left out"),
                    ));
                }
            }
        }
        parameters
    }

    fn is_unknown_table(&self, leg: &Expr) -> bool {
        match &leg.kind {
            ExprKind::Name(name) => !self.lets.contains_key(&name.text) && self.catalog.table(&name.text).is_none(),
            ExprKind::Pipe { source, .. } => self.is_unknown_table(source),
            _ => false,
        }
    }

    fn refuse_order(&mut self, table: &Tabular, span: Span) {
        if table.order.iter().any(|o| matches!(o, Order::Take(_))) {
            self.error(
                "KT004",
                span,
                "a 'take' or 'top' inside a union depends on which rows were taken, which a stream does not know",
            );
        }
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

    fn row_count(&mut self, count: &Expr) -> Option<usize> {
        let bound = self.scalar(count, &mut Scope::Nothing);
        match bound.as_constant() {
            Some(Value::Long(n)) if *n >= 0 => usize::try_from(*n).ok(),
            _ => {
                if !bound.is_error() {
                    self.error("KS134", count.span, "the number of rows must be a whole number, zero or more");
                }
                None
            }
        }
    }
}

/// The conjuncts of a predicate, those of a bracketed `and` within it included.
fn flatten(predicate: Bound, conjuncts: &mut Vec<Bound>) {
    match predicate.kind {
        BoundKind::And(list) => list.into_iter().for_each(|operand| flatten(operand, conjuncts)),
        _ => conjuncts.push(predicate),
    }
}

#[derive(Default)]
struct UnionParameters {
    inner: bool,
    fuzzy: bool,
    with_source: Option<String>,
}

/// The legs' columns in the order of first appearance; what has the name of an earlier column stands beside that one.
fn names_of(legs: &[LegScope]) -> Vec<(String, ScalarType)> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut names: Vec<(&str, Vec<ScalarType>)> = Vec::new();
    for column in legs.iter().flat_map(|leg| &leg.columns) {
        let place = *places.entry(&column.name).or_insert(names.len());
        match names.get_mut(place) {
            Some((_, types)) if types.contains(&column.ty) => {}
            Some((_, types)) => types.push(column.ty),
            None => names.push((&column.name, vec![column.ty])),
        }
    }
    names.into_iter().flat_map(|(name, types)| types.into_iter().map(move |ty| (name.to_owned(), ty))).collect()
}

/// A name that has one type stays; one that has several gets its type's name behind it, and a number if that is taken.
fn titles(names: &[(String, ScalarType)]) -> Vec<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (name, _) in names {
        *counts.entry(name).or_default() += 1;
    }
    let alone = |name: &str| counts.get(name) == Some(&1);
    let mut taken: HashSet<String> = names.iter().filter(|(name, _)| alone(name)).map(|(n, _)| n.clone()).collect();
    names
        .iter()
        .map(|(name, ty)| {
            if alone(name) {
                return name.clone();
            }
            let plain = format!("{name}_{ty}");
            let mut title = plain.clone();
            let mut n = 0;
            while !taken.insert(title.clone()) {
                n += 1;
                title = format!("{plain}{n}");
            }
            title
        })
        .collect()
}

/// Functions whose column is named after their first argument (Kusto.Language, ResultNameKind.FirstArgument).
const NAMED_BY_ARGUMENT: &[&str] = &[
    "abs",
    "bin",
    "ceiling",
    "exp",
    "floor",
    "format_datetime",
    "format_timespan",
    "log",
    "parse_csv",
    "parse_json",
    "parse_xml",
    "parsejson",
    "pow",
    "round",
    "split",
    "sqrt",
    "startofday",
    "tobool",
    "toboolean",
    "todatetime",
    "todecimal",
    "todouble",
    "todynamic",
    "toguid",
    "tohex",
    "toint",
    "tolong",
    "toobject",
    "toreal",
    "tostring",
    "totime",
    "totimespan",
    "column_ifexists",
    "columnifexists",
];

/// The name that Kusto gives a column without one.
fn inferred_name(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.text.clone()),
        ExprKind::Path { base, steps } => {
            let mut name = inferred_name(base)?;
            for step in steps {
                let part = match step {
                    crate::kql::ast::Step::Member(member) => member.text.clone(),
                    crate::kql::ast::Step::Index(index) => match &index.kind {
                        ExprKind::Literal(literal) => literal.text.clone(),
                        _ => return None,
                    },
                };
                name = format!("{name}_{part}");
            }
            Some(name)
        }
        ExprKind::Call { name, arguments } => {
            let first = &arguments.first()?.value;
            if matches!(name.text.as_str(), "column_ifexists" | "columnifexists") {
                return match &first.kind {
                    ExprKind::Literal(literal) => Some(literal.text.clone()),
                    _ => None,
                };
            }
            let inner = inferred_name(first)?;
            match name.text.as_str() {
                n if NAMED_BY_ARGUMENT.contains(&n) => Some(inner),
                "strlen" | "string_size" => Some(format!("{}_{inner}", name.text)),
                "gettype" => Some(format!("type_{inner}")),
                _ => None,
            }
        }
        _ => None,
    }
}
