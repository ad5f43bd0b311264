//! `in`, `has_any`, `has_all`: a value against a list.
//!
//! A list may hold scalars and dynamic arrays; arrays are flattened, nested ones too.

use std::ops::ControlFlow;

use super::compare::{equal, equal_folded};
use super::convert::text;
use super::text::Haystack;
use super::{Dynamic, Value};

/// The first item that makes `subject in (items)` hold, or `in~` with `fold`. A null subject is in no list. `!in` is the
/// complement.
///
/// A dynamic subject is compared by its text.
pub fn item_of<'a>(subject: &Value<'_>, items: &[Value<'a>], fold: bool) -> Option<Value<'a>> {
    let unwrapped;
    let subject = match subject {
        Value::Dynamic(dynamic) => {
            unwrapped = Value::String(dynamic.to_text());
            &unwrapped
        }
        other => other,
    };
    let by_text = matches!(subject, Value::String(_));
    let walk = each_item(items, &mut |item| {
        let same = if fold {
            equal_folded(subject, item)
        } else if by_text {
            Some(text(subject) == text(item))
        } else {
            equal(subject, item)
        };
        if same == Some(true) { ControlFlow::Break(item.clone()) } else { ControlFlow::Continue(()) }
    });
    match walk {
        ControlFlow::Break(item) => Some(item),
        ControlFlow::Continue(()) => None,
    }
}

/// `subject has_any (items)`, or `has_all` with `all`. A null's text is `""`, which every text has: in a list it makes
/// `has_any` hold, and `has_all` passes it over. An empty list is false of `has_any` and true of `has_all`.
pub fn has_list(subject: &Value<'_>, items: &[Value<'_>], all: bool) -> bool {
    let subject = text(subject);
    let haystack = Haystack::new(&subject);
    let walk = each_item(items, &mut |item| {
        // What settles it: one that is not there for `has_all`, one that is for `has_any`.
        if haystack.has(&text(item), true) != all { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    walk.is_break() != all
}

/// Calls `visit` with each item until it breaks: an array stands for its elements, nested ones too, everything else for
/// itself.
pub fn each_item<'a, B>(items: &[Value<'a>], visit: &mut impl FnMut(&Value<'a>) -> ControlFlow<B>) -> ControlFlow<B> {
    for item in items {
        match item {
            Value::Dynamic(Dynamic::Array(elements)) => each_element(elements, visit)?,
            other => visit(other)?,
        }
    }
    ControlFlow::Continue(())
}

fn each_element<'a, B>(
    elements: &[Dynamic<'a>],
    visit: &mut impl FnMut(&Value<'a>) -> ControlFlow<B>,
) -> ControlFlow<B> {
    for element in elements {
        match element {
            Dynamic::Array(nested) => each_element(nested, visit)?,
            other => visit(&Value::dynamic(other.clone()))?,
        }
    }
    ControlFlow::Continue(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(elements: &[Dynamic<'static>]) -> Value<'static> {
        Value::Dynamic(Dynamic::Array(elements.iter().cloned().collect()))
    }

    fn in_list(subject: &Value<'_>, items: &[Value<'_>], fold: bool) -> bool {
        item_of(subject, items, fold).is_some()
    }

    fn word(text: &'static str) -> Dynamic<'static> {
        Dynamic::String(text.into())
    }

    #[test]
    fn nested_arrays_are_flat() {
        let Value::Dynamic(nested) = array(&[Dynamic::Long(2), Dynamic::Long(3)]) else {
            return;
        };
        let list = [array(&[Dynamic::Long(1), nested])];
        assert!(in_list(&Value::Long(2), &list, false));
        assert!(in_list(&Value::string("3"), &list, false));
        assert!(!in_list(&Value::Long(4), &list, false));
        assert_eq!(item_of(&Value::string("2"), &list, false), Some(Value::Dynamic(Dynamic::Long(2))));
    }

    #[test]
    fn in_goes_by_case_and_null() {
        let list = [Value::string("abc"), Value::Long(5)];
        assert!(in_list(&Value::string("abc"), &list, false));
        assert!(!in_list(&Value::string("ABC"), &list, false));
        assert!(in_list(&Value::string("ABC"), &list, true));
        assert!(in_list(&Value::Dynamic(word("abc")), &list, false));
        assert!(in_list(&Value::Int(5), &list, false));
        assert!(!in_list(&Value::Null, &list, false));
        assert!(!in_list(&Value::Null, &[], true));
    }

    #[test]
    fn has_any_and_has_all() {
        let text = Value::string("alpha beta 42");
        assert!(has_list(&text, &[Value::string("zeta"), array(&[word("BETA")])], false));
        assert!(has_list(&text, &[Value::Long(42)], false));
        assert!(has_list(&text, &[array(&[word("zz"), Dynamic::Null])], false));
        assert!(!has_list(&text, &[array(&[])], false));
        assert!(has_list(&text, &[array(&[word("alpha"), Dynamic::Null]), Value::string("beta")], true));
        assert!(!has_list(&text, &[array(&[word("zz"), Dynamic::Null])], true));
        assert!(has_list(&text, &[array(&[])], true));
    }
}
