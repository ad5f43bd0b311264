//! `in`, `has_any`, `has_all`: a value against a list.
//!
//! A list may hold scalars and dynamic arrays; arrays are flattened, nested ones too.

use std::ops::ControlFlow;

use super::compare::{equal, equal_folded};
use super::convert::text;
use super::text::has;
use super::{Dynamic, Value};

/// `subject in (items)`, or `in~` with `fold`. Never null: a null subject is in no list. `!in` is its complement.
///
/// A dynamic subject is compared by its text.
pub fn in_list(subject: &Value<'_>, items: &[Value<'_>], fold: bool) -> bool {
    let unwrapped;
    let subject = match subject {
        Value::Dynamic(dynamic) => {
            unwrapped = Value::String(dynamic.to_text());
            &unwrapped
        }
        other => other,
    };
    let by_text = matches!(subject, Value::String(_));
    each_item(items, &mut |item| {
        let same = if fold {
            equal_folded(subject, item)
        } else if by_text {
            Some(text(subject) == text(item))
        } else {
            equal(subject, item)
        };
        if same == Some(true) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .is_break()
}

/// `subject has_any (items)`. A null in the list matches everything; an empty list matches nothing.
pub fn has_any(subject: &Value<'_>, items: &[Value<'_>]) -> bool {
    let haystack = text(subject);
    each_item(items, &mut |item| match has(&haystack, &text(item), true) {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    })
    .is_break()
}

/// `subject has_all (items)`. A null in the list is skipped; an empty list is true.
pub fn has_all(subject: &Value<'_>, items: &[Value<'_>]) -> bool {
    let haystack = text(subject);
    each_item(items, &mut |item| match has(&haystack, &text(item), true) {
        true => ControlFlow::Continue(()),
        false => ControlFlow::Break(()),
    })
    .is_continue()
}

/// The items of a list, arrays flattened, in their order. The null's text is `""`, which is what makes `has_any` hold and
/// `has_all` pass on.
pub fn flatten<'a>(items: &[Value<'a>]) -> Vec<Value<'a>> {
    let mut flat = Vec::new();
    let _ = each_item(items, &mut |item| {
        flat.push(item.clone());
        ControlFlow::Continue(())
    });
    flat
}

fn each_item<'a>(items: &[Value<'a>], visit: &mut impl FnMut(&Value<'a>) -> ControlFlow<()>) -> ControlFlow<()> {
    for item in items {
        match item {
            Value::Dynamic(Dynamic::Array(elements)) => each_element(elements, visit)?,
            other => visit(other)?,
        }
    }
    ControlFlow::Continue(())
}

fn each_element<'a>(
    elements: &[Dynamic<'a>],
    visit: &mut impl FnMut(&Value<'a>) -> ControlFlow<()>,
) -> ControlFlow<()> {
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
        assert_eq!(flatten(&list).len(), 3);
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
        assert!(has_any(&text, &[Value::string("zeta"), array(&[word("BETA")])]));
        assert!(has_any(&text, &[Value::Long(42)]));
        assert!(has_any(&text, &[array(&[word("zz"), Dynamic::Null])]));
        assert!(!has_any(&text, &[array(&[])]));
        assert!(has_all(&text, &[array(&[word("alpha"), Dynamic::Null]), Value::string("beta")]));
        assert!(!has_all(&text, &[array(&[word("zz"), Dynamic::Null])]));
        assert!(has_all(&text, &[array(&[])]));
    }
}
