//! Custom tables, `…_CL`, of which no file says what columns they have.
//!
//! A column is whatever a query names. Its type is what its name tells, or else text, until an operator asks for another.

use std::sync::Arc;

use super::Binder;
use super::plugin::converted;
use super::scope::{LegScope, Scope, Tabular};
use crate::compile::bound::{Bound, BoundKind};
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{BinaryOp, Name};
use crate::schema::{ScalarType, Table, type_by_suffix};
use crate::value::functions::{self, Callee, Function};

/// The table that every resource of Azure's writes to, each with columns of its own, of which no schema has all.
pub(super) const DIAGNOSTICS: &str = "AzureDiagnostics";

impl Binder<'_> {
    /// The columns of that table that the query names and no schema knows: those whose names tell their type.
    pub(super) fn diagnostics_columns(&mut self, leg: &mut LegScope, span: Span) {
        self.reads_custom = true;
        for column in self.custom_columns.clone() {
            if let Some(ty) = type_by_suffix(&column).filter(|_| !leg.columns.iter().any(|c| c.name == column)) {
                leg.add_unknown(&column, ty, span);
            }
        }
    }

    /// Whether a name is taken for a table of the user's own that no file declares.
    pub(super) fn is_custom(&self, name: &str) -> bool {
        !self.options.strict && Table::is_custom_name(name) && !self.catalog.contains(name)
    }

    /// The type of a custom table's column: what its name tells, or else other tables.
    pub(super) fn custom_type(&mut self, column: &str) -> ScalarType {
        type_by_suffix(column).unwrap_or_else(|| self.guessed_type(column, ScalarType::String))
    }

    pub(super) fn custom_table(&mut self, name: &Name) -> Option<Tabular> {
        let message = format!(
            "'{}' is taken for a custom table: its columns are read from the members of that name, and their types are guessed",
            name.text
        );
        // Once is enough, however often the query reads it.
        if !self.diagnostics.iter().any(|d| d.code == "KT020" && d.message == message) {
            let near = self.near(&name.text, self.catalog.names()).map_or(String::new(), |near| format!("{near} "));
            let help = format!("{near}--table-schema names files that declare tables of your own");
            self.report(Diagnostic::warning("KT020", name.span, message).help(help));
        }
        self.reads_custom = true;
        let columns: Vec<(String, ScalarType)> =
            self.custom_columns.clone().into_iter().map(|column| (column.clone(), self.custom_type(&column))).collect();
        let table = Tabular::of(LegScope::of(Arc::new(Table::custom(&name.text, &columns))));
        self.spend_on_table(&table, name.span).then_some(table)
    }

    /// Whether a value is a column of a custom table that is taken for text because nothing tells its type.
    fn is_guessed(&self, bound: &Bound, scope: &Scope<'_>) -> bool {
        let (Scope::Row(leg), BoundKind::Cell(cell)) = (scope, &bound.kind) else { return false };
        let column = leg.leg.cells[cell.index()].column().map(|column| column.name.as_str());
        let undeclared = |name: &str| !Table::is_standard_column(name) && type_by_suffix(name).is_none();
        bound.ty == ScalarType::String
            && column.is_some_and(undeclared)
            && leg.leg.table().is_some_and(|table| self.is_custom(&table.name))
    }

    /// A value of which a member or the elements are asked.
    pub(super) fn indexed(&self, base: Bound, scope: &Scope<'_>) -> Bound {
        let parse = functions::find("parse_json").filter(|_| base.ty == ScalarType::String);
        let parse = parse.filter(|_| self.is_guessed(&base, scope)).map(|f| Callee::of(f, &[None]));
        match parse {
            Some(Ok(callee)) => {
                let span = base.span;
                Bound { kind: BoundKind::Call(callee, vec![base]), ty: ScalarType::Dynamic, span }
            }
            _ => base,
        }
    }

    /// A value beside one of the type `ty`.
    pub(super) fn fitted(&self, bound: Bound, ty: ScalarType, scope: &Scope<'_>) -> Bound {
        let wanted = match ty {
            ty if ty.is_numeric() => ScalarType::Real,
            ScalarType::DateTime | ScalarType::TimeSpan | ScalarType::Bool => ty,
            _ => return bound,
        };
        if self.is_guessed(&bound, scope) { converted(bound, wanted) } else { bound }
    }

    /// Arguments that a function takes, if it takes them as values of another type.
    pub(super) fn fitted_arguments(&self, function: &Function, given: Vec<Bound>, scope: &Scope<'_>) -> Vec<Bound> {
        let takes = |arguments: &[Bound]| {
            let types: Vec<ScalarType> = arguments.iter().map(|a| a.ty).collect();
            function.check(&types).is_ok()
        };
        if takes(&given) || !given.iter().any(|argument| self.is_guessed(argument, scope)) {
            return given;
        }
        for ty in [ScalarType::Real, ScalarType::DateTime, ScalarType::TimeSpan, ScalarType::Dynamic] {
            let fit = |argument: &Bound| match ty {
                ScalarType::Dynamic => self.indexed(argument.clone(), scope),
                ty => self.fitted(argument.clone(), ty, scope),
            };
            let fitted: Vec<Bound> = given.iter().map(fit).collect();
            if takes(&fitted) {
                return fitted;
            }
        }
        given
    }

    /// The operands of an operator, each as the other one asks for; what is calculated with is a number.
    pub(super) fn fitted_pair(&self, op: BinaryOp, left: Bound, right: Bound, scope: &Scope<'_>) -> (Bound, Bound) {
        use BinaryOp::{
            Add, Divide, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Modulo, Multiply, NotEqual, Subtract,
        };
        let (to_left, to_right) = match op {
            Add | Subtract | Multiply | Divide | Modulo => {
                let or_number = |ty| if ty == ScalarType::String { ScalarType::Real } else { ty };
                (or_number(right.ty), or_number(left.ty))
            }
            Equal | NotEqual if left.as_constant().is_some() || right.as_constant().is_some() => {
                // `x == 5` of text compares texts, which is the same for whole numbers.
                let of = |ty: ScalarType| if ty == ScalarType::Long { ScalarType::String } else { ty };
                (of(right.ty), of(left.ty))
            }
            Equal | NotEqual | Less | LessOrEqual | Greater | GreaterOrEqual => (right.ty, left.ty),
            _ => return (left, right),
        };
        (self.fitted(left, to_left, scope), self.fitted(right, to_right, scope))
    }
}
