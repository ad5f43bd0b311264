//! Scalar expressions.

use std::sync::Arc;

use super::plugin::converted;
use super::room::{own_weight, tree_weight};
use super::scope::{LegScope, Place, Scope, ScopeColumn};
use super::{Binder, Lifted, Meaning};
use crate::compile::bound::{Bound, BoundKind, RowSource};
use crate::compile::plain;
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{Argument, BinaryOp, Expr, ExprKind, Literal, LiteralKind, Name, Step};
use crate::schema::{ScalarType, type_by_suffix};
use crate::value::functions::Callee;
use crate::value::literal::dynamic_literal;
use crate::value::{Value, convert, functions, regex};

impl Binder<'_> {
    /// Binds an expression that must be a scalar, and computes it if it reads no column and no clock.
    pub(super) fn scalar(&mut self, expr: &Expr, scope: &mut Scope<'_>) -> Bound {
        if self.tree_room == 0 {
            return Bound::error(expr.span);
        }
        if let Some(bound) = self.lifted_value(expr, scope) {
            return if self.spend(tree_weight(&bound), expr.span) { bound } else { Bound::error(expr.span) };
        }
        let bound = self.unfolded(expr, scope);
        let span = self.calls.span(bound.span);
        let bound = self.fold(Bound { span, ..bound });
        if self.spend(own_weight(&bound), expr.span) { bound } else { Bound::error(expr.span) }
    }

    /// What an operator has computed of this expression beforehand.
    fn lifted_value(&mut self, expr: &Expr, scope: &mut Scope<'_>) -> Option<Bound> {
        match (self.lifted.get(&expr.span)?, scope) {
            (Lifted::Value(bound), _) => Some(Bound { span: expr.span, ..bound.clone() }),
            (Lifted::Column(name), Scope::Row(leg)) => leg.column(name, expr.span),
            (Lifted::Column(_), Scope::Nothing) => None,
        }
    }

    /// A value in place of what computes it, if that reads neither a column nor the clock. A short text can ask for many
    /// large values, so all of them together are bounded; what does not fit is computed over the rows.
    fn fold(&mut self, bound: Bound) -> Bound {
        if self.room == 0 || bound.as_constant().is_some() || reads_clock(&bound) {
            return bound;
        }
        // The operands have been folded before it, so it is fixed if all of them are constants: no need to walk the tree.
        let mut fixed = !matches!(bound.kind, BoundKind::Cell(_) | BoundKind::Error);
        bound.operands(&mut |operand| fixed &= operand.as_constant().is_some());
        if !fixed {
            return bound;
        }
        let value = match plain::constant(&bound) {
            Value::Null => Value::missing(bound.ty),
            value => value.into_owned(),
        };
        self.room = functions::room_after(&value, self.room).unwrap_or(0);
        match self.room {
            0 => bound,
            _ => Bound::constant(value, bound.ty, bound.span),
        }
    }

    fn unfolded(&mut self, expr: &Expr, scope: &mut Scope<'_>) -> Bound {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Literal(literal) => self.literal(literal, span),
            ExprKind::Dynamic(literal) => match dynamic_literal(literal) {
                Ok(value) => Bound::constant(Value::dynamic(value), ScalarType::Dynamic, span),
                Err((at, message)) => {
                    self.error("KS004", at, message);
                    Bound::error(span)
                }
            },
            ExprKind::Name(name) => self.name(name, scope),
            ExprKind::Path { base, steps } => {
                let base = self.scalar(base, scope);
                let base = self.indexed(base, scope);
                self.path(base, steps, scope)
            }
            ExprKind::Unary { negate, operand } => {
                let operand = self.scalar(operand, scope);
                self.sign(*negate, operand, span)
            }
            ExprKind::Binary { op, op_span, left, right } if matches!(left.kind, ExprKind::Star) => {
                self.any_column(*op, *op_span, right, scope, span)
            }
            ExprKind::Binary { op: BinaryOp::MatchesRegex, op_span, left, right } => {
                let left = self.scalar(left, scope);
                let right = self.scalar(right, scope);
                let right = match scope {
                    Scope::Row(leg) => leg.constant_of(right),
                    Scope::Nothing => right,
                };
                self.regex(left, right, *op_span, span)
            }
            ExprKind::Binary { op, op_span, left, right } => {
                let left = self.scalar(left, scope);
                let right = self.scalar(right, scope);
                let (left, right) = self.fitted_pair(*op, left, right, scope);
                self.binary(*op, *op_span, left, right, span)
            }
            ExprKind::Logical { and, operands } => {
                let operands: Vec<Bound> = operands.iter().map(|o| self.scalar(o, scope)).collect();
                self.logical(*and, operands, span)
            }
            ExprKind::List { op, op_span, subject, items } => {
                let subject = self.scalar(subject, scope);
                let items: Vec<Bound> = items.iter().map(|i| self.list_item(i, scope)).collect();
                self.list(*op, *op_span, subject, items, span)
            }
            ExprKind::Between { negated, op_span, subject, low, high } => {
                let subject = self.scalar(subject, scope);
                let low = self.scalar(low, scope);
                let high = self.scalar(high, scope);
                let subject = self.fitted(subject, low.ty, scope);
                self.between(*negated, *op_span, [subject, low, high], span)
            }
            ExprKind::Call { name, arguments } => self.call(name, arguments, scope, span),
            ExprKind::Star => {
                self.error("KS191", span, "'*' cannot stand here");
                Bound::error(span)
            }
            ExprKind::Typeof(_) => {
                self.error("KS108", span, "typeof() can only be an argument that names a type");
                Bound::error(span)
            }
            ExprKind::Pipe { .. } | ExprKind::Operator(_) => {
                self.error("KS108", span, "a scalar value is expected here, and this is a table");
                Bound::error(span)
            }
            ExprKind::Unpack { value, .. } => {
                self.several_names(value, span);
                Bound::error(span)
            }
            ExprKind::Shaped { .. } => {
                self.error("KT003", span, "columns declared behind a call are supported in 'evaluate' alone");
                Bound::error(span)
            }
            ExprKind::Function(_) | ExprKind::Wildcard(_) => {
                self.error("KS108", span, "a scalar value is expected here");
                Bound::error(span)
            }
            ExprKind::Error => Bound::error(span),
        }
    }

    fn literal(&mut self, literal: &Literal, span: Span) -> Bound {
        // Microsoft's own examples write it (the tutorial of update policies: `TimeStamp = datetime(now)`).
        if literal.kind == LiteralKind::DateTime && literal.text.trim() == "now" {
            return self.call(&Name { text: "now".to_owned(), span }, &[], &mut Scope::Nothing, span);
        }
        let read = convert::literal(literal.kind, &literal.text);
        // Kusto reads a date with blanks around its dashes too.
        let read = match literal.kind {
            LiteralKind::DateTime => {
                read.or_else(|m| convert::literal(literal.kind, &literal.text.replace(" - ", "-")).map_err(|_| m))
            }
            _ => read,
        };
        match read {
            Ok(value) => Bound::constant(value, literal_type(literal.kind), span),
            Err(message) => {
                self.error("KS004", span, message);
                Bound::error(span)
            }
        }
    }

    /// A column first, then a `let`: a column shadows a `let` of the same name.
    fn name(&mut self, name: &Name, scope: &mut Scope<'_>) -> Bound {
        if let Scope::Row(leg) = scope
            && let Some(bound) = leg.column(&name.text, name.span)
        {
            return bound;
        }
        match self.lets.get(&name.text) {
            Some(Meaning::Scalar(value)) => {
                let bound = Bound { span: name.span, ..value.clone() };
                // `scalar` counts the outermost one.
                let fits = self.spend(tree_weight(&bound) - own_weight(&bound), name.span);
                return if fits { bound } else { Bound::error(name.span) };
            }
            Some(Meaning::Later(_)) => {
                self.needs_records(name.span);
                return Bound::error(name.span);
            }
            Some(Meaning::Function(lambda)) if !lambda.is_tabular => {
                return self.function_scalar(name, &[], scope, name.span).unwrap_or_else(|| Bound::error(name.span));
            }
            Some(Meaning::Tabular(_) | Meaning::Function(_) | Meaning::Pattern(_)) => {
                self.error("KS108", name.span, format!("'{}' is a table, and a scalar is expected here", name.text));
                return Bound::error(name.span);
            }
            None => {}
        }
        self.unknown_name(name, scope)
    }

    fn unknown_name(&mut self, name: &Name, scope: &mut Scope<'_>) -> Bound {
        let Scope::Row(leg) = scope else {
            let near = self.near(&name.text, self.lets.keys().map(String::as_str));
            let mut diagnostic =
                Diagnostic::error("KS142", name.span, format!("'{}' is not a known variable", name.text));
            diagnostic.help = near;
            self.report(diagnostic);
            return Bound::error(name.span);
        };
        if let Some((member, ty)) = leg.member_of_bag(&name.text, name.span) {
            let ty = ty.unwrap_or_else(|| self.guessed_type(&name.text, ScalarType::Dynamic));
            let column = leg.assign(&name.text, converted(member, ty));
            leg.columns.push(column);
            return leg.column(&name.text, name.span).unwrap_or_else(|| Bound::error(name.span));
        }
        if leg.open && matches!(leg.leg.source, RowSource::Elements) {
            return self.of_outer_row(name, leg);
        }
        let names = leg.columns.iter().map(|c| c.name.as_str()).chain(self.lets.keys().map(String::as_str));
        let near = self.near(&name.text, names);
        let Some(table) = leg.leg.table().map(|t| t.name.clone()) else {
            if leg.open {
                // A watchlist that is not there: nobody knows its columns, and all of them are text.
                return leg.add_unknown(&name.text, ScalarType::String, name.span);
            }
            self.missing.insert(name.text.clone());
            let mut diagnostic =
                Diagnostic::error("KS142", name.span, format!("no column '{}' is in scope here", name.text));
            diagnostic.help = near;
            self.report(diagnostic);
            return Bound::error(name.span);
        };
        if leg.open && self.is_custom(&table) {
            // What is said of the table is said of its columns.
            let ty = self.custom_type(&name.text);
            return leg.add_unknown(&name.text, ty, name.span);
        }
        if leg.open && !self.options.strict {
            let mut diagnostic = Diagnostic::warning(
                "KS142",
                name.span,
                format!(
                    "table {table} has no column '{}'; it is read from the record, and is empty where the record lacks it",
                    name.text
                ),
            );
            diagnostic.help =
                near.or_else(|| Some("Sentinel refuses it; column_ifexists() is its way to ask".to_owned()));
            let by_suffix = type_by_suffix(&name.text).unwrap_or(ScalarType::Dynamic);
            let ty = self.guessed_type(&name.text, by_suffix);
            let bound = leg.add_unknown(&name.text, ty, name.span);
            self.report(diagnostic);
            return bound;
        }
        self.missing.insert(name.text.clone());
        let message = match leg.open {
            true => format!("table {table} has no column '{}'", name.text),
            false => format!("no column '{}' is in scope here", name.text),
        };
        let mut diagnostic = Diagnostic::error("KS142", name.span, message);
        diagnostic.help = near;
        self.report(diagnostic);
        Bound::error(name.span)
    }

    /// The type of a column that no schema knows. A name that other tables know has their type, so that it lines up with
    /// them in a union.
    pub(super) fn guessed_type(&mut self, name: &str, or: ScalarType) -> ScalarType {
        let ty = self.type_elsewhere(name).unwrap_or(or);
        if ty == ScalarType::Dynamic {
            self.guessed.insert(name.to_owned());
        }
        ty
    }

    /// Within `mv-apply`, a column of the row whose elements these are: it may be open where the subquery's is not known.
    fn of_outer_row(&mut self, name: &Name, leg: &mut LegScope) -> Bound {
        let Some(mut outer) = self.outer_rows.pop() else { return Bound::error(name.span) };
        let bound = self.name(name, &mut Scope::Row(&mut outer));
        let at = outer.columns.iter().position(|c| c.name == name.text);
        self.outer_rows.push(outer);
        match at {
            Some(at) if !bound.is_error() => {
                let place = Place::Input(at);
                leg.columns.push(ScopeColumn { name: name.text.clone(), ty: bound.ty, place });
                leg.column(&name.text, name.span).unwrap_or_else(|| Bound::error(name.span))
            }
            _ => Bound::error(name.span),
        }
    }

    pub(super) fn path(&mut self, mut base: Bound, steps: &[Step], scope: &mut Scope<'_>) -> Bound {
        for step in steps {
            let index = match step {
                Step::Member(_) => None,
                Step::Index(index) => Some(self.scalar(index, scope)),
            };
            if base.is_error() || index.as_ref().is_some_and(Bound::is_error) {
                return Bound::error(base.span);
            }
            let step_span = match step {
                Step::Member(member) => member.span,
                Step::Index(index) => index.span,
            };
            let span = base.span.to(step_span);
            if base.ty != ScalarType::Dynamic {
                let (code, what) = if index.is_some() { ("KS147", "an element") } else { ("KS142", "a member") };
                self.report(
                    Diagnostic::error(
                        code,
                        step_span,
                        format!("a {} has no members; {what} can only be taken of a dynamic", base.ty),
                    )
                    .help("parse_json() turns text into a dynamic"),
                );
                return Bound::error(span);
            }
            let kind = match (step, index) {
                (Step::Member(member), _) => BoundKind::Member(Box::new(base), member.text.clone()),
                (_, Some(index)) => match (index.as_constant(), index.ty) {
                    (Some(Value::String(name)), _) => BoundKind::Member(Box::new(base), name.to_string()),
                    (_, ScalarType::Int | ScalarType::Long | ScalarType::String | ScalarType::Dynamic) => {
                        BoundKind::Index(Box::new(base), Box::new(index))
                    }
                    _ => {
                        self.error(
                            "KS141",
                            index.span,
                            format!("an index must be a string or a whole number, and this is {}", index.ty),
                        );
                        return Bound::error(span);
                    }
                },
                (_, None) => return Bound::error(span),
            };
            base = self.fold(Bound { kind, ty: ScalarType::Dynamic, span });
        }
        base
    }

    /// An item of a list; a table stands for the values of its first column.
    fn list_item(&mut self, item: &Expr, scope: &mut Scope<'_>) -> Bound {
        if let Some(bound) = self.lifted_value(item, scope) {
            return bound;
        }
        if self.is_table_item(item, scope) {
            return self.list_now(item);
        }
        self.scalar(item, scope)
    }

    /// Whether an item of a list is a table; a column of that name would shadow it.
    pub(super) fn is_table_item(&self, item: &Expr, scope: &Scope<'_>) -> bool {
        let shadowed = matches!((&item.kind, scope), (ExprKind::Name(n), Scope::Row(leg)) if leg.columns.iter().any(|c| c.name == n.text));
        !shadowed && self.is_tabular(item)
    }

    pub(super) fn regex(&mut self, left: Bound, right: Bound, op_span: Span, span: Span) -> Bound {
        if left.is_error() || right.is_error() {
            return Bound::error(span);
        }
        if !matches!(left.ty, ScalarType::String | ScalarType::Dynamic)
            || !matches!(right.ty, ScalarType::String | ScalarType::Dynamic)
        {
            self.error("KS106", op_span, format!("'matches regex' is not defined for {} and {}", left.ty, right.ty));
            return Bound::error(span);
        }
        let Some(pattern) = right.as_constant() else {
            self.error("KS129", right.span, "the regular expression must be a constant; 'let' gives one a name");
            return Bound::error(span);
        };
        match regex::compile(&convert::text(pattern)) {
            Ok(regex) => Bound { kind: BoundKind::Regex(Box::new(left), Arc::new(regex)), ty: ScalarType::Bool, span },
            Err(message) => {
                self.error("SEM0420", right.span, message);
                Bound::error(span)
            }
        }
    }

    fn call(&mut self, name: &Name, arguments: &[Argument], scope: &mut Scope<'_>, span: Span) -> Bound {
        if matches!(name.text.as_str(), "column_ifexists" | "columnifexists") {
            return self.column_ifexists(name, arguments, scope, span);
        }
        match name.text.as_str() {
            "pack_all" => return self.pack_all(arguments, scope, span),
            "bag_pack_columns" => return self.bag_pack_columns(arguments, scope, span),
            "toscalar" => return self.toscalar_now(arguments, scope, span),
            "column_names_of" => return self.column_names_of(arguments, span),
            "assert" => return self.assertion(arguments, scope, span),
            "bin_auto" => return self.bin_auto(arguments, scope, span),
            "estimate_data_size" => return self.data_size(arguments, scope, span),
            _ => {}
        }
        if let Some(bound) = self.function_scalar(name, arguments, scope, span) {
            return bound;
        }
        let found = functions::find(&name.text);
        let arguments: Vec<Bound> = arguments
            .iter()
            .enumerate()
            .map(|(at, argument)| match &argument.value.kind {
                ExprKind::Typeof(of) if found.is_some_and(|f| f.takes_type(at)) => self.type_argument(of),
                _ if found.is_some_and(|f| f.takes_type(at)) => {
                    self.error("KS108", argument.value.span, "a type is expected here, as typeof(type)");
                    Bound::error(argument.value.span)
                }
                _ => self.scalar(&argument.value, scope),
            })
            .collect();
        let Some(function) = found else {
            if let Some(why) = functions::refused(&name.text) {
                let message = format!("the function '{}' is not supported", name.text);
                self.report(Diagnostic::error("KT001", name.span, message).help(why));
                return Bound::error(span);
            }
            let near = self.near(&name.text, functions::all().map(|f| f.name));
            let mut diagnostic = Diagnostic::error(
                "KS143",
                name.span,
                format!("the function '{}' is not known, or not supported yet", name.text),
            );
            diagnostic.help = near;
            self.report(diagnostic);
            return Bound::error(span);
        };
        if arguments.iter().any(Bound::is_error) {
            return Bound::error(span);
        }
        // Only a dynamic has to be looked into; the type of anything else is known here.
        if let ("gettype", [argument]) = (function.name, arguments.as_slice())
            && argument.ty != ScalarType::Dynamic
        {
            return Bound::constant(Value::string(argument.ty.name()), ScalarType::String, span);
        }
        let arguments = self.fitted_arguments(function, arguments, scope);
        let types: Vec<ScalarType> = arguments.iter().map(|a| a.ty).collect();
        let constants: Vec<_> = arguments.iter().map(Bound::as_constant).collect();
        let callee = function.check(&types).and_then(|ty| Ok((ty, Callee::of(function, &constants)?)));
        // What a constant chooses stays as it is: the engine gives `[1]` for `iff(1>0, dynamic([1]), "a")`.
        if let (Ok((ScalarType::String, _)), "iff" | "iif", [predicate, then, or]) =
            (&callee, function.name, arguments.as_slice())
            && let Some(Value::Bool(holds)) = predicate.as_constant()
            && let chosen = if *holds { then } else { or }
            && chosen.ty == ScalarType::Dynamic
        {
            return chosen.clone();
        }
        let arguments = match (&callee, function.name) {
            (Ok((ScalarType::Dynamic, _)), "iff" | "iif" | "case" | "coalesce") => {
                let last = arguments.len() - 1;
                let is_predicate = |at: usize| function.name != "coalesce" && at.is_multiple_of(2) && at != last;
                let box_value = |(at, bound)| if is_predicate(at) { bound } else { self.boxed(bound) };
                arguments.into_iter().enumerate().map(box_value).collect()
            }
            (Ok((ty, _)), "iff" | "iif" | "case" | "coalesce") => {
                // The type is that of Microsoft's parser: what the others have in common.
                let plain = |bound: Bound| match bound.ty {
                    ScalarType::Dynamic => self.fold(converted(bound, *ty)),
                    _ => bound,
                };
                arguments.into_iter().map(plain).collect()
            }
            _ => arguments,
        };
        match callee {
            Ok((ty, callee)) => match self.with_file(callee, span) {
                Some(callee) => Bound { kind: BoundKind::Call(callee, arguments), ty, span },
                None => Bound::error(span),
            },
            Err((code, message)) => {
                self.error(code, span, message);
                Bound::error(span)
            }
        }
    }

    /// A value as a dynamic holds it, beside dynamics: the text of `true` is `true` there, and `True` else.
    fn boxed(&mut self, bound: Bound) -> Bound {
        if !matches!(bound.ty, ScalarType::Bool | ScalarType::Real) {
            return bound;
        }
        let Some(Ok(callee)) = functions::find("pack_array").map(|f| Callee::of(f, &[None])) else { return bound };
        let (ty, span) = (ScalarType::Dynamic, bound.span);
        let array = self.fold(Bound { kind: BoundKind::Call(callee, vec![bound]), ty, span });
        let first = Bound::constant(Value::Long(0), ScalarType::Long, span);
        self.fold(Bound { kind: BoundKind::Index(Box::new(array), Box::new(first)), ty, span })
    }

    /// `typeof(type)`: the type's name as the value, for who makes the function ready, and the type itself as its type.
    fn type_argument(&mut self, of: &Name) -> Bound {
        match ScalarType::from_name(&of.text) {
            Some(ty) => Bound::constant(Value::string(ty.name()), ty, of.span),
            None => {
                self.error("KS108", of.span, format!("'{}' is not a type", of.text));
                Bound::error(of.span)
            }
        }
    }

    /// Decided when the query is bound: the column if the scope has it, else the default.
    fn column_ifexists(&mut self, name: &Name, arguments: &[Argument], scope: &mut Scope<'_>, span: Span) -> Bound {
        let [column, default] = arguments else {
            self.error("KS119", span, format!("'{}' takes 2 arguments: the name of a column and a default", name.text));
            return Bound::error(span);
        };
        let default = self.scalar(&default.value, scope);
        let column = self.scalar(&column.value, &mut Scope::Nothing);
        if column.is_error() {
            return Bound::error(span);
        }
        let Some(Value::String(column_name)) = column.as_constant() else {
            self.error("KS131", column.span, "the name of the column must be a literal string");
            return Bound::error(span);
        };
        if let Scope::Row(leg) = scope
            && let Some(bound) = leg.column(column_name, span)
        {
            return bound;
        }
        if let Scope::Row(leg) = scope
            && let Some((member, _)) = leg.member_of_bag(column_name, span)
            && let Some(coalesce) = functions::find("coalesce")
            && let Ok(callee) = Callee::of(coalesce, &[None, None])
        {
            // Whether the bag has it is only known of each record.
            let (ty, member) = (default.ty, converted(member, default.ty));
            return Bound { kind: BoundKind::Call(callee, vec![member, default]), ty, span };
        }
        if let Scope::Row(leg) = scope
            && !leg.rest.is_empty()
            && self.missing.insert(column_name.to_string())
        {
            // Some table may have it: then a row of all tables has it when the query is bound again.
            self.again = true;
        }
        if let Scope::Row(leg) = scope
            && leg.open
            && leg.leg.table().is_some_and(|table| self.is_custom(&table.name))
            && let Some(coalesce) = functions::find("coalesce")
            && let Ok(callee) = Callee::of(coalesce, &[None, None])
        {
            // A custom table may have it, and a record says whether it does. What type a column has must not depend on who
            // asks: all rules read one value of a record.
            let read = self.custom_type(column_name);
            // Where the table has the column, the value has its type, and where it has none, the default's. Nobody knows
            // which it is, so the query is bound with the other one if this one does not do.
            let by_name = type_by_suffix(column_name).unwrap_or(default.ty);
            self.defaults_differ |= by_name != default.ty;
            let ty = if self.has_optional { by_name } else { default.ty };
            let default = if ty == default.ty { default } else { self.fold(converted(default, ty)) };
            let column = leg.add_unknown(column_name, read, span);
            let column = match ty {
                ScalarType::Dynamic => self.indexed(column, &Scope::Row(leg)),
                _ if ty == read => column,
                _ => converted(column, ty),
            };
            // The default is this call's own: the next one asks again.
            leg.columns.pop();
            return Bound { kind: BoundKind::Call(callee, vec![column, default]), ty, span };
        }
        Bound { span, ..default }
    }
}

fn literal_type(kind: LiteralKind) -> ScalarType {
    match kind {
        LiteralKind::Bool => ScalarType::Bool,
        LiteralKind::Int => ScalarType::Int,
        LiteralKind::Long => ScalarType::Long,
        LiteralKind::Real => ScalarType::Real,
        LiteralKind::Decimal => ScalarType::Decimal,
        LiteralKind::String => ScalarType::String,
        LiteralKind::DateTime => ScalarType::DateTime,
        LiteralKind::TimeSpan => ScalarType::TimeSpan,
        LiteralKind::Guid => ScalarType::Guid,
    }
}

fn reads_clock(bound: &Bound) -> bool {
    matches!(&bound.kind, BoundKind::Call(f, _) if f.reads_clock())
}
