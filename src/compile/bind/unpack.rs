//! `bag_unpack(bag, [prefix], [conflict], [ignored])`: what its arguments say.

use super::Binder;
use super::scope::{OpenBag, Scope};
use crate::compile::bound::Bound;
use crate::diagnostic::Span;
use crate::kql::ast::{Argument, Expr, ExprKind};
use crate::value::{Dynamic, Value};

/// The arguments behind the bag, by name and in order.
const ARGUMENTS: [&str; 3] = ["OutputColumnPrefix", "columnsConflict", "ignoredProperties"];

/// What becomes of a column that has the name of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conflict {
    /// The query is refused; Kusto's default.
    Error,
    /// The member takes its place.
    ReplaceSource,
    /// The member is left out.
    KeepSource,
}

/// What is unpacked, and how.
pub(super) struct Unpack<'e> {
    /// The column of bags.
    pub(super) bag: &'e Expr,
    /// What stands before a member's name in its column's.
    pub(super) prefix: String,
    /// Of a column with a member's name.
    pub(super) conflict: Conflict,
    /// Members that become no columns.
    pub(super) ignored: Vec<String>,
}

impl Unpack<'_> {
    /// The name of the column of bags.
    pub(super) fn name(&self) -> &str {
        match &self.bag.kind {
            ExprKind::Name(name) => &name.text,
            _ => "",
        }
    }

    /// A bag whose members nobody knows yet.
    pub(super) fn open(&self, value: Bound) -> OpenBag {
        OpenBag { value, prefix: self.prefix.clone(), ty: None, ignored: self.ignored.clone() }
    }
}

impl Binder<'_> {
    /// Reads the arguments; says what is wrong with them.
    pub(super) fn unpacked<'e>(&mut self, arguments: &'e [Argument], span: Span) -> Option<Unpack<'e>> {
        let [bag, rest @ ..] = arguments else {
            self.error("KS119", span, "bag_unpack() takes the column of bags");
            return None;
        };
        if !matches!(bag.value.kind, ExprKind::Name(_)) {
            self.error("KS109", bag.value.span, "bag_unpack() takes the name of a column");
            return None;
        }
        let mut unpack =
            Unpack { bag: &bag.value, prefix: String::new(), conflict: Conflict::Error, ignored: Vec::new() };
        for (at, argument) in rest.iter().enumerate() {
            let name = argument.name.as_ref().map_or(ARGUMENTS.get(at).copied(), |name| Some(&name.text));
            let bound = self.scalar(&argument.value, &mut Scope::Nothing);
            if bound.is_error() {
                return None;
            }
            let wanted = match (name, bound.as_constant()) {
                (Some("OutputColumnPrefix"), Some(Value::String(prefix))) => {
                    unpack.prefix = prefix.to_string();
                    continue;
                }
                (Some("columnsConflict"), Some(Value::String(word))) => {
                    unpack.conflict = match word.as_ref() {
                        "error" => Conflict::Error,
                        "replace_source" => Conflict::ReplaceSource,
                        "keep_source" => Conflict::KeepSource,
                        _ => {
                            let message = "columnsConflict is 'error', 'replace_source' or 'keep_source'";
                            self.error("KS131", argument.value.span, message);
                            return None;
                        }
                    };
                    continue;
                }
                (Some("ignoredProperties"), Some(Value::Dynamic(Dynamic::Array(names)))) => {
                    unpack.ignored = names.iter().map(|name| name.to_text().into_owned()).collect();
                    continue;
                }
                (Some("ignoredProperties"), Some(Value::Null)) => continue,
                (Some("OutputColumnPrefix" | "columnsConflict"), _) => "it must be a literal string",
                (Some("ignoredProperties"), _) => "it must be a literal array: dynamic(['name', …])",
                _ => "bag_unpack() takes OutputColumnPrefix, columnsConflict and ignoredProperties",
            };
            self.error("KS131", argument.value.span, wanted);
            return None;
        }
        Some(unpack)
    }
}
