//! `parse_command_line`: a command line's arguments, by the rules of Windows.

use super::arguments::text_at;
use super::limits;
use super::{Context, Function, Param};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

pub(super) const FUNCTIONS: &[Function] = &[Function::of(
    "parse_command_line",
    "parse_command_line(command_line, \"windows\")",
    "An array of a command line's arguments as Windows's CommandLineToArgvW finds them; null where there are none.",
)
.takes(2, 2, &[Param::Text])
.calls(ScalarType::Dynamic, parse_command_line)];

fn parse_command_line<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let line = text_at(arguments, 0);
    if line.trim().is_empty() || !text_at(arguments, 1).eq_ignore_ascii_case("windows") {
        return Value::Null;
    }
    limits::array(split(&line).into_iter().map(|argument| Dynamic::String(argument.into())))
}

/// The rules, from Microsoft's page on the function. The program's name ends at a quote if it begins with one, else at a
/// space. After it, backslashes are literal but before a quote, where two of them are one and a single one makes the quote
/// literal; within quotes, two quotes are a literal one.
fn split(line: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    let (program, mut rest) = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
        None => line.split_at(line.find([' ', '\t']).unwrap_or(line.len())),
    };
    arguments.push(program.to_owned());
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        if rest.is_empty() {
            return arguments;
        }
        let (argument, tail) = one(rest);
        arguments.push(argument);
        rest = tail;
    }
}

/// The first argument and what follows it.
fn one(line: &str) -> (String, &str) {
    let mut argument = String::new();
    let mut quoted = false;
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        match c {
            ' ' | '\t' if !quoted => break,
            '\\' => {
                let tail = rest.trim_start_matches('\\');
                let slashes = rest.len() - tail.len();
                let before_quote = tail.starts_with('"');
                argument.push_str(&rest[..if before_quote { slashes / 2 } else { slashes }]);
                rest = tail;
                if before_quote && slashes % 2 == 1 {
                    argument.push('"');
                    rest = &rest[1..];
                }
            }
            '"' if quoted && rest[1..].starts_with('"') => {
                argument.push('"');
                rest = &rest[2..];
            }
            '"' => {
                quoted = !quoted;
                rest = &rest[1..];
            }
            c => {
                argument.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    (argument, rest)
}

#[cfg(test)]
mod tests {
    use super::super::tests::json_of;
    use super::*;

    #[test]
    fn arguments_as_windows_finds_them() {
        for (line, expected) in [
            (r#"echo "hello world!""#, &["echo", "hello world!"][..]),
            (r#""C:\Program Files\x.exe" -a  b"#, &[r"C:\Program Files\x.exe", "-a", "b"]),
            (r#"x "abc" d e"#, &["x", "abc", "d", "e"]),
            (r#"x a\\b d"e f"g h"#, &["x", r"a\\b", "de fg", "h"]),
            (r#"x a\\\"b c d"#, &["x", r#"a\"b"#, "c", "d"]),
            (r#"x a\\\\"b c" d e"#, &["x", r"a\\b c", "d", "e"]),
            (r#"x "a""b" """#, &["x", r#"a"b"#, ""]),
            ("x \"é open", &["x", "é open"]),
        ] {
            assert_eq!(split(line), expected, "{line}");
        }
    }

    #[test]
    fn only_windows_is_known() {
        let of = |line, kind| json_of("parse_command_line", &[Value::string(line), Value::string(kind)]);
        assert_eq!(of("a b", "windows"), r#"["a","b"]"#);
        assert_eq!(of("a b", "bash"), "null");
        assert_eq!(of(" ", "windows"), "null");
    }
}
