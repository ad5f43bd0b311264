//! Whose an object may be, by its members: each sender's objects have one that the sender's decoder asks for first. So a look
//! at their names spares the other senders' decoders, and the search of the line for their markers.

use super::tree::Node;
use super::{Form, SENDERS};
use crate::record::is_same;

/// The members that senders' objects have, by the first byte of their names.
#[derive(Debug)]
pub(super) struct Members {
    by_first: Vec<Vec<Member>>,
}

/// How a member is called, or with `*` how its name begins; of a dotted path, the object that has it.
#[derive(Debug)]
struct Member {
    name: &'static str,
    rest: Rest,
    /// Whose it is, by their places as bits.
    senders: u64,
}

#[derive(Debug)]
enum Rest {
    /// The name has none.
    None,
    /// Any.
    Any,
    /// A path in the object. Or the name is the whole path, or goes on with a part of it.
    Path(&'static str),
}

impl Members {
    pub(super) fn new() -> Members {
        let mut by_first: Vec<Vec<Member>> = std::iter::repeat_with(Vec::new).take(256).collect();
        for (at, sender) in SENDERS.iter().enumerate() {
            let Form::Object { members, .. } = sender.form else { continue };
            for member in members {
                let (name, rest) = match (member.strip_suffix('*'), member.split_once('.')) {
                    (Some(start), _) => (start, Rest::Any),
                    (None, Some((object, path))) => (object, Rest::Path(path)),
                    (None, None) => (*member, Rest::None),
                };
                let first = name.as_bytes().first().copied().unwrap_or_default();
                by_first[usize::from(first)].push(Member { name, rest, senders: 1 << at });
            }
        }
        Members { by_first }
    }

    /// The senders, by their places as bits, whose the object may be.
    pub(super) fn senders(&self, object: Node<'_>) -> u64 {
        let mut senders = 0;
        for child in object.children() {
            // What an escape spells may be anybody's.
            let Some(name) = child.plain_name() else { return u64::MAX };
            let first = name.first().copied().unwrap_or_default();
            for member in &self.by_first[usize::from(first)] {
                // Of the members that tell one sender, one is enough; a path to another need not be walked.
                if member.senders & !senders != 0 && member.is(name, child) {
                    senders |= member.senders;
                }
            }
        }
        senders
    }
}

impl Member {
    fn is(&self, name: &[u8], node: Node<'_>) -> bool {
        let own = self.name.as_bytes();
        match self.rest {
            Rest::None => is_same(name, own),
            Rest::Any => name.starts_with(own),
            Rest::Path(path) if name.len() == own.len() => name == own && node.find(path).is_some(),
            Rest::Path(_) => name.strip_prefix(own).is_some_and(|rest| rest.starts_with(b".")),
        }
    }
}
