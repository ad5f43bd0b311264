//! From a place in a query to the place in the file that an analyst has open.
//!
//! YAML takes the indentation off a block, folds lines and changes line ends, but it leaves every other character of an
//! unescaped scalar as it is and in its order. So the query is laid along the file, white space apart, and what differs
//! are offsets that stay the same over long stretches. A scalar with escapes does not fit; then the query stands for itself.

use std::sync::Arc;

use crate::diagnostic::Span;

/// Where a rule's query stands.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The file, as it was named; `file (query of rule NAME)` if places in the query cannot be told in the file.
    pub path: String,
    /// The text that mapped spans point into: the whole file without a byte order mark, or the query.
    pub source: Arc<str>,
    /// In the order of the query. Empty if the source is the query.
    stretches: Vec<Stretch>,
}

/// From here on, up to the next stretch, file and query run side by side.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    query: usize,
    file: usize,
}

impl Origin {
    /// The query is the whole file.
    pub(super) fn whole(path: &str, query: &str) -> Origin {
        Origin { path: path.to_owned(), source: Arc::from(query), stretches: Vec::new() }
    }

    /// The query of the rule `name` is a scalar in `source`, and its text begins at the byte `start`, or behind a quote there.
    pub(super) fn within(path: &str, source: &Arc<str>, start: usize, query: &str, name: &str) -> Origin {
        let file = source.as_bytes();
        let quoted = matches!(file.get(start), Some(b'"' | b'\''));
        let laid = lay(query.as_bytes(), file, start)
            .or_else(|| if quoted { lay(query.as_bytes(), file, start + 1) } else { None });
        match laid {
            Some(stretches) => Origin { path: path.to_owned(), source: Arc::clone(source), stretches },
            None => Origin::whole(&format!("{path} (query of rule {name})"), query),
        }
    }

    /// The span of [`source`](Origin::source) that a span of the query's text stands at.
    pub fn map(&self, span: Span) -> Span {
        let start = self.offset(span.start);
        // The end lies just past the last byte, which may be the last one of its line.
        let end = if span.end > span.start { self.offset(span.end - 1) + 1 } else { start };
        let length = self.source.len();
        Span::new(start.min(length), end.max(start).min(length))
    }

    /// Line and column, both from 1 and the column in characters, of the start of a span of the query's text.
    pub fn line_and_column(&self, span: Span) -> (usize, usize) {
        let start = self.source.floor_char_boundary(self.map(span).start);
        let before = &self.source[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    fn offset(&self, query: usize) -> usize {
        let next = self.stretches.partition_point(|stretch| stretch.query <= query);
        let Some(stretch) = next.checked_sub(1).and_then(|i| self.stretches.get(i)) else {
            return self.stretches.first().map_or(query, |first| first.file);
        };
        let file = stretch.file + (query - stretch.query);
        // White space that the query has and the file has not must not run into the next stretch.
        self.stretches.get(next).map_or(file, |after| file.min(after.file))
    }
}

/// Lays the query along the file from `start` on; `None` if a character differs that is not white space.
fn lay(query: &[u8], file: &[u8], start: usize) -> Option<Vec<Stretch>> {
    let blank = |byte: u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let mut stretches: Vec<Stretch> = Vec::new();
    let (mut q, mut f) = (0, start);
    while let Some(&wanted) = query.get(q) {
        match file.get(f) {
            Some(&found) if found == wanted => {
                let runs_on = stretches.last().is_some_and(|last| f - last.file == q - last.query);
                if !runs_on {
                    stretches.push(Stretch { query: q, file: f });
                }
                (q, f) = (q + 1, f + 1);
            }
            // A folded line: a space in the query, a line end in the file.
            Some(&found) if blank(found) && blank(wanted) => (q, f) = (q + 1, f + 1),
            Some(&found) if blank(found) => f += 1,
            _ if blank(wanted) => q += 1,
            _ => return None,
        }
    }
    Some(stretches)
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    /// The text of the file under the span that `needle` has in the query.
    fn found<'a>(origin: &'a Origin, query: &str, needle: &str) -> &'a str {
        let start = query.find(needle).expect("the needle is in the query");
        let span = origin.map(Span::new(start, start + needle.len()));
        &origin.source[span.start..span.end]
    }

    #[test]
    fn spans_point_into_each_style_of_scalar() {
        let query = "T\n| where Größe == 1\n\n| take 1\n";
        for (style, file) in [
            ("literal", "query: |\n    T\n    | where Größe == 1\n\n    | take 1\n"),
            ("literal, CRLF", "query: |\r\n  T\r\n  | where Größe == 1\r\n\r\n  | take 1\r\n"),
            ("no line end", "query: |\n  T\n  | where Größe == 1\n\n  | take 1"),
            ("folded", "query: >\n  T\n\n  | where Größe == 1\n\n\n  | take 1\n"),
            ("quoted", "query: 'T\n\n  | where Größe == 1\n\n\n  | take 1\n\n'\n"),
        ] {
            let start = file.find(['T', '\'']).expect("a start");
            let origin = Origin::within("rule.yaml", &Arc::from(file), start, query, "R");
            assert_eq!(origin.path, "rule.yaml", "{style}");
            for needle in ["T", "Größe", "== 1", "| take", "take 1"] {
                assert_eq!(found(&origin, query, needle), needle, "{style}");
            }
        }
    }

    #[test]
    fn a_span_has_the_line_and_column_of_the_file() {
        let file = "name: R\nquery: |\n    T\n    | where ü == x\n";
        let query = "T\n| where ü == x\n";
        let origin = Origin::within("rule.yaml", &Arc::from(file), file.find('T').expect("a start"), query, "R");
        let x = query.find('x').expect("a name");
        assert_eq!(origin.line_and_column(Span::new(x, x + 1)), (4, 18));
        assert_eq!(origin.line_and_column(Span::new(0, 1)), (3, 5));
        // Past the end, as for "unexpected end of the query".
        assert_eq!(origin.map(Span::new(query.len(), query.len())).start, file.len());
    }

    #[test]
    fn a_span_over_two_lines_keeps_its_ends() {
        let file = "query: |\n      T | where a and\n        b\n";
        let query = "T | where a and\n  b\n";
        let origin = Origin::within("rule.yaml", &Arc::from(file), file.find('T').expect("a start"), query, "R");
        assert_eq!(found(&origin, query, "a and\n  b"), "a and\n        b");
    }

    #[test]
    fn escapes_make_the_query_its_own_source() {
        let file: Arc<str> = Arc::from("query: \"T | where a == \\\"x\\\"\"\n");
        let query = "T | where a == \"x\"";
        let origin = Origin::within("rule.yaml", &file, 7, query, "Odd one");
        assert_eq!(origin.path, "rule.yaml (query of rule Odd one)");
        assert_eq!(found(&origin, query, "\"x\""), "\"x\"");
    }
}
