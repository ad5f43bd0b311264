//! Tuning overlays: what a place knows better than a rule, kept apart from the rule.
//!
//! An overlay is YAML. For each rule that it names, by id or by name, it changes lists, makes exceptions, sets the severity
//! or turns the rule off. The rule's own file stays as it came, so that a new version of it can be taken. What an
//! overlay's words mean to a rule's query is for [`crate::compile`].

mod document;

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use serde_saphyr::Location;

use super::files::{files_with, read};
use super::yaml::{byte_of, column_of, line_of, options, said};
use super::{Origin, RuleError, Severity};
use crate::diagnostic::Span;
use crate::value::DateTime;
use document::{Change, Entry, Except, Overlay};

/// What overlays say, in the order of their files.
#[derive(Clone, Debug, Default)]
pub struct Tuning {
    /// An entry for each rule that an overlay names; a rule may have several.
    pub entries: Vec<RuleTuning>,
}

/// What one overlay says of one rule.
#[derive(Clone, Debug)]
pub struct RuleTuning {
    /// The rule's id or name, as the overlay has it.
    pub rule: String,
    /// The overlay; spans of this entry point into its source.
    pub file: Origin,
    /// Where the rule is named.
    pub span: Span,
    /// Why the rule is turned off, if it is.
    pub disabled: Option<String>,
    /// What the rule's severity is here.
    pub severity: Option<Severity>,
    /// Lists of the rule that are other ones here.
    pub lists: Vec<ListChange>,
    /// What gives no alert here.
    pub exceptions: Vec<Exception>,
}

/// A change of a `let` list.
#[derive(Clone, Debug)]
pub struct ListChange {
    /// The name that the rule gives it.
    pub name: String,
    /// Where the overlay says so.
    pub span: Span,
    /// Items instead of the rule's own.
    pub replace: Option<Vec<Value>>,
    /// Items that are taken off.
    pub remove: Vec<Value>,
    /// Items that come on.
    pub add: Vec<Value>,
}

/// A predicate that takes a rule's alerts away while it is true.
#[derive(Clone, Debug)]
pub struct Exception {
    /// KQL over the columns of the rule's result, or over those of its table.
    pub predicate: String,
    /// Where the predicate's text stands.
    pub origin: Origin,
    /// Where the exception stands in the overlay.
    pub span: Span,
    /// Why it is made.
    pub reason: String,
    /// The last day on which it applies, as written.
    pub expires: String,
    /// When it no longer applies: the beginning of the day behind that, UTC.
    pub end: DateTime,
}

impl Tuning {
    /// The overlays at these paths: files, or folders of them.
    ///
    /// # Errors
    /// A file cannot be read, is no YAML of this shape, or lacks what must be said: a reason, a date.
    pub fn load(paths: &[String]) -> Result<Tuning, RuleError> {
        let mut entries = Vec::new();
        for path in paths {
            for file in files_with(Path::new(path), &["yaml", "yml"])? {
                let label = file.display().to_string();
                entries.extend(Tuning::parse(&label, &read(&file, &label)?)?.entries);
            }
        }
        Ok(Tuning { entries })
    }

    /// The overlay in a text; `path` is what errors call it.
    ///
    /// # Errors
    /// See [`load`](Tuning::load).
    pub fn parse(path: &str, text: &str) -> Result<Tuning, RuleError> {
        let source: Arc<str> = Arc::from(text.strip_prefix('\u{feff}').unwrap_or(text));
        let file = OverlayFile { path, source: &source };
        let overlay = serde_saphyr::from_str_with_options::<Overlay>(&source, options()).map_err(|error| {
            let (location, message) = said(&error);
            file.invalid(location, message)
        })?;
        let entries: Result<_, _> = overlay.rules.into_iter().map(|entry| file.entry(entry)).collect();
        Ok(Tuning { entries: entries? })
    }

    /// What is said of the rule with this id and name.
    pub fn of(&self, id: &str, name: &str) -> impl Iterator<Item = &RuleTuning> {
        self.entries.iter().filter(move |entry| entry.means(id, name))
    }
}

impl RuleTuning {
    /// Whether this entry is about the rule with this id and name.
    pub fn means(&self, id: &str, name: &str) -> bool {
        self.rule.eq_ignore_ascii_case(id) || self.rule == name
    }

    /// `file:line` of a place in the overlay.
    pub fn place(&self, span: Span) -> String {
        format!("{}:{}", self.file.path, self.file.line_and_column(span).0)
    }
}

struct OverlayFile<'a> {
    path: &'a str,
    source: &'a Arc<str>,
}

impl OverlayFile<'_> {
    fn entry(&self, entry: Entry) -> Result<RuleTuning, RuleError> {
        let reason = entry.reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
        let disabled = match entry.disabled {
            Some(off) if off.value => Some(reason.ok_or_else(|| {
                self.invalid(
                    off.referenced,
                    "a rule that is disabled needs a `reason`; say why nobody must see its alerts",
                )
            })?),
            _ => None,
        };
        let severity = match entry.severity {
            None => None,
            Some(word) => Some(Severity::from_name(word.value.trim()).ok_or_else(|| {
                let known = "Informational, Low, Medium or High";
                self.invalid(word.referenced, format!("severity `{}` is unknown; write {known}", word.value))
            })?),
        };
        let mut lists = Vec::new();
        for (name, change) in entry.lists {
            let span = self.span(change.defined, name.len());
            lists.push(self.list(name, span, change.defined, change.value)?);
        }
        let exceptions: Result<_, _> =
            entry.exceptions.into_iter().map(|except| self.exception(except.defined, except.value)).collect();
        let name = entry.rule.value.trim().to_owned();
        Ok(RuleTuning {
            span: self.span(entry.rule.defined, entry.rule.value.len()),
            rule: name,
            file: Origin::whole(self.path, self.source),
            disabled,
            severity,
            lists,
            exceptions: exceptions?,
        })
    }

    fn list(&self, name: String, span: Span, at: Location, change: Change) -> Result<ListChange, RuleError> {
        let items = || change.replace.iter().flatten().chain(&change.remove).chain(&change.add);
        if let Some(item) = items().find(|item| !matches!(item, Value::String(_) | Value::Number(_) | Value::Bool(_))) {
            return Err(
                self.invalid(at, format!("an item of the list `{name}` must be a text or a number, not {item}"))
            );
        }
        if change.replace.is_some() && (!change.remove.is_empty() || !change.add.is_empty()) {
            let message = format!("`replace` gives the list `{name}` all of its items; leave out `add` and `remove`");
            return Err(self.invalid(at, message));
        }
        Ok(ListChange { name, span, replace: change.replace, remove: change.remove, add: change.add })
    }

    fn exception(&self, at: Location, except: Except) -> Result<Exception, RuleError> {
        let reason = except.reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
        let reason = reason
            .ok_or_else(|| self.invalid(at, "an exception needs a `reason`; say why such alerts are not wanted"))?;
        let expires = except.expires.ok_or_else(|| {
            self.invalid(at, "an exception needs `expires`, the last day on which it applies, such as 2027-03-31")
        })?;
        let day = expires.value.trim().to_owned();
        let end = day.parse::<jiff::civil::Date>().ok().and_then(|day| day.tomorrow().ok());
        let end = end.and_then(|end| DateTime::parse(&end.to_string())).ok_or_else(|| {
            self.invalid(expires.referenced, format!("`expires: {day}` is no date; write one such as 2027-03-31"))
        })?;
        let text = except.predicate.value;
        if text.trim().is_empty() {
            return Err(self.invalid(except.predicate.referenced, "`where` is empty; write a predicate in KQL there"));
        }
        let start = byte_of(except.predicate.defined);
        Ok(Exception {
            origin: Origin::within(self.path, self.source, start, &text, "an exception"),
            span: self.span(except.predicate.defined, text.trim_end().len()),
            predicate: text,
            reason,
            expires: day,
            end,
        })
    }

    /// Where something begins, and as much of its line as `length` bytes are.
    fn span(&self, at: Location, length: usize) -> Span {
        let start = byte_of(at).min(self.source.len());
        Span::new(start, (start + length.max(1)).min(self.source.len()))
    }

    fn invalid(&self, at: Location, message: impl Into<String>) -> RuleError {
        RuleError::Invalid {
            path: self.path.to_owned(),
            line: line_of(at),
            column: column_of(at),
            message: message.into(),
        }
    }
}
