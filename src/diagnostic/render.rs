//! Diagnostics as text: the source line, a caret, what to do.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::{Diagnostic, Severity};

/// Draws each diagnostic below the line it is about. Spans are byte offsets into `source`, the whole text of `path`;
/// those beyond its end point at its end. `color` adds terminal colours.
pub fn render(path: &str, source: &str, diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut drawn = String::new();
    for diagnostic in diagnostics {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        // Only the line itself goes to the renderer: a rule file may be long, and its diagnostics many.
        let start = floor(source, diagnostic.span.start);
        let (line_start, line_end) = line_bounds(source, start);
        let line = source.get(line_start..line_end).unwrap_or("");
        let end = floor(source, diagnostic.span.end).clamp(start, line_end.max(start));
        let (number, _) = line_column(source, start);
        let caret = AnnotationKind::Primary.span(start - line_start..end - line_start);
        let mut group = level
            .primary_title(diagnostic.message.as_str())
            .id(diagnostic.code)
            .element(Snippet::source(line).line_start(number).path(path).annotation(caret));
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        drawn.push_str(&renderer.render(&[group]));
        drawn.push_str("\n\n");
    }
    drawn
}

/// The line and column, both from 1, of a byte offset; the column counts characters.
pub fn line_column(source: &str, offset: usize) -> (usize, usize) {
    let offset = floor(source, offset);
    let before = source.get(..offset).unwrap_or("");
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1;
    (line, before.get(line_start..).unwrap_or("").chars().count() + 1)
}

/// The nearest character boundary at or before `offset`.
fn floor(source: &str, offset: usize) -> usize {
    let mut offset = offset.min(source.len());
    while !source.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// Where the line around `offset` begins and ends, its line break not included.
fn line_bounds(source: &str, offset: usize) -> (usize, usize) {
    let start = source.get(..offset).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let rest = source.get(offset..).unwrap_or("");
    let end = rest.find(['\n', '\r']).map_or(source.len(), |at| offset + at);
    (start, end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Span;

    #[test]
    fn title_place_caret_and_help() {
        let source = "// é\nDeviceEvents\n| where Nme == 1\n";
        let start = source.find("Nme").unwrap_or(0);
        let diagnostic = Diagnostic::error("KS142", Span::new(start, start + 3), "The name `Nme` is not known.")
            .help("Did you mean `Name`?");
        let drawn = render("rule.kql", source, &[diagnostic], false);
        let lines: Vec<&str> = drawn.lines().map(str::trim_end).collect();
        assert_eq!(lines[0], "error[KS142]: The name `Nme` is not known.");
        assert!(lines[1].ends_with("--> rule.kql:3:9"), "{drawn}");
        assert!(drawn.contains("3 | | where Nme == 1"), "{drawn}");
        assert!(drawn.contains("^^^"), "{drawn}");
        assert!(drawn.contains("help: Did you mean `Name`?"), "{drawn}");
    }

    #[test]
    fn any_span_is_drawn() {
        for source in ["", "é", "a\nb\r\n", "\n\n"] {
            for start in 0..6 {
                for end in 0..6 {
                    let diagnostic = Diagnostic::warning("KT001", Span::new(start, end), "x");
                    assert!(render("p", source, &[diagnostic], true).contains("KT001"));
                }
            }
        }
        assert_eq!(line_column("é\nab", 4), (2, 2));
        assert_eq!(line_column("éa", 2), (1, 2));
        assert_eq!(line_column("", 9), (1, 1));
    }
}
