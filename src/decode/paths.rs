//! Members by their paths, all of them found in one walk over an object.
//!
//! A decoder asks for dozens of members, and for most of them in vain. Looking for each among its siblings was a third to a
//! half of what a line of Auditbeat's, Falco's or Tetragon's cost (measured in instructions).

use std::borrow::Cow;

use memchr::memchr;

use super::tree::Node;
use crate::record::Names;

/// Members that are looked for together. They and the objects around them have no more than [`ROOM`] places.
#[derive(Debug)]
pub(super) struct Paths {
    all: &'static [&'static str],
    /// For each path, its member's place.
    places: Vec<usize>,
    /// The objects that are looked into; the first is the outermost.
    objects: Vec<Object>,
    /// Whether a dot in a path is a step.
    is_dotted: bool,
}

/// The most places that one set of paths may have.
const ROOM: usize = 96;

/// What is looked for in an object: its names, and for each the member's place, and which object it is if it is looked into.
#[derive(Debug, Default)]
struct Object {
    names: Names,
    members: Vec<(usize, Option<usize>)>,
}

/// Where the members at some paths are in an object.
pub(super) struct Places<'t> {
    root: Node<'t>,
    paths: &'static Paths,
    /// The places of members in the tree; 0, which is the root's own, for none.
    found: [u32; ROOM],
    /// Whether each path can lead to one member only.
    is_plain: bool,
}

/// Names each path once: `Name "path"`, to be asked for as `Names::of(node).text(Names::Name)`.
macro_rules! paths {
    ($(#[$about:meta])* $set:ident, $make:ident: $($name:ident $path:literal)*) => {
        $(#[$about])*
        #[derive(Clone, Copy)]
        enum $set { $($name),* }

        impl $set {
            /// Where they are in that object.
            fn of(node: Node<'_>) -> $crate::decode::paths::Places<'_> {
                use $crate::decode::paths::Paths;
                static PATHS: std::sync::LazyLock<Paths> = std::sync::LazyLock::new(|| Paths::$make(&[$($path),*]));
                PATHS.within(node)
            }
        }

        impl From<$set> for usize {
            fn from(path: $set) -> usize {
                path as usize
            }
        }
    };
}
pub(super) use paths;

impl Paths {
    /// Dotted paths, as [`Node::find`] has them: `{"a":{"b":1}}` and `{"a.b":1}` have a member at `a.b`.
    pub(super) fn dotted(all: &'static [&'static str]) -> Paths {
        Paths::new(all, true)
    }

    /// The names of an object's own members; a dot is a character of a name as any other.
    pub(super) fn names(all: &'static [&'static str]) -> Paths {
        Paths::new(all, false)
    }

    fn new(all: &'static [&'static str], is_dotted: bool) -> Paths {
        let mut paths = Paths { all, places: Vec::new(), objects: vec![Object::default()], is_dotted };
        let mut next = 0;
        for path in all {
            let (mut object, mut rest) = (0, *path);
            while let Some((name, below)) = rest.split_once('.').filter(|_| is_dotted) {
                object = paths.inner(object, name, &mut next);
                rest = below;
            }
            let number = paths.member(object, rest, &mut next);
            paths.places.push(paths.objects[object].members[number].0);
        }
        paths.objects.iter_mut().for_each(|object| object.names.seal());
        debug_assert!(next <= ROOM, "{next} places: {all:?}");
        paths
    }

    /// The number of a name in an object; a new one's member has the next place.
    fn member(&mut self, object: usize, name: &str, next: &mut usize) -> usize {
        let Object { names, members } = &mut self.objects[object];
        let number = names.add(name);
        if number == members.len() {
            members.push((*next, None));
            *next += 1;
        }
        number
    }

    /// The object that a member is.
    fn inner(&mut self, object: usize, name: &str, next: &mut usize) -> usize {
        let number = self.member(object, name, next);
        let new = self.objects.len();
        let inner = *self.objects[object].members[number].1.get_or_insert(new);
        if inner == new {
            self.objects.push(Object::default());
        }
        inner
    }

    /// Looks for all of them.
    pub(super) fn within<'t>(&'static self, root: Node<'t>) -> Places<'t> {
        let mut places = Places { root, paths: self, found: [0; ROOM], is_plain: true };
        places.look_into(root, 0);
        places
    }
}

impl Object {
    /// Whether a path through one of its names may begin as that member's name does.
    fn is_way(&self, child: Node<'_>) -> bool {
        let name = child.name();
        memchr(b'.', name.as_bytes()).is_some_and(|dot| self.names.find(&name[..dot]).is_some())
    }
}

impl<'t> Places<'t> {
    /// No deeper than the paths are.
    fn look_into(&mut self, node: Node<'t>, object: usize) {
        if !node.is_object() {
            return;
        }
        let object = &self.paths.objects[object];
        for child in node.children() {
            let number = match child.plain_name() {
                Some(name) => object.names.find(name),
                None => object.names.find(&*child.name()),
            };
            let Some(number) = number else {
                self.is_plain &= !self.paths.is_dotted || !object.is_way(child);
                continue;
            };
            let (place, inner) = object.members[number];
            self.is_plain &= self.found[place] == 0;
            self.found[place] = child.place();
            if let Some(inner) = inner {
                self.look_into(child, inner);
            }
        }
    }

    /// The member at a path; the last one where the name came twice.
    #[inline]
    pub(super) fn get(&self, path: impl Into<usize>) -> Option<Node<'t>> {
        let path = path.into();
        if !self.is_plain {
            return self.at_odd(path);
        }
        let place = self.found[self.paths.places[path]];
        Some(place).filter(|place| *place != 0).map(|place| self.root.at(place))
    }

    /// Where names came twice or have dots, which member a path means depends on all of them.
    #[cold]
    fn at_odd(&self, path: usize) -> Option<Node<'t>> {
        let whole = self.paths.all[path];
        if self.paths.is_dotted { self.root.find(whole) } else { self.root.get(whole) }
    }

    /// The text at a path.
    #[inline]
    pub(super) fn text(&self, path: impl Into<usize>) -> Option<Cow<'t, str>> {
        self.get(path)?.text()
    }

    /// The first text that there is at some paths.
    pub(super) fn first(&self, paths: impl IntoIterator<Item: Into<usize>>) -> Option<Cow<'t, str>> {
        paths.into_iter().find_map(|path| self.text(path))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::super::tree::{Room, parse};
    use super::*;

    paths! {
        /// Some that lie within each other.
        Dotted, dotted: A "a" B "b" Ab "a.b" Ac "a.c" Abc "a.b.c" Ca "c.a" Cab "c.a.b"
    }

    paths! {
        /// The same names of members.
        Plain, names: A "a" B "b" Ab "a.b" Ac "a.c" Abc "a.b.c" Ca "c.a" Cab "c.a.b"
    }

    const DOTTED: [Dotted; 7] = [Dotted::A, Dotted::B, Dotted::Ab, Dotted::Ac, Dotted::Abc, Dotted::Ca, Dotted::Cab];
    const PLAIN: [Plain; 7] = [Plain::A, Plain::B, Plain::Ab, Plain::Ac, Plain::Abc, Plain::Ca, Plain::Cab];
    const PATHS: [&str; 7] = ["a", "b", "a.b", "a.c", "a.b.c", "c.a", "c.a.b"];

    /// Objects with few names, which come twice, have dots, or are spelt with an escape.
    fn object() -> impl Strategy<Value = String> {
        let name = prop::sample::select(vec!["a", "b", "c", "d", "a.b", "b.c", "a.b.c", "c.a", "\\u0061", "d.a", ""]);
        let leaf =
            prop_oneof!["[1-9][0-9]{0,2}", Just("null".to_owned()), "\"[a-z]{0,3}\"", Just("[{\"a\":1}]".to_owned())];
        let value = leaf.prop_recursive(4, 24, 4, move |value| {
            let members = prop::collection::vec((name.clone(), value), 0..4);
            members.prop_map(|members| {
                let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            })
        });
        value.prop_filter("an object", |value| value.starts_with('{'))
    }

    proptest! {
        #[test]
        fn one_walk_finds_what_a_search_for_each_finds(text in object()) {
            let mut room = Room::default();
            let tree = parse(&text, 16, &mut room).unwrap();
            let raw = |node: Option<Node<'_>>| node.map(|node| (node.raw().as_ptr(), node.raw().to_owned()));
            let (dotted, plain) = (Dotted::of(tree), Plain::of(tree));
            for (at, path) in PATHS.into_iter().enumerate() {
                prop_assert_eq!(raw(dotted.get(DOTTED[at])), raw(tree.find(path)), "{}", path);
                prop_assert_eq!(raw(plain.get(PLAIN[at])), raw(tree.get(path)), "{}", path);
            }
        }
    }
}
