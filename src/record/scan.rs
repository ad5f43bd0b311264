//! One walk over a line's JSON: every byte is validated, nothing is copied, nothing recurses.

use crate::value::json::{Cursor, JsonError, Kind, Lexeme, Reason};

/// A walk over JSON text. Objects and arrays of interest are stepped into, all else is stepped over.
pub(super) struct Scanner<'t> {
    cursor: Cursor<'t>,
    /// The bracket that closes each array and object around the cursor.
    open: Vec<u8>,
    max_depth: usize,
}

impl<'t> Scanner<'t> {
    /// A walk from the text's start. `open` is scratch, given back by [`Scanner::into_scratch`].
    pub(super) fn new(text: &'t str, mut open: Vec<u8>, max_depth: usize) -> Self {
        open.clear();
        Scanner { cursor: Cursor::new(text), open, max_depth }
    }

    pub(super) fn into_scratch(self) -> Vec<u8> {
        self.open
    }

    pub(super) fn text(&self) -> &'t str {
        self.cursor.text()
    }

    /// The byte offset where the walk stands.
    pub(super) fn at(&self) -> usize {
        self.cursor.at
    }

    /// Walks again from an earlier place outside all brackets.
    pub(super) fn rewind(&mut self, at: usize) {
        self.cursor.at = at;
        self.open.clear();
    }

    /// The next byte that is not white space.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        self.cursor.next_solid()
    }

    /// Nothing but white space may follow.
    pub(super) fn end(&mut self) -> Result<(), JsonError> {
        self.cursor.end()
    }

    /// Steps into the object that begins here: its first member's name, with the walk before the member's value;
    /// `None` past an empty object.
    #[inline]
    pub(super) fn first_member(&mut self) -> Result<Option<Lexeme>, JsonError> {
        self.enter(b'}')?;
        if self.leave() { Ok(None) } else { self.name().map(Some) }
    }

    /// After a member's value: the next member's name, or `None` past the object's end.
    #[inline]
    pub(super) fn next_member(&mut self) -> Result<Option<Lexeme>, JsonError> {
        if self.comma()? { self.name().map(Some) } else { Ok(None) }
    }

    /// Steps into the array that begins here: whether an element follows; if not, the walk is past the array.
    #[inline]
    pub(super) fn first_element(&mut self) -> Result<bool, JsonError> {
        self.enter(b']')?;
        Ok(!self.leave())
    }

    /// After an element: whether another follows; if not, the walk is past the array.
    #[inline]
    pub(super) fn next_element(&mut self) -> Result<bool, JsonError> {
        self.comma()
    }

    /// Steps over the value that begins here, whatever it is.
    #[inline]
    pub(super) fn value(&mut self) -> Result<Lexeme, JsonError> {
        match self.peek() {
            Some(b'{' | b'[') => self.composite(),
            _ => self.cursor.scalar(),
        }
    }

    fn composite(&mut self) -> Result<Lexeme, JsonError> {
        let start = self.at();
        let around = self.open.len();
        loop {
            let mut more = match self.peek() {
                Some(b'{') => self.first_member()?.is_some(),
                Some(b'[') => self.first_element()?,
                _ => self.cursor.scalar().map(|_| false)?,
            };
            while !more {
                more = match self.open.get(around..).and_then(<[u8]>::last) {
                    None => {
                        return Ok(Lexeme { kind: Kind::Composite, start, end: self.at() });
                    }
                    Some(b'}') => self.next_member()?.is_some(),
                    Some(_) => self.next_element()?,
                };
            }
        }
    }

    #[inline]
    fn enter(&mut self, closing: u8) -> Result<(), JsonError> {
        if self.open.len() >= self.max_depth {
            return Err(JsonError { offset: self.at(), reason: Reason::TooDeep(self.max_depth) });
        }
        self.cursor.at += 1;
        self.open.push(closing);
        Ok(())
    }

    /// Steps out if the closing bracket is next.
    #[inline]
    fn leave(&mut self) -> bool {
        let closes = self.peek().is_some_and(|byte| self.open.last() == Some(&byte));
        if closes {
            self.cursor.at += 1;
            self.open.pop();
        }
        closes
    }

    #[inline]
    fn comma(&mut self) -> Result<bool, JsonError> {
        if self.peek() == Some(b',') {
            self.cursor.at += 1;
            Ok(true)
        } else if self.leave() {
            Ok(false)
        } else {
            Err(self.cursor.expected(match self.open.last() {
                Some(b'}') => "`,` or `}`",
                _ => "`,` or `]`",
            }))
        }
    }

    #[inline]
    fn name(&mut self) -> Result<Lexeme, JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.cursor.expected("a member's name in quotes"));
        }
        let name = self.cursor.string()?;
        if self.peek() != Some(b':') {
            return Err(self.cursor.expected("`:` after a member's name"));
        }
        self.cursor.at += 1;
        Ok(name)
    }
}
