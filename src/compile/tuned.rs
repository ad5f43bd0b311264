//! A rule with what tuning overlays say of it: a new query, bound like any other.
//!
//! The query's text is put together anew from the rule's own, from the overlays' predicates, and from what goes around
//! them. Each piece remembers where it comes from, so that what is wrong with it is shown there.

use super::bind::BindOptions;
use super::bound::{Leg, RowSource};
use super::rule::{BoundRule, bind_rule_with};
use crate::diagnostic::{Diagnostic, Span, suggest};
use crate::kql::ast::{DynamicLiteral, Expr, ExprKind, Statement};
use crate::kql::{Limits, parse};
use crate::rule::{Exception, Libraries, ListChange, Origin, Rule, RuleTuning, Tuning};
use crate::schema::Catalog;
use crate::value::DateTime;

/// What became of a rule.
#[derive(Debug)]
pub enum Tuned {
    /// It runs.
    Bound(Box<BoundRule>),
    /// An overlay turns it off: where, and why.
    Disabled(String),
    /// It, or what an overlay says of it, has errors.
    Refused,
}

/// Something to say, and the text that its span points into.
#[derive(Clone, Debug)]
pub struct Said {
    /// The file; the diagnostic's span points into its source.
    pub origin: Origin,
    /// What is said.
    pub diagnostic: Diagnostic,
}

/// What rules are bound with.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'b> {
    /// The tables.
    pub catalog: &'b Catalog,
    /// Saved functions and watchlists.
    pub libraries: &'b Libraries,
    /// Bounds of a query.
    pub limits: &'b Limits,
    /// How names are bound.
    pub options: BindOptions,
    /// An exception that has run out by then is left out.
    pub now: DateTime,
}

/// Binds a rule as the overlays want it. Without any that names it, it is bound as it is.
pub fn bind_tuned(rule: Rule, tuning: &Tuning, with: &Binding<'_>) -> (Tuned, Vec<Said>) {
    let entries: Vec<&RuleTuning> = tuning.of(&rule.id, &rule.name).collect();
    if let Some((entry, reason)) = entries.iter().find_map(|entry| Some((entry, entry.disabled.as_ref()?))) {
        return (Tuned::Disabled(format!("{}: {reason}", entry.place(entry.span))), Vec::new());
    }
    let origin = rule.origin.clone();
    if entries.is_empty() {
        let (bound, diagnostics) = with.bind(rule);
        return (Tuned::from(bound), diagnostics.into_iter().map(|d| Said::of_rule(&origin, d)).collect());
    }
    let (base, diagnostics) = with.bind(rule.clone());
    let Some(base) = base else {
        return (Tuned::Refused, diagnostics.into_iter().map(|d| Said::of_rule(&origin, d)).collect());
    };
    let mut overlaid = Overlaid { rule, changes: Vec::new(), rows: Vec::new(), result: Vec::new(), said: Vec::new() };
    for entry in &entries {
        if let Some(severity) = entry.severity {
            let note = format!("severity {} ({})", severity.name(), entry.place(entry.span));
            overlaid.rule.severity = severity;
            overlaid.rule.tuning.push(note);
        }
        for change in &entry.lists {
            overlaid.list(entry, change, with.limits);
        }
    }
    let mut tables = Vec::new();
    base.query.legs.iter().for_each(|leg| tables_of(leg, &mut tables));
    for entry in &entries {
        for exception in &entry.exceptions {
            overlaid.exception(entry, exception, &tables, with);
        }
    }
    if overlaid.said.iter().any(|said| said.diagnostic.is_error()) {
        return (Tuned::Refused, overlaid.said);
    }
    let text = overlaid.text(&overlaid.rows, &overlaid.result, with.limits);
    let Overlaid { mut rule, mut said, .. } = overlaid;
    rule.query = text.text.clone();
    let (bound, diagnostics) = with.bind(rule);
    said.extend(diagnostics.into_iter().map(|diagnostic| text.said(diagnostic, &origin).1));
    (Tuned::from(bound), said)
}

/// What to say of overlays' entries that name no rule. `known` are ids and names of all rules.
pub fn nameless(tuning: &Tuning, known: &[(String, String)]) -> Vec<Said> {
    let unknown = |entry: &&RuleTuning| !known.iter().any(|(id, name)| entry.means(id, name));
    let said = tuning.entries.iter().filter(unknown).map(|entry| {
        let message = format!("no rule that is loaded has the id or the name '{}'", entry.rule);
        let words = known.iter().flat_map(|(id, name)| [name.as_str(), id.as_str()]);
        entry.said(entry.span, message, suggest(&entry.rule, words).map(|near| format!("did you mean '{near}'?")))
    });
    said.collect()
}

impl From<Option<BoundRule>> for Tuned {
    fn from(bound: Option<BoundRule>) -> Tuned {
        bound.map_or(Tuned::Refused, |bound| Tuned::Bound(Box::new(bound)))
    }
}

impl Said {
    /// Of a rule that no overlay names: the span is one of its query.
    fn of_rule(origin: &Origin, diagnostic: Diagnostic) -> Said {
        let span = origin.map(diagnostic.span);
        Said { origin: origin.clone(), diagnostic: Diagnostic { span, ..diagnostic } }
    }
}

impl RuleTuning {
    /// An error at a place of the overlay.
    fn said(&self, span: Span, message: String, help: Option<String>) -> Said {
        let mut diagnostic = Diagnostic::error("KT017", span, message);
        diagnostic.help = help;
        Said { origin: self.file.clone(), diagnostic }
    }
}

impl Binding<'_> {
    fn bind(&self, rule: Rule) -> (Option<BoundRule>, Vec<Diagnostic>) {
        bind_rule_with(rule, self.catalog, self.libraries, self.limits, self.options)
    }
}

/// A rule while overlays are laid over it.
struct Overlaid<'e> {
    rule: Rule,
    /// Lists that are other ones now: where in the rule's query, and what stands there.
    changes: Vec<(Span, String, &'e RuleTuning, Span)>,
    /// Exceptions over a table's rows.
    rows: Vec<(String, &'e Exception)>,
    /// Exceptions over the result's rows.
    result: Vec<&'e Exception>,
    said: Vec<Said>,
}

impl<'e> Overlaid<'e> {
    fn list(&mut self, entry: &'e RuleTuning, change: &'e ListChange, limits: &Limits) {
        let query = parse(&self.rule.query, limits).query;
        let lists = || query.statements.iter().filter_map(as_list);
        let Some((_, value, items)) = lists().find(|(name, ..)| *name == change.name) else {
            let names: Vec<&str> = lists().map(|(name, ..)| name).collect();
            let help = match (suggest(&change.name, names.iter().copied()), names.is_empty()) {
                (Some(near), _) => format!("did you mean '{near}'?"),
                (None, false) => format!("its lists are {}", names.join(", ")),
                (None, true) => "a list is what `let name = dynamic([…])` says; the rule has none".to_owned(),
            };
            let message = format!("the rule '{}' has no list '{}'", self.rule.name, change.name);
            self.said.push(entry.said(change.span, message, Some(help)));
            return;
        };
        let place = entry.place(change.span);
        // A list that an earlier overlay has changed is that one's now.
        let before = self.changes.iter().rposition(|(span, ..)| *span == value.span);
        let mut now: Vec<String> = match (&change.replace, before.and_then(|at| self.changes.get(at))) {
            (Some(items), _) => items.iter().map(ToString::to_string).collect(),
            (None, Some((_, text, ..))) => dynamic_items(text),
            (None, None) => items.iter().map(json).collect(),
        };
        for item in change.remove.iter().map(ToString::to_string) {
            let count = now.len();
            now.retain(|there| *there != item);
            if now.len() == count {
                let near = suggest(&item, now.iter().map(String::as_str));
                let help =
                    near.map_or("take the line out of the overlay".to_owned(), |near| format!("did you mean {near}?"));
                let message = format!("the list '{}' has no item {item} to remove", change.name);
                let mut said = entry.said(change.span, message, Some(help));
                said.diagnostic.severity = crate::diagnostic::Severity::Warning;
                self.said.push(said);
            }
        }
        now.extend(change.add.iter().map(ToString::to_string));
        let verb = |verb: &str, items: &[serde_json::Value]| match items {
            [] => String::new(),
            items => format!(" {verb} {}", items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        };
        let what = match &change.replace {
            Some(items) => verb("is", items),
            None => verb("without", &change.remove) + &verb("with", &change.add),
        };
        self.rule.tuning.push(format!("list {}{what} ({place})", change.name));
        self.changes.push((value.span, format!("dynamic([{}])", now.join(", ")), entry, change.span));
    }

    /// Finds what the exception is about: the result, or else a table of the rule.
    fn exception(&mut self, entry: &'e RuleTuning, exception: &'e Exception, tables: &[String], with: &Binding<'_>) {
        let place = entry.place(exception.span);
        if with.now >= exception.end {
            let message = format!("this exception expired on {} and no longer applies", exception.expires);
            let diagnostic =
                Diagnostic::warning("KT018", exception.span, message).help("take it out, or give it a later day");
            self.said.push(Said { origin: entry.file.clone(), diagnostic });
            return;
        }
        let read = parse(&exception.predicate, with.limits);
        let lone = matches!(read.query.statements.as_slice(), [Statement::Expression(_)]);
        if !lone || read.diagnostics.iter().any(Diagnostic::is_error) {
            let wrong = read.diagnostics.into_iter().map(|d| Said::of_rule(&exception.origin, d));
            self.said.extend(wrong);
            if !self.said.iter().any(|said| said.diagnostic.is_error()) {
                let message = "an exception is one predicate, such as `Process =~ \"backup\"`".to_owned();
                self.said.push(entry.said(exception.span, message, None));
            }
            return;
        }
        let mut complaints = Vec::new();
        let over_result = self.complaints(&[], &[exception], with);
        let found = if over_result.is_empty() {
            self.result.push(exception);
            Some("its result".to_owned())
        } else {
            complaints.push(over_result);
            let mut found = Vec::new();
            for table in tables {
                let over_table = self.complaints(&[(table.clone(), exception)], &[], with);
                if over_table.is_empty() {
                    self.rows.push((table.clone(), exception));
                    found.push(table.as_str());
                } else {
                    complaints.push(over_table);
                }
            }
            (!found.is_empty()).then(|| found.join(", "))
        };
        match found {
            Some(over) => {
                let predicate = exception.predicate.split_whitespace().collect::<Vec<_>>().join(" ");
                let (until, reason) = (&exception.expires, &exception.reason);
                self.rule.tuning.push(format!("except {predicate}, of {over}, until {until}: {reason} ({place})"));
            }
            None => {
                if let Some((table, of_table, of_result)) = mixed(tables, &complaints) {
                    let message = format!(
                        "an exception reads the rule's result or its table, not both; \
                         '{of_result}' is only in the result, '{of_table}' only in {table}"
                    );
                    let help = "say the same with the columns of one of them".to_owned();
                    self.said.push(entry.said(exception.span, message, Some(help)));
                    return;
                }
                // Where all names are known something else is wrong; else the nearest name helps.
                let unknown = |said: &Said| said.diagnostic.code == "KS142";
                let rank = |all: &Vec<Said>| match () {
                    () if !all.iter().any(unknown) => 0,
                    () if all.iter().filter(|s| unknown(s)).all(|s| s.diagnostic.help.is_some()) => 1,
                    () => 2,
                };
                complaints.sort_by_key(rank);
                self.said.extend(complaints.into_iter().next().unwrap_or_default());
            }
        }
    }

    /// What is wrong with the rule if these exceptions are laid over it: of the exceptions' own text alone.
    fn complaints(&self, rows: &[(String, &Exception)], result: &[&Exception], with: &Binding<'_>) -> Vec<Said> {
        let text = self.text(rows, result, with.limits);
        let mut rule = self.rule.clone();
        rule.query.clone_from(&text.text);
        let (_, diagnostics) = with.bind(rule);
        let of_overlay =
            diagnostics.into_iter().filter(|d| d.is_error() || d.code == "KS142").filter_map(|diagnostic| {
                let (own, mut said) = text.said(diagnostic, &self.rule.origin);
                // What the rule may do, read a column that its table lacks, a new exception may not.
                said.diagnostic.severity = crate::diagnostic::Severity::Error;
                (!own).then_some(said)
            });
        of_overlay.collect()
    }

    /// The rule's query with its lists, these exceptions before and behind it.
    fn text<'t>(&self, rows: &[(String, &'t Exception)], result: &[&'t Exception], limits: &Limits) -> Spliced<'t>
    where
        'e: 't,
    {
        let query = &self.rule.query;
        let mut text = Spliced::default();
        let mut tables: Vec<&str> = rows.iter().map(|(table, _)| table.as_str()).collect();
        tables.dedup();
        for table in tables {
            text.made(&format!("let {table} = {table}"), None);
            rows.iter().filter(|(of, _)| of == table).for_each(|(_, exception)| text.exception(exception));
            text.made(";\n", None);
        }
        let last = parse(query, limits).query.statements.into_iter().rev().find_map(|statement| match statement {
            Statement::Expression(expr) => Some(expr.span.end),
            _ => None,
        });
        let last = last.unwrap_or(query.len()).min(query.len());
        // A list's last change is the one that holds.
        let mut changes: Vec<_> = self.changes.iter().collect();
        changes.reverse();
        changes.sort_by_key(|(span, ..)| span.start);
        changes.dedup_by_key(|(span, ..)| span.start);
        let mut from = 0;
        for (span, list, entry, place) in changes {
            text.own(query, from, span.start);
            text.made(list, Some((&entry.file, *place)));
            from = span.end;
        }
        text.own(query, from, last);
        result.iter().for_each(|exception| text.exception(exception));
        text.own(query, last, query.len());
        text
    }
}

/// A query's text in pieces.
#[derive(Default)]
struct Spliced<'t> {
    text: String,
    pieces: Vec<Piece<'t>>,
}

/// From here on, up to the next piece.
struct Piece<'t> {
    start: usize,
    from: Whence<'t>,
}

enum Whence<'t> {
    /// The rule's query, from this offset.
    Rule(usize),
    /// An exception's predicate, from its beginning.
    Predicate(&'t Exception),
    /// Made here, because a place in an overlay says so, or for none in particular.
    Made(Option<(&'t Origin, Span)>),
}

impl<'t> Spliced<'t> {
    fn own(&mut self, query: &str, from: usize, to: usize) {
        self.pieces.push(Piece { start: self.text.len(), from: Whence::Rule(from) });
        self.text.push_str(query.get(from..to).unwrap_or_default());
    }

    fn made(&mut self, words: &str, because: Option<(&'t Origin, Span)>) {
        self.pieces.push(Piece { start: self.text.len(), from: Whence::Made(because) });
        self.text.push_str(words);
    }

    /// A predicate that cannot be answered takes nothing away, and one that has run out does not either.
    fn exception(&mut self, exception: &'t Exception) {
        let because = Some((&exception.origin, Span::default()));
        self.made("\n| where not(coalesce((", because);
        self.pieces.push(Piece { start: self.text.len(), from: Whence::Predicate(exception) });
        self.text.push_str(&exception.predicate);
        // A comment at the predicate's end ends with its line.
        self.made(&format!("\n), false) and now() < datetime({}))", exception.end.to_text7()), because);
    }

    /// Whether a diagnostic is about the rule's own text, and what is said at the place where its text comes from.
    fn said(&self, diagnostic: Diagnostic, rule: &Origin) -> (bool, Said) {
        let at = self.pieces.partition_point(|piece| piece.start <= diagnostic.span.start).saturating_sub(1);
        let end = self.pieces.get(at + 1).map_or(self.text.len(), |next| next.start);
        let Some(piece) = self.pieces.get(at) else {
            return (true, Said::of_rule(rule, diagnostic));
        };
        let within = |offset: usize| offset.clamp(piece.start, end) - piece.start;
        let (from, to) = (within(diagnostic.span.start), within(diagnostic.span.end));
        match &piece.from {
            Whence::Rule(start) => {
                let span = Span::new(start + from, start + to);
                (true, Said::of_rule(rule, Diagnostic { span, ..diagnostic }))
            }
            Whence::Predicate(exception) => {
                (false, Said::of_rule(&exception.origin, Diagnostic { span: Span::new(from, to), ..diagnostic }))
            }
            // Around a predicate: the predicate as a whole is meant, and of what stands around it there is only its type to
            // complain of. Places of lists are in the file already.
            Whence::Made(Some((origin, span))) if *span == Span::default() => {
                let message = "an exception is a predicate, which is true or false; this one is neither".to_owned();
                let help = Some("write one such as `Process =~ \"backup\"`".to_owned());
                let span = Span::new(0, 1);
                (false, Said::of_rule(origin, Diagnostic { code: "KT017", span, message, help, ..diagnostic }))
            }
            Whence::Made(Some((origin, span))) => {
                (false, Said { origin: (*origin).clone(), diagnostic: Diagnostic { span: *span, ..diagnostic } })
            }
            Whence::Made(None) => (false, Said::of_rule(rule, Diagnostic { span: Span::default(), ..diagnostic })),
        }
    }
}

/// Whether an exception names columns of a rule's result and columns of a table of it, and no others: the table, and what it
/// names of each. `complaints` are those over the result, then those over each table.
fn mixed<'c>(tables: &'c [String], complaints: &'c [Vec<Said>]) -> Option<(&'c str, &'c str, &'c str)> {
    let unknown = |all: &'c [Said]| {
        let name = |said: &'c Said| {
            let is_name = said.diagnostic.code == "KS142";
            said.origin.source.get(said.diagnostic.span.start..said.diagnostic.span.end).filter(|_| is_name)
        };
        all.iter().map(name).collect::<Option<Vec<&str>>>()
    };
    let (over_result, over_tables) = complaints.split_first()?;
    // What the result lacks is the table's, and the other way round.
    let of_table = unknown(over_result)?;
    tables.iter().zip(over_tables).find_map(|(table, over_table)| {
        let of_result = unknown(over_table)?;
        let apart = !of_table.iter().any(|name| of_result.contains(name));
        apart.then_some((table.as_str(), *of_table.first()?, *of_result.first()?))
    })
}

/// A `let` that is a list: its name, its value, its items.
fn as_list(statement: &Statement) -> Option<(&str, &Expr, &[DynamicLiteral])> {
    let Statement::Let { name, value, .. } = statement else { return None };
    match &value.kind {
        ExprKind::Dynamic(DynamicLiteral::Array(items)) => Some((&name.text, value, items)),
        _ => None,
    }
}

/// The items of a list that was made here.
fn dynamic_items(text: &str) -> Vec<String> {
    let inner = text.strip_prefix("dynamic(").and_then(|rest| rest.strip_suffix(')')).unwrap_or("[]");
    serde_json::from_str::<Vec<serde_json::Value>>(inner).unwrap_or_default().iter().map(ToString::to_string).collect()
}

/// An item as JSON; a Kusto literal as a string of its text.
fn json(item: &DynamicLiteral) -> String {
    use crate::kql::ast::LiteralKind;
    match item {
        DynamicLiteral::Scalar(literal, _)
            if matches!(literal.kind, LiteralKind::Bool | LiteralKind::Long | LiteralKind::Real) =>
        {
            literal.text.clone()
        }
        DynamicLiteral::Scalar(literal, _) => serde_json::Value::String(literal.text.clone()).to_string(),
        DynamicLiteral::Null => "null".to_owned(),
        DynamicLiteral::Array(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(", ")),
        DynamicLiteral::Bag(members) => {
            let member = |(name, value): &(String, DynamicLiteral)| {
                format!("{}: {}", serde_json::Value::String(name.clone()), json(value))
            };
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
    }
}

/// The tables that a leg reads, each once.
fn tables_of(leg: &Leg, tables: &mut Vec<String>) {
    match &leg.source {
        RowSource::Table(table) if !tables.contains(&table.name) => tables.push(table.name.clone()),
        RowSource::Rows(op) => {
            op.input.legs.iter().for_each(|leg| tables_of(leg, tables));
            if let Some(beside) = op.beside() {
                beside.legs.iter().for_each(|leg| tables_of(leg, tables));
            }
        }
        _ => {}
    }
}
