//! The names that Kusto gives columns without one.

use std::collections::HashSet;

use crate::compile::bound::OutputColumn;
use crate::kql::ast::{Argument, Expr, ExprKind, Step};
use crate::rows::aggregate;

/// Functions whose column is named after their first argument (Kusto.Language, ResultNameKind.FirstArgument).
const NAMED_BY_ARGUMENT: &[&str] = &[
    "abs",
    "bin",
    // Not in Kusto.Language; the engine's answer to the documentation's example.
    "bin_at",
    "bin_auto",
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
pub(super) fn inferred_name(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.text.clone()),
        ExprKind::Path { base, steps } => {
            let mut name = inferred_name(base)?;
            for step in steps {
                let part = match step {
                    Step::Member(member) => member.text.clone(),
                    Step::Index(index) => match &index.kind {
                        ExprKind::Literal(literal) => literal.text.clone(),
                        _ => return None,
                    },
                };
                name = format!("{name}_{part}");
            }
            Some(name)
        }
        ExprKind::Call { name, arguments } => {
            let Some(Argument { value: first, .. }) = arguments.first() else {
                return aggregate::find(&name.text).map(|f| aggregate_name(f.name, &[]));
            };
            if matches!(name.text.as_str(), "column_ifexists" | "columnifexists") {
                return match &first.kind {
                    ExprKind::Literal(literal) => Some(literal.text.clone()),
                    _ => None,
                };
            }
            if aggregate::find(&name.text).is_some() {
                let arguments: Vec<&Expr> = arguments.iter().map(|a| &a.value).collect();
                return Some(aggregate_name(&name.text, &arguments));
            }
            let inner = inferred_name(first)?;
            match name.text.as_str() {
                n if NAMED_BY_ARGUMENT.contains(&n) => Some(inner),
                "strlen" | "string_size" => Some(format!("{}_{inner}", name.text)),
                // The engine's answers to the documentation's examples.
                "dcount_hll" | "percentile_tdigest" => Some(format!("{}_{inner}", name.text)),
                "gettype" => Some(format!("type_{inner}")),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Aggregates whose column is named with another word than their own.
const PREFIXES: &[(&str, &str)] = &[
    ("makelist", "list"),
    ("make_list", "list"),
    ("make_list_if", "list"),
    ("make_list_with_nulls", "list"),
    ("makeset", "set"),
    ("make_set", "set"),
    ("make_set_if", "set"),
    ("make_dictionary", "dictionary"),
    ("make_bag", "bag"),
    ("make_bag_if", "bag"),
    ("buildschema", "schema"),
    ("tdigest_merge", "merge_tdigests"),
];

/// The name of an aggregate's column, from Kusto's own binder (Kusto.Language, Aggregates.cs).
pub(super) fn aggregate_name(function: &str, arguments: &[&Expr]) -> String {
    let first = arguments.first().and_then(|a| inferred_name(a)).unwrap_or_default();
    match function {
        "take_any" | "take_anyif" | "arg_max" | "arg_min" | "binary_all_or" | "binary_all_and" | "binary_all_xor"
            if !first.is_empty() =>
        {
            first
        }
        "take_any" => "any_arg0".to_owned(),
        "arg_max" => "max_".to_owned(),
        "arg_min" => "min_".to_owned(),
        "percentilew" | "percentilesw" => {
            format!("percentile_{first}_{}", arguments.get(2).map_or(String::new(), |p| fragment(p)))
        }
        "percentile" | "percentiles" => {
            format!("percentile_{first}_{}", arguments.get(1).map_or(String::new(), |p| fragment(p)))
        }
        "covariance" | "covarianceif" | "covariancep" | "covariancepif" => {
            let second = arguments.get(1).and_then(|a| inferred_name(a)).unwrap_or_default();
            format!("{function}_{first}_{second}")
        }
        "percentiles_array" | "percentilesw_array" => format!("percentiles_{first}"),
        _ => {
            let prefix = PREFIXES.iter().find(|(name, _)| *name == function).map_or(function, |(_, prefix)| prefix);
            format!("{prefix}_{first}")
        }
    }
}

/// A number as a part of a name: `99.9` becomes `99_9`.
pub(super) fn fragment(expr: &Expr) -> String {
    let text = match &expr.kind {
        ExprKind::Literal(literal) => literal.text.as_str(),
        _ => "",
    };
    text.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect()
}

/// A later column whose name is taken gets a number behind it.
pub(super) fn make_unique(columns: &mut [OutputColumn]) {
    let mut taken: HashSet<String> = HashSet::new();
    for column in columns {
        column.name = unique(&column.name, &|name| taken.contains(name));
        taken.insert(column.name.clone());
    }
}

/// `name`, or, where that is taken, with the first free number behind it.
pub(super) fn unique(name: &str, taken: &dyn Fn(&str) -> bool) -> String {
    if !taken(name) {
        return name.to_owned();
    }
    (1u64..).map(|n| format!("{name}{n}")).find(|name| !taken(name)).unwrap_or_default()
}
