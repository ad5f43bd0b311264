//! Plug-ins that are queries of the language's own operators: each is written down as one.
//!
//! The columns that a plug-in is given are called by names of its own, the values are lets, and further arguments are columns
//! that it is asked apart for.

use super::plugin::Plugin;
use super::scope::{Scope, Tabular};
use super::{Binder, Meaning};
use crate::compile::bound::Bound;
use crate::diagnostic::Span;
use crate::kql::ast::{Argument, ExprKind};
use crate::schema::ScalarType;
use crate::value::{Value, convert};

/// The most steps of a window: each row counts in as many.
const MAX_STEPS: f64 = 10_000.0;

/// The most sketches of `dcount_intersect`, which asks for the union of every choice of them.
const MAX_SKETCHES: usize = 6;

/// A plug-in, its arguments in order, and its query.
struct Composed {
    plugin: Plugin,
    arguments: &'static [Slot],
    /// The least number of arguments; what lacks of the rest is the last one given again.
    min: usize,
    /// Whether columns follow.
    by: bool,
    /// Two of its values, of which the first holds so many of the second.
    window: Option<(&'static str, &'static str)>,
    /// In which `{by}` are the columns that follow, each with a comma behind it; `{sort}` the same as keys of a sort, and
    /// `{changed}` whether one of them differs from the row before. `{time}` is the name of the column `__time`, `{type}` its
    /// type.
    query: &'static str,
}

/// What an argument is.
#[derive(Clone, Copy)]
enum Slot {
    /// A value of each row.
    Column(&'static str),
    /// One that does not depend on the row.
    Value(&'static str),
}

use Slot::{Column, Value as Of};

/// <https://learn.microsoft.com/kusto/query/active-users-count-plugin> and its neighbours.
const ALL: &[Composed] = &[
    Composed {
        plugin: Plugin {
            name: "active_users_count",
            signature: "active_users_count(id, time, start, end, lookback, period, active_periods, bin, [column, ...])",
            doc: "How many ids there are in each bin that were seen in so many periods of the lookback that ends with theirs.",
        },
        arguments: &[
            Column("__id"),
            Column("__time"),
            Of("__start"),
            Of("__end"),
            Of("__span"),
            Of("__period"),
            Of("__active"),
            Of("__step"),
        ],
        min: 8,
        by: true,
        window: Some(("__span", "__period")),
        query: "let seen = T | where coalesce(__time > __start - __span, true) and __time <= __end \
                | summarize by {by}__id, __at = bin_at(__time, __period, __start); \
                seen | mv-expand __to = range(__at, __at + __span, __period) to typeof({type}) | where __to < __at + __span \
                | summarize __periods = count(), __here = countif(__to == __at) by {by}__id, __to \
                | where __here > 0 and __periods >= __active and __to >= __start \
                | summarize by {by}__id, __to = bin_at(__to, __step, __start) \
                | summarize dcount = count() by {by}__to | sort by __to asc | project {time} = __to, {by}dcount",
    },
    Composed {
        plugin: Plugin {
            name: "activity_counts_metrics",
            signature: "activity_counts_metrics(id, time, start, end, window, [column, ...])",
            doc: "For each window: rows, different ids, those not seen in an earlier one, and all that were seen so far.",
        },
        arguments: &[Column("__id"), Column("__time"), Of("__start"), Of("__end"), Of("__step")],
        min: 5,
        by: true,
        window: None,
        query: "let seen = T | where __time >= __start and __time <= __end \
                | summarize __rows = count() by {by}__id, __at = bin_at(__time, __step, __start); \
                seen | join kind=inner (seen | summarize __first = min(__at) by {by}__id) on {by}__id \
                | summarize ['count'] = sum(__rows), dcount = count(), new_dcount = countif(__at == __first) by {by}__at \
                | sort by {sort}__at asc \
                | extend aggregated_dcount = row_cumsum(new_dcount, false{changed}) \
                | project {time} = __at, {by}['count'], dcount, new_dcount, aggregated_dcount",
    },
    Composed {
        plugin: Plugin {
            name: "rolling_percentile",
            signature: "rolling_percentile(value, percentile, index, bin, bins, [column, ...])",
            doc: "For each bin of the index that has rows the percentile of the values in so many bins that end with it.",
        },
        arguments: &[Column("__value"), Of("__rank"), Column("__time"), Of("__step"), Of("__bins")],
        min: 5,
        by: true,
        window: Some(("__bins", "")),
        query: "T | extend __at = bin(__time, __step) \
                | mv-expand __to = range(__at, __at + __step * __bins, __step) to typeof({type}) \
                | where __to < __at + __step * __bins \
                | summarize __value = percentile(__value, __rank), __here = countif(__to == __at) by {by}__to \
                | where __here > 0 | sort by __to asc | project {time} = __to, {by}{rolling} = __value",
    },
    Composed {
        plugin: Plugin {
            name: "rows_near",
            signature: "rows_near(condition, rows, [rows_after])",
            doc: "The rows for which the condition is true, and so many before and behind each of them.",
        },
        arguments: &[Column("__condition"), Of("__before"), Of("__after")],
        min: 2,
        by: false,
        window: None,
        query: "T | serialize | extend __hit = iff(__condition, 1, 0), __at = row_number() | extend __to = row_cumsum(__hit) \
                | sort by __at desc | extend __from = row_cumsum(__hit) | sort by __at asc \
                | where coalesce(next(__to, __before), __to + __from - __hit) - prev(__to, __after + 1, 0) > 0 \
                | project-away __condition, __hit, __at, __to, __from",
    },
    Composed {
        plugin: Plugin {
            name: "session_count",
            signature: "session_count(id, time, start, end, bin, lookback, [column, ...])",
            doc: "How many sessions begin in each bin: with a row whose id was not seen for the lookback.",
        },
        arguments: &[Column("__id"), Column("__time"), Of("__start"), Of("__end"), Of("__step"), Of("__span")],
        min: 6,
        by: true,
        window: None,
        query: "T | where coalesce(__time >= __start - __span, true) and __time <= __end | sort by {sort}__id asc, __time asc \
                | where row_number() == 1 or __id != prev(__id) or __time - prev(__time) >= __span{changed} \
                | where __time >= __start \
                | summarize count_sessions = count() by {by}__at = bin(__time, __step) \
                | sort by __at asc | project {time} = __at, {by}count_sessions",
    },
    Composed {
        plugin: Plugin {
            name: "sliding_window_counts",
            signature: "sliding_window_counts(id, time, start, end, lookback, bin, [column, ...])",
            doc: "For each bin the rows and the different ids in the lookback that ends with it.",
        },
        arguments: &[Column("__id"), Column("__time"), Of("__start"), Of("__end"), Of("__lookback"), Of("__step")],
        min: 6,
        by: true,
        window: Some(("__lookback", "__step")),
        query: "let __span = bin(__lookback, __step); \
                T | where coalesce(__time >= __start - __span, true) and __time <= __end \
                | summarize __rows = count() by {by}__id, __at = bin_at(__time, __step, __start) \
                | mv-expand __to = range(__at, __at + __span, __step) to typeof({type}) \
                | where __to < __at + __span and __to >= __start and __to <= __end \
                | summarize __rows = sum(__rows) by {by}__id, __to | summarize Count = sum(__rows), Dcount = count() by {by}__to \
                | sort by __to asc | project {time} = __to, {by}Count, Dcount",
    },
];

/// `dcount_intersect`, whose query depends on the number of its arguments.
const INTERSECT: Plugin = Plugin {
    name: "dcount_intersect",
    signature: "dcount_intersect(sketch, sketch, ...)",
    doc: "About how many different values the first of 2 to 6 sketches of hll() has seen, the first two both, the first three all, \
          and so on.",
};

/// All of them, for people.
pub(super) const PLUGINS: [Plugin; 7] =
    [ALL[0].plugin, ALL[1].plugin, INTERSECT, ALL[2].plugin, ALL[3].plugin, ALL[4].plugin, ALL[5].plugin];

impl Binder<'_> {
    /// A plug-in of these, if the name is one of one.
    pub(super) fn composed(
        &mut self,
        name: &str,
        table: &Tabular,
        arguments: &[Argument],
        span: Span,
    ) -> Option<Option<Tabular>> {
        if name == INTERSECT.name {
            return Some(self.intersect(table.clone(), arguments, span));
        }
        let composed = ALL.iter().find(|composed| composed.plugin.name == name)?;
        Some(self.compose(composed, table.clone(), arguments, span))
    }

    fn compose(
        &mut self,
        composed: &Composed,
        mut table: Tabular,
        arguments: &[Argument],
        span: Span,
    ) -> Option<Tabular> {
        let name = composed.plugin.name;
        let count = composed.arguments.len();
        if arguments.len() < composed.min || arguments.len() > count && !composed.by {
            self.error("KS120", span, format!("{name}() takes other arguments: {}", composed.plugin.signature));
            return None;
        }
        let prefix = own_prefix(&table);
        let mine = |own: &str| own.replacen(OWN, &prefix, 1);
        let mut lets = super::Lets::new();
        let mut names: Vec<(&str, String)> = Vec::new();
        for (at, slot) in composed.arguments.iter().enumerate() {
            let argument = arguments.get(at).or(arguments.last())?;
            match slot {
                Column(own) => {
                    names.push((own, name_of(argument)));
                    self.add_column(&mut table, &mine(own), argument)?;
                }
                Of(own) => {
                    let bound = self.scalar(&argument.value, &mut Scope::Nothing);
                    if bound.is_error() {
                        return None;
                    }
                    if bound.ty == ScalarType::String {
                        let message = format!("a period by name in '{name}' is not supported: give it as a timespan");
                        self.error("KT003", argument.value.span, message);
                        return None;
                    }
                    self.value_fits(name, own, &bound)?;
                    lets.insert(mine(own), Meaning::Scalar(bound));
                }
            }
        }
        if let Some((whole, part)) = composed.window {
            self.window_fits(name, &lets, (&mine(whole), &mine(part)), span)?;
        }
        let mut by = Vec::new();
        for argument in arguments.get(count..).unwrap_or_default() {
            let ExprKind::Name(column) = &argument.value.kind else {
                self.error("KS109", argument.value.span, format!("behind its values {name}() takes names of columns"));
                return None;
            };
            by.push(quoted(&column.text));
        }
        let time_type =
            table.legs[0].columns.iter().find(|c| c.name == mine("__time")).map_or(ScalarType::Long, |c| c.ty);
        let of = |own: &str| names.iter().find(|(known, _)| *known == own).map_or("", |(_, name)| name.as_str());
        let joined = |each: &dyn Fn(&String) -> String| by.iter().map(each).collect::<String>();
        let [rank, bins] = ["__rank", "__bins"].map(|own| match lets.get(&mine(own)) {
            Some(Meaning::Scalar(bound)) => {
                bound.as_constant().map_or(String::new(), |v| convert::text(v).into_owned())
            }
            _ => String::new(),
        });
        let query = filled(
            &composed.query.replace(OWN, &prefix),
            &[
                ("by", joined(&|name| format!("{name}, "))),
                ("sort", joined(&|name| format!("{name} asc, "))),
                ("changed", joined(&|name| format!(" or {name} != prev({name})"))),
                ("type", time_type.name().to_owned()),
                ("time", quoted(of("__time"))),
                ("rolling", quoted(&format!("rolling_{bins}_percentile_{}_{rank}", of("__value")))),
            ],
        );
        self.through(name, &query, lets, table, span)
    }

    /// A value of each row as a column of the plug-in's own.
    pub(super) fn add_column(&mut self, table: &mut Tabular, own: &str, argument: &Argument) -> Option<()> {
        for leg in &mut table.legs {
            let bound = self.scalar(&argument.value, &mut Scope::Row(leg));
            let bound = self.not_too_deep(leg, bound);
            if bound.is_error() {
                return None;
            }
            let column = leg.assign(own, bound);
            leg.put(column);
        }
        Some(())
    }

    /// Lengths are above nothing, numbers of rows are not below it, and a percentile is one of a hundred.
    fn value_fits(&mut self, name: &str, own: &str, bound: &Bound) -> Option<()> {
        let (range, what) = match own {
            "__before" | "__after" => (0.0..=f64::MAX, "a number of rows cannot be below 0"),
            "__rank" => (0.0..=100.0, "a percentile is a number from 0 to 100"),
            "__start" | "__end" | "__active" => return Some(()),
            _ => (f64::MIN_POSITIVE..=f64::MAX, "a window, a period or a step must be greater than 0"),
        };
        if amount(bound).is_none_or(|amount| range.contains(&amount)) {
            return Some(());
        }
        self.error("KS107", bound.span, format!("in '{name}' {what}"));
        None
    }

    /// Each row counts in every step of its window, so there must not be too many.
    fn window_fits(&mut self, name: &str, lets: &super::Lets, (whole, part): (&str, &str), span: Span) -> Option<()> {
        let amount = |own: &str| match lets.get(own) {
            Some(Meaning::Scalar(bound)) => amount(bound),
            _ => Some(1.0),
        };
        let steps = amount(whole).zip(amount(part)).map(|(whole, part)| whole / part);
        match steps {
            Some(steps) if (1.0..=MAX_STEPS).contains(&steps) => Some(()),
            Some(_) => {
                self.error("KT016", span, format!("a window of '{name}' has 1 to {MAX_STEPS} steps"));
                None
            }
            None => {
                self.error("KS129", span, format!("the window of {name}() and its step must be constants"));
                None
            }
        }
    }

    /// By inclusion and exclusion: what sketches have in common is known from what their unions hold.
    fn intersect(&mut self, mut table: Tabular, arguments: &[Argument], span: Span) -> Option<Tabular> {
        let name = INTERSECT.name;
        if !(2..=MAX_SKETCHES).contains(&arguments.len()) {
            self.error("KT003", span, format!("'{name}' takes 2 to {MAX_SKETCHES} sketches here"));
            return None;
        }
        for (at, argument) in arguments.iter().enumerate() {
            self.add_column(&mut table, &format!("__h{at}"), argument)?;
        }
        let of = |count: usize| {
            let mut terms = String::new();
            for choice in 1_usize..1 << count {
                let chosen: Vec<String> =
                    (0..count).filter(|at| choice >> at & 1 == 1).map(|at| format!("__h{at}")).collect();
                let sign = if chosen.len().is_multiple_of(2) { "-" } else { "+" };
                match chosen.as_slice() {
                    [one] => terms.push_str(&format!(" {sign} dcount_hll({one})")),
                    all => terms.push_str(&format!(" {sign} dcount_hll(hll_merge({}))", all.join(", "))),
                }
            }
            format!("s{} = max_of(0, 0{terms})", count - 1)
        };
        let columns: Vec<String> = (1..=arguments.len()).map(of).collect();
        self.through(name, &format!("T | project {}", columns.join(", ")), super::Lets::new(), table, span)
    }
}

/// What the plug-ins' own names begin with.
const OWN: &str = "__";

/// The same, where no column of the table begins with it.
fn own_prefix(table: &Tabular) -> String {
    let columns = table.columns();
    let mut prefix = OWN.to_owned();
    while columns.iter().any(|column| column.name.starts_with(&prefix)) {
        prefix.push('_');
    }
    prefix
}

/// A text with what stands for its `{names}`. What is put in is not looked at again: a column may be called `{time}`.
fn filled(text: &str, values: &[(&str, String)]) -> String {
    let mut rest = text;
    let mut out = String::new();
    while let Some((before, behind)) = rest.split_once('{') {
        out.push_str(before);
        let value =
            values.iter().find_map(|(name, value)| Some((value, behind.strip_prefix(name)?.strip_prefix('}')?)));
        match value {
            Some((value, behind)) => {
                out.push_str(value);
                rest = behind;
            }
            None => {
                out.push('{');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

/// A number for what windows are measured by.
fn amount(bound: &Bound) -> Option<f64> {
    match bound.as_constant()? {
        Value::Int(n) => Some(f64::from(*n)),
        Value::Long(n) => Some(*n as f64),
        Value::Real(n) => Some(*n),
        Value::TimeSpan(span) => Some(span.0 as f64),
        _ => None,
    }
}

/// What a column that an argument names is called.
fn name_of(argument: &Argument) -> String {
    super::names::inferred_name(&argument.value).unwrap_or_else(|| "Column1".to_owned())
}

/// A name in brackets.
pub(super) fn quoted(name: &str) -> String {
    let escaped = name.replace('\\', "\\\\").replace('\'', "\\'");
    format!("['{escaped}']")
}
