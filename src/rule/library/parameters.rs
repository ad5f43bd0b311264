//! A function's parameters: from a list in YAML to the text of KQL, and from that to the tree.

use super::document::Parameter;
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::{Limits, ast, parse};

/// The parameters in a text such as `starttime:datetime=datetime(null), pack:bool=false`.
pub(super) fn parsed(text: &str, limits: &Limits) -> Result<Vec<ast::Parameter>, Diagnostic> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let parsed = parse(&format!("let f = ({text}) {{ 0 }};"), limits);
    let refused = |message: &str| {
        let message = format!("the function's parameters cannot be read: {message}: {text}");
        Diagnostic::error("KS002", Span::default(), message)
    };
    if let Some(error) = parsed.diagnostics.iter().find(|d| d.is_error()) {
        return Err(refused(&error.message));
    }
    match parsed.query.statements.into_iter().next() {
        Some(ast::Statement::Let { value: ast::Expr { kind: ast::ExprKind::Function(function), .. }, .. }) => {
            Ok(function.parameters)
        }
        _ => Err(refused("this is no list of parameters")),
    }
}

/// A list of parameters, in the words of KQL. Sentinel's YAML says `Type: table:(*)` for a table, and gives the default of
/// a string without the quotes of KQL.
pub(super) fn written(list: &[Parameter]) -> String {
    let one = |parameter: &Parameter| match parameter {
        Parameter::Text(text) => text.clone(),
        Parameter::Named { name, ty, default } => {
            let (ty, name) = (ty.trim(), name.trim());
            // ASIM's own functions have the columns behind the name: `Name: T:(TimeGenerated:datetime)`.
            if ty.eq_ignore_ascii_case("table") && name.contains(':') {
                return name.to_owned();
            }
            let columns = ty.get(..5).filter(|word| word.eq_ignore_ascii_case("table")).and_then(|_| ty.get(5..));
            let ty = match columns.map(|rest| rest.trim_start_matches(':').trim()) {
                Some("") => "(*)",
                Some(columns) => columns,
                None => ty,
            };
            match default {
                Some(value) => format!("{name}:{ty}={}", literal(ty, value)),
                None => format!("{name}:{ty}"),
            }
        }
    };
    list.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// A default value as KQL writes it.
fn literal(ty: &str, value: &str) -> String {
    let value = value.trim();
    let quoted = value.starts_with(['\'', '"', '@', '`']);
    let call = value.ends_with(')') && value.starts_with(|c: char| c.is_ascii_alphabetic());
    match ty {
        // What JSON escapes in a string, KQL writes in the same way.
        "string" if !quoted && !call => serde_json::Value::from(value).to_string(),
        "datetime" | "date" | "timespan" | "time" if value.is_empty() => format!("{ty}(null)"),
        "datetime" | "date" if value.starts_with(|c: char| c.is_ascii_digit()) => format!("datetime({value})"),
        "guid" if !call => format!("guid({value})"),
        "dynamic" if !call => format!("dynamic({})", if value.is_empty() { "null" } else { value }),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(ty: &str, default: Option<&str>) -> String {
        written(&[Parameter::Named { name: "p".to_owned(), ty: ty.to_owned(), default: default.map(str::to_owned) }])
    }

    #[test]
    fn yaml_becomes_kql() {
        assert_eq!(named("datetime", Some("datetime(null)")), "p:datetime=datetime(null)");
        assert_eq!(named("string", Some("*")), "p:string=\"*\"");
        assert_eq!(named("string", Some("a\"b\\")), r#"p:string="a\"b\\""#);
        assert_eq!(named("string", Some("'*'")), "p:string='*'");
        assert_eq!(named("string", Some("")), "p:string=\"\"");
        assert_eq!(named("bool", Some("false")), "p:bool=false");
        assert_eq!(named("dynamic", Some("dynamic([])")), "p:dynamic=dynamic([])");
        assert_eq!(named("dynamic", Some("[]")), "p:dynamic=dynamic([])");
        assert_eq!(named("datetime", Some("2026-01-01")), "p:datetime=datetime(2026-01-01)");
        assert_eq!(named("table:(*)", None), "p:(*)");
        assert_eq!(named("Table", None), "p:(*)");
        assert_eq!(named("table:(TimeGenerated:datetime)", None), "p:(TimeGenerated:datetime)");
        assert_eq!(named("long", None), "p:long");
        let columns = Parameter::Named { name: "T:(a:long)".to_owned(), ty: "table".to_owned(), default: None };
        assert_eq!(written(&[columns]), "T:(a:long)");
    }
}
