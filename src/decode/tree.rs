//! A JSON text as a flat tree: one pass, one entry a value, nothing copied.
//!
//! Decoders look at a few dozen members of objects whose shape they know, and whose other members do not matter. So a
//! member is found by walking its siblings; an entry knows where its subtree ends, and a walk steps over it.

use std::borrow::Cow;

use crate::record::is_same;
use crate::value::json::{Cursor, JsonError, Kind, Lexeme, Reason, unescape};

/// The room of a tree; it is reused from line to line.
#[derive(Debug, Default)]
pub(super) struct Room {
    entries: Vec<Entry>,
}

impl Room {
    /// Room for a text within another, in one piece. It is under a kilobyte: allocators have that at hand.
    pub(super) fn of_few() -> Room {
        Room { entries: Vec::with_capacity(40) }
    }
}

/// Places are of 32 bits, and so an entry is 24 bytes and not 64.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The member's name; empty for an element and for the text's own value.
    name: Span,
    value: Span,
    /// The first entry behind the subtree; before it has ended, the array or object around it.
    end: u32,
    kind: Kind,
    is_array: bool,
    has_escaped_name: bool,
}

/// A part of the text.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    #[inline(always)]
    fn of(lexeme: Lexeme) -> Span {
        Span { start: lexeme.start as u32, end: lexeme.end as u32 }
    }

    /// Without a look at where characters begin: names are held against others as bytes.
    #[inline]
    fn bytes(self, text: &str) -> &[u8] {
        text.as_bytes().get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    #[inline]
    fn lexeme(self, kind: Kind) -> Lexeme {
        Lexeme { kind, start: self.start as usize, end: self.end as usize }
    }
}

/// A value in a tree.
#[derive(Clone, Copy)]
pub(super) struct Node<'t> {
    text: &'t str,
    entries: &'t [Entry],
    at: usize,
}

const NO_NAME: Lexeme = Lexeme { kind: Kind::String, start: 0, end: 0 };

/// Parses one JSON value that is an object or an array.
pub(super) fn parse<'t>(text: &'t str, max_depth: usize, room: &'t mut Room) -> Result<Node<'t>, JsonError> {
    let entries = &mut room.entries;
    entries.clear();
    let mut cursor = Cursor::new(text);
    if u32::try_from(text.len()).is_err() {
        return Err(cursor.expected("a text of less than 4 GiB"));
    }
    let mut name = NO_NAME;
    // The array or object that is read, how many there are around it with itself, and whether it is an array.
    let (mut around, mut depth, mut in_array) = (0, 0, false);
    loop {
        // A value begins here.
        match cursor.next_solid() {
            Some(b'"') => {
                let value = cursor.string()?;
                entries.push(Entry::of(name, value, entries.len()));
            }
            Some(opening @ (b'{' | b'[')) => {
                let start = cursor.at;
                if depth >= max_depth {
                    return Err(JsonError { offset: start, reason: Reason::TooDeep(max_depth) });
                }
                let (at, is_array) = (entries.len(), opening == b'[');
                cursor.at += 1;
                let value = Lexeme { kind: Kind::Composite, start, end: start };
                entries.push(Entry { is_array, ..Entry::of(name, value, at) });
                if cursor.is_next(closing(is_array)) {
                    cursor.at += 1;
                    entries[at].value.end = cursor.at as u32;
                } else {
                    entries[at].end = around;
                    (around, depth, in_array) = (at as u32, depth + 1, is_array);
                    name = member_name(&mut cursor, in_array)?;
                    continue;
                }
            }
            _ => {
                let value = cursor.scalar()?;
                entries.push(Entry::of(name, value, entries.len()));
            }
        }
        // A value has ended.
        loop {
            if depth == 0 {
                cursor.end()?;
                return Ok(Node { text, entries, at: 0 });
            }
            if cursor.is_next(b',') {
                cursor.at += 1;
                name = member_name(&mut cursor, in_array)?;
                break;
            }
            if cursor.peek() != Some(closing(in_array)) {
                return Err(cursor.expected(if in_array { "`,` or `]`" } else { "`,` or `}`" }));
            }
            cursor.at += 1;
            let end = entries.len() as u32;
            let ended = &mut entries[around as usize];
            ended.value.end = cursor.at as u32;
            around = std::mem::replace(&mut ended.end, end);
            depth -= 1;
            in_array = entries[around as usize].is_array;
        }
    }
}

fn closing(is_array: bool) -> u8 {
    if is_array { b']' } else { b'}' }
}

#[inline(always)]
fn member_name(cursor: &mut Cursor<'_>, is_array: bool) -> Result<Lexeme, JsonError> {
    if is_array {
        return Ok(NO_NAME);
    }
    if !cursor.is_next(b'"') {
        return Err(cursor.expected("a member's name in quotes"));
    }
    let name = cursor.string()?;
    if !cursor.is_next(b':') {
        return Err(cursor.expected("`:` after a member's name"));
    }
    cursor.at += 1;
    Ok(name)
}

impl Entry {
    #[inline(always)]
    fn of(name: Lexeme, value: Lexeme, at: usize) -> Entry {
        let has_escaped_name = name.is_escaped();
        Entry {
            name: Span::of(name),
            value: Span::of(value),
            end: at as u32 + 1,
            kind: value.kind,
            is_array: false,
            has_escaped_name,
        }
    }

    #[inline]
    fn name(self) -> Lexeme {
        self.name.lexeme(if self.has_escaped_name { Kind::EscapedString } else { Kind::String })
    }

    #[inline]
    fn value(self) -> Lexeme {
        self.value.lexeme(self.kind)
    }

    #[inline]
    fn is_named(&self, name: &str, text: &str) -> bool {
        let Span { start, end } = self.name;
        if self.has_escaped_name {
            return unescape(self.name().of(text)) == name;
        }
        (end - start) as usize == name.len() && is_same(self.name.bytes(text), name.as_bytes())
    }
}

impl<'t> Node<'t> {
    #[inline]
    fn entry(&self) -> Entry {
        self.entries[self.at]
    }

    /// The value's own JSON.
    pub(super) fn raw(&self) -> &'t str {
        self.entry().value().of(self.text)
    }

    /// The text that was parsed.
    pub(super) fn source(&self) -> &'t str {
        self.text
    }

    /// Where the names and values of an object's members lie in it.
    pub(super) fn members(&self) -> impl Iterator<Item = (Lexeme, Lexeme)> + use<'t> {
        self.children().map(|child| (child.entry().name(), child.entry().value()))
    }

    pub(super) fn is_object(&self) -> bool {
        let entry = self.entry();
        entry.kind == Kind::Composite && !entry.is_array
    }

    pub(super) fn is_array(&self) -> bool {
        self.entry().is_array
    }

    /// The elements of an array or the members of an object; none of a scalar.
    #[inline]
    pub(super) fn children(&self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        let Node { text, entries, at } = *self;
        let end = entries[at].end as usize;
        let mut next = at + 1;
        std::iter::from_fn(move || {
            let at = next;
            next = entries.get(at).filter(|_| at < end)?.end as usize;
            Some(Node { text, entries, at })
        })
    }

    /// The name of a member; empty for an element.
    #[inline]
    pub(super) fn name(&self) -> Cow<'t, str> {
        let name = self.entry().name();
        let raw = name.of(self.text);
        if name.is_escaped() { unescape(raw) } else { Cow::Borrowed(raw) }
    }

    /// The same as it stands there; none if it has an escape.
    #[inline]
    pub(super) fn plain_name(&self) -> Option<&'t [u8]> {
        let entry = self.entry();
        (!entry.has_escaped_name).then(|| entry.name.bytes(self.text))
    }

    /// Its number in the tree; the root's is 0.
    #[inline]
    pub(super) fn place(&self) -> u32 {
        self.at as u32
    }

    /// The value of that number in the same tree.
    #[inline]
    pub(super) fn at(&self, place: u32) -> Node<'t> {
        Node { at: place as usize, ..*self }
    }

    /// A member; the last one where the name came twice.
    pub(super) fn get(&self, name: &str) -> Option<Node<'t>> {
        if !self.is_object() {
            return None;
        }
        self.last(|entry| entry.is_named(name, self.text))
    }

    /// The last child of which that is true.
    #[inline]
    fn last(&self, is_it: impl Fn(&Entry) -> bool) -> Option<Node<'t>> {
        let (mut next, end) = (self.at + 1, self.entries[self.at].end as usize);
        let mut found = None;
        while next < end {
            let entry = self.entries.get(next)?;
            if is_it(entry) {
                found = Some(next);
            }
            next = entry.end as usize;
        }
        found.map(|at| Node { at, ..*self })
    }

    /// A member at a dotted path. Senders write `{"a":{"b":1}}` and `{"a.b":1}` for the same thing.
    pub(super) fn find(&self, path: &str) -> Option<Node<'t>> {
        if let Some(whole) = self.get(path) {
            return Some(whole);
        }
        let mut dots = path.bytes().enumerate().filter(|(_, byte)| *byte == b'.');
        dots.find_map(|(dot, _)| self.get(&path[..dot])?.find(&path[dot + 1..]))
    }

    /// A string's value, or a number, `true` or `false` as it is spelt; `None` of null and of arrays and objects.
    #[inline]
    pub(super) fn text(&self) -> Option<Cow<'t, str>> {
        let value = self.entry().value();
        match value.kind {
            Kind::String | Kind::Number | Kind::True | Kind::False => Some(Cow::Borrowed(value.of(self.text))),
            Kind::EscapedString => Some(unescape(value.of(self.text))),
            Kind::Null | Kind::Composite => None,
        }
    }

    /// The text at a dotted path.
    pub(super) fn text_at(&self, path: &str) -> Option<Cow<'t, str>> {
        self.find(path)?.text()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn members_are_found_nested_or_dotted_and_the_last_counts() {
        let mut room = Room::default();
        let text = r#" {"a":{"b":{"c":1},"x":[]},"a.b":{"d":"\u0041"},"n":null,"e":{},"a":{"b.c":"two","l":[1,[2],{"k":true}]}} "#;
        let tree = parse(text, 10, &mut room).unwrap();
        assert_eq!(tree.text_at("a.b.c").as_deref(), Some("two"));
        assert_eq!(tree.text_at("a.b.d").as_deref(), Some("A"));
        assert_eq!(tree.text_at("n"), None);
        assert_eq!(tree.find("e").unwrap().children().count(), 0);
        let list = tree.find("a.l").unwrap();
        assert_eq!(list.raw(), r#"[1,[2],{"k":true}]"#);
        assert_eq!(list.children().last().unwrap().text_at("k").as_deref(), Some("true"));
    }

    #[test]
    fn what_is_no_json_is_an_error_and_depth_is_bounded() {
        let mut room = Room::default();
        for text in
            ["", "{", r#"{"a"}"#, r#"{"a":}"#, r#"{"a":1,}"#, "[1,]", "[,1]", "[1 2]", "{} x", r#"{1:2}"#, "[1}", "{]"]
        {
            assert!(parse(text, 10, &mut room).is_err(), "{text}");
        }
        let deep = "[".repeat(11) + &"]".repeat(11);
        assert!(parse(&deep, 10, &mut room).is_err());
        assert!(parse(&deep, 11, &mut room).is_ok());
    }
}
