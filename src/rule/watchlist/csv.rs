//! CSV after RFC 4180: a header, then rows; quotes around what holds a comma, a quote or a line end.

use std::collections::HashSet;

use super::{Mistake, Sheet, too_many};

/// The line that a row begins at, and its values.
type Row = (usize, Vec<String>);

/// The table in a text, with `room` cells at most; an error says the line.
pub(super) fn sheet(text: &str, room: usize) -> Result<Sheet, Mistake> {
    let mut reader = Reader::new(text, ',');
    let mut cells = 0;
    let columns = match reader.row()? {
        Some((_, row)) => header(row)?,
        None => return Err((1, "the file is empty; its first line names the columns".to_owned())),
    };
    let mut rows = Vec::new();
    while let Some((line, mut row)) = reader.row()? {
        if row.len() > columns.len() {
            let message = format!("this row has {} values, and there are {} columns", row.len(), columns.len());
            return Err((line, message));
        }
        row.resize(columns.len(), String::new());
        cells += row.len();
        if cells > room {
            return Err((line, too_many()));
        }
        rows.push(row);
    }
    Ok(Sheet { columns, rows })
}

fn header(row: Vec<String>) -> Result<Vec<String>, Mistake> {
    let columns: Vec<String> = row.into_iter().map(|name| name.trim().to_owned()).collect();
    let mut seen = HashSet::new();
    for name in &columns {
        if name.is_empty() {
            return Err((1, "a column in the header has no name".to_owned()));
        }
        if !seen.insert(name) {
            return Err((1, format!("the header has the column '{name}' twice")));
        }
    }
    Ok(columns)
}

/// Reads rows; between their values stands a comma, or another separator.
pub(in crate::rule) struct Reader<'t> {
    rest: &'t str,
    line: usize,
    separator: char,
}

impl<'t> Reader<'t> {
    pub(in crate::rule) fn new(text: &'t str, separator: char) -> Self {
        Reader { rest: text, line: 1, separator }
    }

    /// The next row and the line that it begins at; empty lines are passed over.
    pub(in crate::rule) fn row(&mut self) -> Result<Option<Row>, Mistake> {
        while let Some(rest) = self.rest.strip_prefix('\n').or_else(|| self.rest.strip_prefix("\r\n")) {
            self.rest = rest;
            self.line += 1;
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        let first = self.line;
        let mut row = Vec::new();
        loop {
            row.push(self.value()?);
            if let Some(rest) = self.rest.strip_prefix(self.separator) {
                self.rest = rest;
                continue;
            }
            let end = self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix('\n'));
            self.rest = end.unwrap_or_default();
            self.line += usize::from(end.is_some());
            return Ok(Some((first, row)));
        }
    }

    /// The value up to a comma, a line end, or the end.
    fn value(&mut self) -> Result<String, Mistake> {
        let Some(mut rest) = self.rest.strip_prefix('"') else {
            let end = self.rest.find([self.separator, '\n']).unwrap_or(self.rest.len());
            let (value, rest) = self.rest.split_at(end);
            // The carriage return belongs to the line end.
            let bare = if rest.starts_with(self.separator) { value } else { value.strip_suffix('\r').unwrap_or(value) };
            self.rest = rest;
            return Ok(bare.to_owned());
        };
        let opened = self.line;
        let mut value = String::new();
        loop {
            let Some(end) = rest.find('"') else {
                return Err((opened, "a quote that is opened here is never closed".to_owned()));
            };
            value.push_str(&rest[..end]);
            rest = &rest[end + 1..];
            match rest.strip_prefix('"') {
                Some(more) => {
                    value.push('"');
                    rest = more;
                }
                None => break,
            }
        }
        self.line += value.matches('\n').count();
        self.rest = rest;
        if !(rest.is_empty() || rest.starts_with([self.separator, '\n']) || rest.starts_with("\r\n")) {
            return Err((self.line, "behind a closing quote there must be a comma or the line's end".to_owned()));
        }
        Ok(value)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn quotes_commas_and_line_ends() {
        let text = "a, b\r\n1,\"x, \"\"y\"\"\r\nz\"\r\n\r\n2\r\n,\"\"\n\"3\",é";
        let sheet = sheet(text, 100).unwrap();
        assert_eq!(sheet.columns, ["a", "b"]);
        assert_eq!(sheet.rows, [["1", "x, \"y\"\r\nz"], ["2", ""], ["", ""], ["3", "é"]]);
    }

    #[test]
    fn mistakes_have_their_line() {
        let refused = |text: &str| sheet(text, 4).map(|s| s.rows).unwrap_err();
        assert_eq!(refused("").0, 1);
        assert!(refused("a,a\n").1.contains("'a' twice"));
        assert!(refused("a,,b\n").1.contains("no name"));
        assert_eq!(refused("a,b\n1,2\n\n1,2,3\n").0, 4);
        assert_eq!(refused("a\n\"x\ny\"\n\"z\n\n").0, 4);
        assert_eq!(refused("a\n\"x\ny\" z\n").0, 3);
        assert_eq!(refused("a,b\n1,2\n3,4\n5\n"), (4, too_many()));
    }
}
