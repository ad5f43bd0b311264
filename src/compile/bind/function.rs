//! Functions: what a query defines with `let`, and what is saved in files. A call is the body, bound anew with the
//! parameters as names; there are no functions left when the query runs.

use std::rc::Rc;

use super::scope::{Scope, Tabular};
use super::{Binder, Lets, Meaning};
use crate::compile::bound::{Bound, BoundKind};
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{
    Argument, ColumnDeclaration, Expr, ExprKind, Function, Name, Parameter, ParameterType, Query, Statement,
};
use crate::kql::{Limits, parse};
use crate::schema::ScalarType;
use crate::value::{Value, convert};

/// How deep functions may call functions.
const MAX_DEPTH: usize = 32;

/// How many bodies one query may be made of: functions that call two others each double with every level.
const MAX_CALLS: usize = 4096;

/// A function.
pub(super) struct Lambda {
    name: String,
    parameters: Vec<Parameter>,
    body: Query,
    /// What names meant where it was defined.
    lets: Lets,
    /// Whether its value is a table.
    pub(super) is_tabular: bool,
    /// The file of a saved function.
    path: Option<String>,
}

impl Lambda {
    /// Whether it is a table that takes no arguments, and so may be named like one.
    pub(super) fn is_view(&self) -> bool {
        self.is_tabular && self.parameters.is_empty()
    }
}

/// The functions whose bodies are being bound.
#[derive(Default)]
pub(super) struct Calls {
    stack: Vec<String>,
    /// Of saved functions: the outermost call's place, and the function and its file.
    saved: Vec<(Span, String, String)>,
    count: usize,
}

impl Calls {
    /// A saved function's text is not the query's: what is wrong in it is said at the call, and with its file.
    pub(super) fn placed(&self, diagnostic: Diagnostic) -> Diagnostic {
        match (self.saved.first(), self.saved.last()) {
            (Some((span, _, _)), Some((_, name, path))) => Diagnostic {
                span: *span,
                message: format!("in the function {name} ({path}): {}", diagnostic.message),
                ..diagnostic
            },
            _ => diagnostic,
        }
    }

    /// The place of a text that is read now, in the query.
    pub(super) fn span(&self, span: Span) -> Span {
        self.saved.first().map_or(span, |(call, _, _)| *call)
    }
}

impl Binder<'_> {
    /// What `let name = (…) { … }` defines.
    pub(super) fn lambda(&mut self, name: &Name, function: &Function) -> Option<Lambda> {
        let lets = std::mem::take(&mut self.lets);
        let fits = self.spend_on_lets(&lets, name.span);
        self.lets = lets;
        fits.then(|| Lambda {
            name: name.text.clone(),
            is_tabular: self.gives_table(&function.parameters, &function.body),
            parameters: function.parameters.clone(),
            body: function.body.clone(),
            lets: self.lets.clone(),
            path: None,
        })
    }

    /// The same for one line of a pattern, whose value is a table.
    pub(super) fn lambda_of(&mut self, name: &Name, parameters: &[Parameter], body: &Query) -> Option<Lambda> {
        let function = Function { parameters: parameters.to_vec(), body: body.clone() };
        self.lambda(name, &function).map(|lambda| Lambda { is_tabular: true, ..lambda })
    }

    /// What a function that gives a table gives.
    pub(super) fn call_lambda(&mut self, lambda: &Lambda, arguments: &[Argument], span: Span) -> Option<Tabular> {
        self.inside(lambda, arguments, None, &mut Scope::Nothing, span, |binder, body| binder.tabular(body)).flatten()
    }

    /// A table through a query of kqltap's own, in which it is `T` and the lets are what they say.
    pub(super) fn through(
        &mut self,
        name: &str,
        text: &str,
        lets: Lets,
        table: Tabular,
        span: Span,
    ) -> Option<Tabular> {
        let parsed = parse(text, &Limits::default());
        let mistake = parsed.diagnostics.first().map(|d| d.message.clone());
        debug_assert_eq!(mistake, None, "{text}");
        let input = Name { text: "T".to_owned(), span };
        let parameters = vec![Parameter { name: input, ty: ParameterType::Table(Vec::new()), default: None }];
        let path = Some("kqltap's own".to_owned());
        let lambda = Lambda { name: name.to_owned(), parameters, body: parsed.query, lets, is_tabular: true, path };
        self.inside(&lambda, &[], Some(table), &mut Scope::Nothing, span, |binder, body| binder.tabular(body)).flatten()
    }

    /// The function of that name, from a `let` or from the library.
    fn function(&self, name: &str) -> Option<Rc<Lambda>> {
        match self.lets.get(name) {
            Some(Meaning::Function(lambda)) => return Some(lambda.clone()),
            Some(_) => return None,
            None => {}
        }
        let saved = self.libraries.functions.find(name)?;
        Some(Rc::new(Lambda {
            name: saved.name.clone(),
            is_tabular: self.calls.stack.len() < MAX_DEPTH && self.gives_table(&saved.parameters, &saved.body),
            parameters: saved.parameters.clone(),
            body: saved.body.clone(),
            lets: Lets::new(),
            path: Some(saved.path.clone()),
        }))
    }

    /// Whether a `let` or the library has a function of that name.
    pub(super) fn has_function(&self, name: &str) -> bool {
        self.lets.contains_key(name) || self.libraries.functions.contains(name)
    }

    /// Whether a body ends in a table. Names that it defines itself are looked through.
    fn gives_table(&self, parameters: &[Parameter], body: &Query) -> bool {
        let last = body.statements.iter().rev().find_map(|s| match s {
            Statement::Expression(expr) => Some(expr),
            _ => None,
        });
        let Some(expr) = last else { return false };
        self.ends_in_table(expr, parameters, body, 0)
    }

    fn ends_in_table(&self, expr: &Expr, parameters: &[Parameter], body: &Query, depth: usize) -> bool {
        let name = match &expr.kind {
            ExprKind::Name(name) => name,
            ExprKind::Call { name, .. } => name,
            _ => return self.is_tabular(expr),
        };
        if let Some(parameter) = parameters.iter().find(|p| p.name.text == name.text) {
            return matches!(parameter.ty, ParameterType::Table(_));
        }
        let inner = body.statements.iter().find_map(|s| match s {
            Statement::Let { name: n, value, .. } if n.text == name.text => Some(value),
            _ => None,
        });
        match inner.map(|value| &value.kind) {
            Some(ExprKind::Function(f)) => depth < MAX_DEPTH && self.gives_table(&f.parameters, &f.body),
            Some(_) if depth < MAX_DEPTH => {
                inner.is_some_and(|value| self.ends_in_table(value, parameters, body, depth + 1))
            }
            _ => self.is_tabular(expr),
        }
    }

    pub(super) fn is_tabular_call(&self, name: &Name, arguments: &[Argument]) -> bool {
        match name.text.as_str() {
            "materialize" => arguments.first().is_some_and(|a| self.is_tabular(&a.value)),
            "table" | "_GetWatchlist" | "externaldata" => true,
            name => match self.lets.get(name) {
                Some(Meaning::Function(lambda)) => lambda.is_tabular,
                Some(Meaning::Pattern(_)) => true,
                Some(_) => false,
                None => self.function(name).is_some_and(|f| f.is_tabular),
            },
        }
    }

    /// A call of a function that gives a table, if `name` is one.
    pub(super) fn function_table(
        &mut self,
        name: &Name,
        arguments: &[Argument],
        first: Option<Tabular>,
        span: Span,
    ) -> Option<Option<Tabular>> {
        let lambda = self.function(&name.text)?;
        let given = arguments;
        Some(
            self.inside(&lambda, given, first, &mut Scope::Nothing, span, |binder, body| binder.tabular(body))
                .flatten(),
        )
    }

    /// A call of a function that gives a scalar, if `name` is one.
    pub(super) fn function_scalar(
        &mut self,
        name: &Name,
        arguments: &[Argument],
        scope: &mut Scope<'_>,
        span: Span,
    ) -> Option<Bound> {
        let lambda = self.function(&name.text)?;
        let value =
            self.inside(&lambda, arguments, None, scope, span, |binder, body| binder.scalar(body, &mut Scope::Nothing));
        let value = value.map_or_else(|| Bound::error(span), |value| Bound { span, ..value });
        // Calls in the arguments of calls nest as lets do.
        Some(match scope {
            Scope::Row(leg) => self.not_too_deep(leg, value),
            Scope::Nothing => self.shallow_let(value),
        })
    }

    /// Binds a body with its parameters as names.
    fn inside<T>(
        &mut self,
        lambda: &Lambda,
        arguments: &[Argument],
        first: Option<Tabular>,
        scope: &mut Scope<'_>,
        span: Span,
        bind: impl FnOnce(&mut Self, &Expr) -> T,
    ) -> Option<T> {
        // What `let` defines sees what was defined before it, and never itself; several may have one name.
        let is_saved = lambda.path.is_some();
        if is_saved && self.calls.saved.iter().any(|(_, name, _)| *name == lambda.name) {
            self.error(
                "KT010",
                span,
                format!("the function '{}' calls itself, and Kusto allows no recursion", lambda.name),
            );
            return None;
        }
        self.calls.count += 1;
        if self.calls.stack.len() >= MAX_DEPTH || self.calls.count > MAX_CALLS {
            let message = format!("functions may call functions {MAX_DEPTH} deep, and {MAX_CALLS} times in all");
            self.error("KT010", span, message);
            return None;
        }
        let lets = self.arguments(lambda, arguments, first, scope, span)?;
        let outer = std::mem::replace(&mut self.lets, lets);
        let lifted = std::mem::take(&mut self.lifted);
        self.calls.stack.push(lambda.name.clone());
        if let Some(path) = &lambda.path {
            self.calls.saved.push((self.calls.span(span), lambda.name.clone(), path.clone()));
            self.say_saved(&lambda.name);
        }
        let value = match self.statements(&lambda.body) {
            Some(body) => Some(bind(self, body)),
            None => {
                self.error("KS006", span, format!("the body of '{}' has no value", lambda.name));
                None
            }
        };
        if lambda.path.is_some() {
            self.calls.saved.pop();
        }
        self.calls.stack.pop();
        self.lets = outer;
        self.lifted = lifted;
        value
    }

    /// What is wrong with a saved function's text.
    fn say_saved(&mut self, name: &str) {
        let said: Vec<Diagnostic> = self.libraries.functions.find(name).map_or(Vec::new(), |f| f.diagnostics.clone());
        said.into_iter().for_each(|diagnostic| self.report(diagnostic));
    }

    /// The names that the body sees: those where it was defined, and its parameters.
    fn arguments(
        &mut self,
        lambda: &Lambda,
        arguments: &[Argument],
        first: Option<Tabular>,
        scope: &mut Scope<'_>,
        span: Span,
    ) -> Option<Lets> {
        if !self.spend_on_lets(&lambda.lets, span) {
            return None;
        }
        let mut lets = lambda.lets.clone();
        let mut rest = lambda.parameters.as_slice();
        if let Some(table) = first {
            let Some((parameter, others)) = rest.split_first() else {
                self.error("KS119", span, format!("the function '{}' takes no table", lambda.name));
                return None;
            };
            self.check_columns(&parameter.ty, &table, span);
            lets.insert(parameter.name.text.clone(), Meaning::Tabular(Rc::new(table)));
            rest = others;
        }
        let mut given: Vec<Option<&Expr>> = vec![None; rest.len()];
        for (at, argument) in arguments.iter().enumerate() {
            let place = match &argument.name {
                Some(name) => match rest.iter().position(|p| p.name.text == name.text) {
                    Some(place) => place,
                    None => {
                        let message = format!("'{}' has no parameter '{}'", lambda.name, name.text);
                        self.error("KS196", name.span, message);
                        return None;
                    }
                },
                None => at,
            };
            match given.get_mut(place) {
                Some(slot) => *slot = Some(&argument.value),
                None => {
                    let message = format!("'{}' takes {} arguments at most", lambda.name, rest.len());
                    self.error("KS119", argument.value.span, message);
                    return None;
                }
            }
        }
        let mut good = true;
        for (parameter, value) in rest.iter().zip(given) {
            let meaning = match (&parameter.ty, value.or(parameter.default.as_ref())) {
                (_, None) => {
                    let message = format!("the parameter '{}' of '{}' is not given", parameter.name.text, lambda.name);
                    self.error("KS197", span, message);
                    None
                }
                (ParameterType::Table(_), Some(value)) => self.tabular(value).map(|table| {
                    self.check_columns(&parameter.ty, &table, value.span);
                    Meaning::Tabular(Rc::new(table))
                }),
                // In a row's expression the operator has computed it beforehand.
                (ParameterType::Scalar(ty), Some(value))
                    if matches!(scope, Scope::Nothing) && self.reads_tables(value) =>
                {
                    self.later_argument(ty, value)
                }
                (ParameterType::Scalar(ty), Some(value)) => self.scalar_argument(ty, value, scope).map(Meaning::Scalar),
            };
            good &= meaning.is_some();
            if let Some(meaning) = meaning {
                lets.insert(parameter.name.text.clone(), meaning);
            }
        }
        good.then_some(lets)
    }

    /// An argument that is read from records: within the body it is what a `let` of it would be.
    fn later_argument(&mut self, ty: &Name, value: &Expr) -> Option<Meaning> {
        let meaning = match &value.kind {
            ExprKind::Name(name) => self.lets.get(&name.text).cloned(),
            _ => None,
        };
        let meaning = match meaning {
            Some(meaning) => meaning,
            None => self.scalar_let(value)?,
        };
        let wanted = ScalarType::from_name(&ty.text)?;
        let given = match meaning {
            Meaning::Scalar(bound) => return self.as_type(bound, wanted).map(Meaning::Scalar),
            Meaning::Later(ref table) => table.columns().first().map_or(ScalarType::Dynamic, |column| column.ty),
            _ => ScalarType::Dynamic,
        };
        if given == wanted || given == ScalarType::Dynamic || wanted == ScalarType::Dynamic {
            return Some(meaning);
        }
        self.error("KS107", value.span, format!("a {wanted} is expected here, and this is a {given}"));
        None
    }

    fn scalar_argument(&mut self, ty: &Name, value: &Expr, scope: &mut Scope<'_>) -> Option<Bound> {
        let bound = self.scalar(value, scope);
        if bound.is_error() {
            return None;
        }
        let Some(wanted) = ScalarType::from_name(&ty.text) else {
            self.error("KS160", ty.span, format!("'{}' is not a type", ty.text));
            return None;
        };
        let bound = self.as_type(bound, wanted)?;
        // A parameter may stand in the body many times; its value is computed once.
        Some(match scope {
            Scope::Row(leg) if bound.as_constant().is_none() && !matches!(bound.kind, BoundKind::Cell(_)) => {
                let (ty, span) = (bound.ty, bound.span);
                Bound { kind: BoundKind::Cell(leg.assign_cell("", bound)), ty, span }
            }
            _ => bound,
        })
    }

    /// A value where one of type `wanted` is asked for: an int serves as a long and a number as a real, a literal is read.
    fn as_type(&mut self, bound: Bound, wanted: ScalarType) -> Option<Bound> {
        if wanted == ScalarType::Dynamic
            && let Some(value) = bound.as_constant()
        {
            // In the body it has the type that is declared.
            let value = Value::dynamic(convert::into_dynamic(value.clone()));
            return Some(Bound::constant(value, ScalarType::Dynamic, bound.span));
        }
        if bound.ty == wanted || wanted == ScalarType::Dynamic || bound.ty == ScalarType::Dynamic {
            return Some(bound);
        }
        if bound.ty.is_numeric() && wanted.is_numeric() {
            return Some(match bound.as_constant() {
                Some(value) => Bound::constant(convert::to_type(value, wanted).into_owned(), wanted, bound.span),
                None => bound,
            });
        }
        if matches!(bound.as_constant(), Some(Value::Null)) {
            return Some(Bound { ty: wanted, ..bound });
        }
        self.error("KS107", bound.span, format!("a {wanted} is expected here, and this is a {}", bound.ty));
        None
    }

    /// A table must have the columns that a parameter declares; it may have more.
    fn check_columns(&mut self, ty: &ParameterType, table: &Tabular, span: Span) {
        let ParameterType::Table(columns) = ty else { return };
        let lacks: Vec<&ColumnDeclaration> = columns
            .iter()
            .filter(|wanted| wanted.name.text != "*")
            .filter(|wanted| {
                !table.legs[0].is_open() && !table.legs[0].columns.iter().any(|c| c.name == wanted.name.text)
            })
            .collect();
        if let Some(first) = lacks.first() {
            // A custom table that came through a union may have them: then the query is bound again.
            self.missing.extend(lacks.iter().map(|wanted| wanted.name.text.clone()));
            self.error(
                "KS249",
                span,
                format!("the table lacks the column '{}' that the function asks for", first.name.text),
            );
        }
    }

    /// `declare query_parameters`: a query that nobody gives parameters runs with their defaults.
    pub(super) fn query_parameters(&mut self, parameters: &[Parameter]) {
        for parameter in parameters {
            let meaning = match (&parameter.ty, &parameter.default) {
                (ParameterType::Scalar(ty), Some(default)) => {
                    self.scalar_argument(ty, default, &mut Scope::Nothing).map(Meaning::Scalar)
                }
                (_, Some(default)) => self.tabular(default).map(|t| Meaning::Tabular(Rc::new(t))),
                (_, None) => {
                    self.report(
                        Diagnostic::error(
                            "KS189",
                            parameter.name.span,
                            format!("the query parameter '{}' has no value", parameter.name.text),
                        )
                        .help("give it a default: declare query_parameters(name:type = value)"),
                    );
                    None
                }
            };
            let meaning = meaning.unwrap_or_else(|| Meaning::Scalar(Bound::error(parameter.name.span)));
            self.lets.insert(parameter.name.text.clone(), meaning);
        }
    }
}
