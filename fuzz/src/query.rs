//! A text as a query and as an expression: lexer, parser and binder answer it, and what they say lies within it.

use std::sync::LazyLock;

use kqltap::compile::{BindOptions, bind_rule, bind_scalar};
use kqltap::diagnostic::{Diagnostic, render};
use kqltap::kql::{Limits, parse_expression};
use kqltap::rule::parse_kql;
use kqltap::schema::Catalog;

pub(super) static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::builtin);

pub fn query(text: &str) {
    let (expr, mut said) = parse_expression(text, &Limits::default());
    if let Some(expr) = expr
        && !said.iter().any(Diagnostic::is_error)
    {
        said.extend(bind_scalar(&expr, &CATALOG).1);
    }
    check(text, &said);
    for batch in [false, true] {
        let Ok(rules) = parse_kql("fuzz.kql", text) else { return };
        for rule in rules {
            let text = rule.query.clone();
            let options = BindOptions { batch, ..BindOptions::default() };
            let (bound, said) = bind_rule(rule, &CATALOG, &Limits::default(), options);
            check(&text, &said);
            assert_eq!(bound.is_none(), said.iter().any(Diagnostic::is_error), "{text}\n{said:?}");
        }
    }
}

fn check(text: &str, said: &[Diagnostic]) {
    for diagnostic in said {
        let (start, end) = (diagnostic.span.start, diagnostic.span.end);
        assert!(text.get(start..end).is_some(), "{diagnostic:?} does not lie in {text:?}");
    }
    assert!(said.is_empty() || !render("fuzz.kql", text, said, false).is_empty());
}
