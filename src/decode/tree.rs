//! A JSON text as a flat tree: one pass, one entry a value, nothing copied.
//!
//! Decoders look at a few dozen members of objects whose shape they know, and whose other members do not matter. So a
//! member is found by walking its siblings; an entry knows where its subtree ends, and a walk steps over it.

use std::borrow::Cow;

use crate::value::json::{Cursor, JsonError, Kind, Lexeme, Reason, unescape};

/// The room of a tree; it is reused from line to line.
#[derive(Debug, Default)]
pub(super) struct Room {
    entries: Vec<Entry>,
    /// The arrays and objects around the place that is read.
    open: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The member's name; empty for an element and for the text's own value.
    name: Lexeme,
    value: Lexeme,
    /// The first entry behind the subtree.
    end: usize,
    is_array: bool,
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
    let Room { entries, open } = room;
    entries.clear();
    open.clear();
    let mut cursor = Cursor::new(text);
    let mut name = NO_NAME;
    loop {
        // A value begins here.
        let (kind, start) = (cursor.next_solid(), cursor.at);
        match kind {
            Some(b'{' | b'[') => {
                if open.len() >= max_depth {
                    return Err(JsonError { offset: start, reason: Reason::TooDeep(max_depth) });
                }
                cursor.at += 1;
                open.push(entries.len());
                let value = Lexeme { kind: Kind::Composite, start, end: start };
                entries.push(Entry { name, value, end: 0, is_array: kind == Some(b'[') });
                let closing = if kind == Some(b'[') { b']' } else { b'}' };
                if cursor.next_solid() != Some(closing) {
                    name = member_name(&mut cursor, kind == Some(b'['))?;
                    continue;
                }
            }
            _ => {
                let value = cursor.scalar()?;
                entries.push(Entry { name, value, end: entries.len() + 1, is_array: false });
            }
        }
        // A value has ended, or an empty array or object is about to.
        loop {
            let Some(&around) = open.last() else {
                cursor.end()?;
                return Ok(Node { text, entries, at: 0 });
            };
            let is_array = entries[around].is_array;
            match cursor.next_solid() {
                Some(b',') if entries.len() > around + 1 => {
                    cursor.at += 1;
                    name = member_name(&mut cursor, is_array)?;
                    break;
                }
                Some(byte) if byte == if is_array { b']' } else { b'}' } => {
                    cursor.at += 1;
                    entries[around].value.end = cursor.at;
                    entries[around].end = entries.len();
                    open.pop();
                }
                _ => return Err(cursor.expected(if is_array { "`,` or `]`" } else { "`,` or `}`" })),
            }
        }
    }
}

fn member_name(cursor: &mut Cursor<'_>, is_array: bool) -> Result<Lexeme, JsonError> {
    if is_array {
        return Ok(NO_NAME);
    }
    if cursor.next_solid() != Some(b'"') {
        return Err(cursor.expected("a member's name in quotes"));
    }
    let name = cursor.string()?;
    if cursor.next_solid() != Some(b':') {
        return Err(cursor.expected("`:` after a member's name"));
    }
    cursor.at += 1;
    Ok(name)
}

impl<'t> Node<'t> {
    fn entry(&self) -> Entry {
        self.entries[self.at]
    }

    /// The value's own JSON.
    pub(super) fn raw(&self) -> &'t str {
        self.entry().value.of(self.text)
    }

    /// The text that was parsed.
    pub(super) fn source(&self) -> &'t str {
        self.text
    }

    /// Where the names and values of an object's members lie in it.
    pub(super) fn members(&self) -> impl Iterator<Item = (Lexeme, Lexeme)> + use<'t> {
        self.children().map(|child| (child.entry().name, child.entry().value))
    }

    pub(super) fn is_object(&self) -> bool {
        let entry = self.entry();
        entry.value.kind == Kind::Composite && !entry.is_array
    }

    pub(super) fn is_array(&self) -> bool {
        self.entry().is_array
    }

    /// The elements of an array or the members of an object; none of a scalar.
    pub(super) fn children(&self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        let Node { text, entries, at } = *self;
        let end = entries[at].end;
        let mut next = at + 1;
        std::iter::from_fn(move || {
            let at = next;
            next = entries.get(at).filter(|_| at < end)?.end;
            Some(Node { text, entries, at })
        })
    }

    /// The name of a member; empty for an element.
    pub(super) fn name(&self) -> Cow<'t, str> {
        let name = self.entry().name;
        let raw = name.of(self.text);
        if name.is_escaped() { unescape(raw) } else { Cow::Borrowed(raw) }
    }

    /// A member; the last one where the name came twice.
    pub(super) fn get(&self, name: &str) -> Option<Node<'t>> {
        if !self.is_object() {
            return None;
        }
        let is_it = |child: &Node<'t>| {
            let lexeme = child.entry().name;
            if lexeme.is_escaped() { child.name() == name } else { lexeme.of(self.text) == name }
        };
        self.children().filter(is_it).last()
    }

    /// A member at a dotted path. Senders write `{"a":{"b":1}}` and `{"a.b":1}` for the same thing.
    pub(super) fn find(&self, path: &str) -> Option<Node<'t>> {
        if let Some(whole) = self.get(path) {
            return Some(whole);
        }
        path.match_indices('.').find_map(|(dot, _)| self.get(&path[..dot])?.find(&path[dot + 1..]))
    }

    /// A string's value, or a number, `true` or `false` as it is spelt; `None` of null and of arrays and objects.
    pub(super) fn text(&self) -> Option<Cow<'t, str>> {
        let value = self.entry().value;
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
