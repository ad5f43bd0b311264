//! `pack_all` and `bag_pack_columns`: bags of columns, whose names only the scope knows. Each becomes a call with the names
//! and the columns written out; `column_names_of` is those names alone.

use super::Binder;
use super::room::own_weight;
use super::scope::Scope;
use crate::compile::bound::{Bound, BoundKind};
use crate::diagnostic::Span;
use crate::kql::ast::{Argument, ExprKind};
use crate::schema::ScalarType;
use crate::value::functions::{Callee, PACK_FILLED, PACK_PAIRS};
use crate::value::{Dynamic, Value};

impl Binder<'_> {
    /// `pack_all([ignore_null_empty])`: every column in scope.
    pub(super) fn pack_all(&mut self, arguments: &[Argument], scope: &mut Scope<'_>, span: Span) -> Bound {
        let filled = match arguments {
            [] => false,
            [argument] => {
                let argument = self.scalar(&argument.value, &mut Scope::Nothing);
                match argument.as_constant() {
                    Some(Value::Bool(filled)) => *filled,
                    _ if argument.is_error() => return Bound::error(span),
                    _ => {
                        self.error(
                            "KS131",
                            argument.span,
                            "pack_all() takes true or false, whether to leave out what is empty",
                        );
                        return Bound::error(span);
                    }
                }
            }
            _ => {
                self.error("KS120", span, "pack_all() takes no argument or one");
                return Bound::error(span);
            }
        };
        let Scope::Row(leg) = scope else {
            self.error("KS142", span, "pack_all() packs the columns of a row, and here is none");
            return Bound::error(span);
        };
        let mut pairs = Vec::with_capacity(leg.columns.len() * 2);
        for at in 0..leg.columns.len() {
            let (name, ty) = (leg.columns[at].name.clone(), leg.columns[at].ty);
            pairs.push(Bound::constant(Value::string(name), ScalarType::String, span));
            pairs.push(Bound { kind: BoundKind::Cell(leg.cell_of(at)), ty, span });
        }
        self.packed(filled, pairs, span)
    }

    /// `column_names_of(table)`: <https://learn.microsoft.com/kusto/query/column-names-of-function>
    pub(super) fn column_names_of(&mut self, arguments: &[Argument], span: Span) -> Bound {
        let [argument] = arguments else {
            self.error("KS119", span, "column_names_of() takes one argument, a table");
            return Bound::error(span);
        };
        let Some(table) = self.tabular(&argument.value) else { return Bound::error(span) };
        let names = table.columns().into_iter().map(|column| Dynamic::String(column.name.into()));
        Bound::constant(Value::dynamic(Dynamic::Array(names.collect())), ScalarType::Dynamic, span)
    }

    /// `bag_pack_columns(column, ...)`
    pub(super) fn bag_pack_columns(&mut self, arguments: &[Argument], scope: &mut Scope<'_>, span: Span) -> Bound {
        let mut pairs = Vec::with_capacity(arguments.len() * 2);
        for argument in arguments {
            let ExprKind::Name(name) = &argument.value.kind else {
                self.error("KS133", argument.value.span, "bag_pack_columns() takes columns alone");
                return Bound::error(span);
            };
            let value = self.scalar(&argument.value, scope);
            if value.is_error() {
                return Bound::error(span);
            }
            pairs.push(Bound::constant(Value::string(name.text.clone()), ScalarType::String, span));
            pairs.push(value);
        }
        if pairs.is_empty() {
            self.error("KS120", span, "bag_pack_columns() takes one column or more");
            return Bound::error(span);
        }
        self.packed(false, pairs, span)
    }

    fn packed(&mut self, filled: bool, pairs: Vec<Bound>, span: Span) -> Bound {
        if !self.spend(pairs.iter().map(own_weight).sum(), span) {
            return Bound::error(span);
        }
        match Callee::of(if filled { &PACK_FILLED } else { &PACK_PAIRS }, &[]) {
            Ok(callee) => Bound { kind: BoundKind::Call(callee, pairs), ty: ScalarType::Dynamic, span },
            Err((code, message)) => {
                self.error(code, span, message);
                Bound::error(span)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::compile::bound::Step;
    use crate::compile::{BindOptions, bind_query, plain};
    use crate::kql::{Limits, parse};
    use crate::schema::Catalog;
    use crate::value::functions::{Context, MAX_WEIGHT};
    use crate::value::{DateTime, Value, convert};

    /// The first cell of the result for a row whose table columns are all `text`, or the first error's code.
    fn answer(query: &str, text: &'static str) -> String {
        let parsed = parse(query, &Limits::default());
        let (bound, diagnostics) = bind_query(&parsed.query, &Catalog::builtin(), BindOptions::default());
        if let Some(error) = diagnostics.iter().find(|d| d.is_error()) {
            return error.to_string();
        }
        let bound = bound.unwrap();
        let row = plain::run(&bound.legs[0], |_| Value::string(text), &Context { now: DateTime::MIN });
        convert::text(&row.unwrap()[0]).into_owned()
    }

    #[test]
    fn columns_in_scope_are_packed() {
        let query = |call: &str| format!("Syslog | project a = HostName, b = \"\", c = Computer | project d = {call}");
        assert_eq!(answer(&query("pack_all()"), "x"), r#"{"a":"x","b":"","c":"x"}"#);
        assert_eq!(answer(&query("pack_all(true)"), "x"), r#"{"a":"x","c":"x"}"#);
        assert_eq!(answer(&query("bag_pack_columns(c, a)"), "x"), r#"{"c":"x","a":"x"}"#);
        assert!(answer(&query("bag_pack_columns(tolower(c))"), "x").contains("KS133"));
        assert!(answer(&query("pack_all(1)"), "x").contains("KS131"));
    }

    #[test]
    fn what_is_computed_while_binding_is_bounded() {
        let large = "strrep(strrep('x', 1024), 1024)";
        let query = format!("Syslog | project d = strlen(strcat_array(pack_array({}), ''))", [large; 200].join(", "));
        let parsed = parse(&query, &Limits::default());
        let (bound, _) = bind_query(&parsed.query, &Catalog::builtin(), BindOptions::default());
        let bound = bound.unwrap();
        let mut todo = Vec::new();
        for step in &bound.legs[0].steps {
            if let Step::Assign(_, value) = step {
                todo.push(value);
            }
        }
        let mut weight = 0;
        while let Some(value) = todo.pop() {
            if let Some(Value::String(text)) = value.as_constant() {
                weight += text.len();
            }
            value.operands(&mut |operand| todo.push(operand));
        }
        assert!((1 << 20..=MAX_WEIGHT + (1 << 20)).contains(&weight), "{weight}");
        // The array of them all is too heavy, and so null.
        assert_eq!(answer(&query, ""), "0");
    }

    #[test]
    fn a_prepared_call_sees_the_row() {
        let query = |call: &str| format!("Syslog | project d = {call}");
        assert_eq!(answer(&query(r#"extract("([0-9]+)", 1, HostName, typeof(long)) + 1"#), "n41"), "42");
        assert!(answer(&query("extract(HostName, 1, HostName)"), "n41").contains("KS129"));
        assert!(answer(&query(r#"extract("(", 1, HostName)"#), "n41").contains("SEM0420"));
        assert!(answer(&query(r#"extract("a", 1, HostName, 5)"#), "n41").contains("KS108"));
        assert!(answer(&query(r#"extract("a", 1, HostName, typeof(nothing))"#), "n41").contains("KS108"));
        assert!(answer(&query("tolower(typeof(long))"), "n41").contains("KS108"));
    }
}
