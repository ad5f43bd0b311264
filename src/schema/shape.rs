//! What rows of a table look like, for rows that name no table.

/// Entries that must all hold for a row.
///
/// An entry is written `Member` (the row has it, whatever its value), `!Member` (the row has it not) or
/// `Member=value1|value2` (the row has it and its value is one of these texts).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The entries, in the order of the table file.
    pub entries: Vec<Entry>,
}

/// One thing that a shape asks of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The row has a member of this name.
    Present(String),
    /// The row has no member of this name.
    Absent(String),
    /// The row has the member, and its value is one of these.
    OneOf(String, Vec<String>),
}

impl Entry {
    /// The name of the member that is asked about.
    pub fn member(&self) -> &str {
        match self {
            Entry::Present(member) | Entry::Absent(member) | Entry::OneOf(member, _) => member,
        }
    }

    /// Whether it holds of a row that has the member or not; `text` is its value, `None` if that is not text.
    pub fn holds<T: AsRef<str>>(&self, present: bool, text: impl FnOnce() -> Option<T>) -> bool {
        match self {
            Entry::Present(_) => present,
            Entry::Absent(_) => !present,
            Entry::OneOf(_, values) => text().is_some_and(|text| values.iter().any(|v| v == text.as_ref())),
        }
    }
}

impl Shape {
    /// Reads the entries of a shape. The error is a sentence.
    pub(super) fn new(entries: &[String]) -> Result<Shape, String> {
        let read = |entry: &String| {
            let read = match entry.split_once('=') {
                Some((member, values)) => {
                    Entry::OneOf(member.to_owned(), values.split('|').map(str::to_owned).collect())
                }
                None => match entry.strip_prefix('!') {
                    Some(member) => Entry::Absent(member.to_owned()),
                    None => Entry::Present(entry.clone()),
                },
            };
            let blank = |text: &str| text.trim().is_empty();
            let empty =
                blank(read.member()) || matches!(&read, Entry::OneOf(_, values) if values.iter().any(|v| blank(v)));
            if empty {
                Err(format!("`{entry}` is not an entry of a shape: write Member, !Member or Member=a|b"))
            } else {
                Ok(read)
            }
        };
        let entries: Vec<Entry> = entries.iter().map(read).collect::<Result<_, _>>()?;
        if entries.iter().all(|entry| matches!(entry, Entry::Absent(_))) {
            return Err("a shape needs a member that the row has: with none it would claim every other row".to_owned());
        }
        Ok(Shape { entries })
    }

    /// Whether a row fits. `member` answers what the row has under a name: `None`: no such member, `Some(None)`: a value
    /// that is not text, `Some(Some(text))`: that text.
    pub fn claims<'r>(&self, member: impl Fn(&str) -> Option<Option<&'r str>>) -> bool {
        self.entries.iter().all(|entry| {
            let found = member(entry.member());
            entry.holds(found.is_some(), || found.flatten())
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn shape(entries: &[&str]) -> Result<Shape, String> {
        Shape::new(&entries.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn every_entry_must_hold() {
        let row = |name: &str| match name {
            "ActionType" => Some(Some("FileCreated")),
            "FileName" => Some(None),
            _ => None,
        };
        assert!(shape(&["ActionType=FileDeleted|FileCreated", "FileName", "!RuleName"]).unwrap().claims(row));
        assert!(!shape(&["ActionType=FileDeleted", "FileName"]).unwrap().claims(row));
        assert!(!shape(&["ActionType", "FolderPath"]).unwrap().claims(row));
        assert!(!shape(&["ActionType", "!FileName"]).unwrap().claims(row));
        assert!(!shape(&["FileName=FileCreated"]).unwrap().claims(row), "null is not a text");
    }

    #[test]
    fn a_shape_that_fits_everything_is_refused() {
        assert!(shape(&[]).is_err());
        assert!(shape(&["!Type"]).is_err());
        assert!(shape(&["Type=a||b"]).is_err());
        assert!(shape(&["!"]).is_err());
    }
}
