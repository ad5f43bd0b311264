//! Functions of regular expressions. A pattern must be a constant, so that it is compiled once.

use regex::{Captures, Regex};

use super::arguments::{argument, array_at, constant_text, cut, long_at, long_text, text_at};
use super::callee::{Prepared, prepared};
use super::limits::{self, MAX_ELEMENTS, Text};
use super::{Function, Param, Refusal, Returns};
use crate::schema::ScalarType;
use crate::value::regex::compile;
use crate::value::{Dynamic, Value, convert};

const LONG: Param = Param::Is(ScalarType::Long);
const STRING: Returns = Returns::Type(ScalarType::String);
const DYNAMIC: Returns = Returns::Type(ScalarType::Dynamic);
const TEXT: Param = Param::Text;

const EXTRACT_ALL_FUNCTION: Function = Function::of("extract_all", "extract_all(regex, [groups], text)", EXTRACT_ALL)
    .takes(2, 3, &[TEXT])
    .prepares(DYNAMIC, extract_all);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of("extract", "extract(regex, group, text, [typeof(type)])", EXTRACT)
        .takes(3, 4, &[TEXT, LONG, TEXT, Param::Type])
        .prepares(Returns::Named(3), extract),
    EXTRACT_ALL_FUNCTION,
    EXTRACT_ALL_FUNCTION.alias("extractall", "extractall(regex, [groups], text)"),
    Function::of("replace_regex", "replace_regex(text, regex, rewrite)", REPLACE)
        .takes(3, 3, &[TEXT])
        .prepares(STRING, |constants| replace(constants, [0, 1, 2])),
    Function::of("replace", "replace(regex, rewrite, text)", "The older form of replace_regex().")
        .takes(3, 3, &[TEXT])
        .prepares(STRING, |constants| replace(constants, [2, 0, 1])),
    trims("trim", "trim(regex, text)", "The text without one match at its start and one at its end.", trim),
    trims("trim_start", "trim_start(regex, text)", "The text without one match at its start.", |c| {
        trim_ends(c, true, false)
    }),
    trims("trim_end", "trim_end(regex, text)", "The text without one match at its end.", |c| trim_ends(c, false, true)),
    Function::of("regex_quote", "regex_quote(text)", "A regular expression that matches this text and no other.")
        .takes(1, 1, &[Param::Any])
        .calls(ScalarType::String, |_, a| {
            let mut quoted = Text::default();
            quoted.push(&regex::escape(&text_at(a, 0)));
            quoted.value()
        }),
];

const EXTRACT: &str = "What a capture group (0: the whole) of the first match holds, as a type if one is named; \"\" where \
                       nothing matches, null for a type that is no string.";
const EXTRACT_ALL: &str = "An element for each match: the text of its one group, or an array of those of 2 to 16 groups; an \
                           array of group numbers or names before the text chooses among them. Null if nothing matches.";
const REPLACE: &str =
    "The text with each match replaced; in the rewrite \\0 stands for the match and \\1 to \\9 for a group.";

const fn trims(name: &'static str, signature: &'static str, doc: &'static str, prepare: super::Prepare) -> Function {
    Function::of(name, signature, doc).takes(2, 2, &[TEXT]).prepares(STRING, prepare)
}

/// The regular expression that an argument must be.
pub(super) fn constant_regex(constants: &[Option<&Value<'static>>], at: usize) -> Result<Regex, Refusal> {
    let pattern = constant_text(constants, at, "The regular expression")?;
    compile(&pattern).map_err(|message| ("SEM0420", message))
}

fn extract(constants: &[Option<&Value<'static>>]) -> Result<Prepared, Refusal> {
    let regex = constant_regex(constants, 0)?;
    // The binder gives the name of the type that `typeof` names.
    let ty = match constants.get(3) {
        None => ScalarType::String,
        Some(_) => {
            let name = constant_text(constants, 3, "The type")?;
            ScalarType::from_name(&name).ok_or_else(|| ("KS108", format!("'{name}' is no type.")))?
        }
    };
    prepared(move |_, arguments| {
        let text = long_text(argument(arguments, 2));
        let found = long_at(arguments, 1).and_then(|group| usize::try_from(group).ok()).and_then(|group| match group {
            0 => regex.find(&text).map(|m| m.range()),
            _ => regex.captures(&text)?.get(group).map(|m| m.range()),
        });
        match found {
            Some(range) => convert::to_type(&Value::String(cut(&text, range.start, range.end)), ty),
            None if ty == ScalarType::String => Value::string(""),
            None => Value::Null,
        }
    })
}

fn extract_all(constants: &[Option<&Value<'static>>]) -> Result<Prepared, Refusal> {
    let regex = constant_regex(constants, 0)?;
    let groups = regex.captures_len() - 1;
    if !(1..=16).contains(&groups) {
        let message = format!("extract_all() needs 1 to 16 capture groups, and this expression has {groups}.");
        return Err(("SEM0213", message));
    }
    let chooses = constants.len() == 3;
    prepared(move |_, arguments| {
        let chosen = match chooses {
            true => chosen_groups(&regex, array_at(arguments, 1).unwrap_or_default()),
            false => (1..=groups).collect(),
        };
        let text = long_text(argument(arguments, if chooses { 2 } else { 1 }));
        let group = |captures: &Captures<'_>, group: usize| {
            let range = captures.get(group).map_or(0..0, |m| m.range());
            Dynamic::String(cut(&text, range.start, range.end))
        };
        let matches: Vec<Dynamic<'_>> = match chosen.as_slice() {
            [] => return Value::Null,
            [one] => regex.captures_iter(&text).take(MAX_ELEMENTS).map(|c| group(&c, *one)).collect(),
            several => regex
                .captures_iter(&text)
                .take(MAX_ELEMENTS / several.len())
                .map(|c| Dynamic::Array(several.iter().map(|g| group(&c, *g)).collect()))
                .collect(),
        };
        match matches.is_empty() {
            true => Value::Null,
            false => limits::array(matches),
        }
    })
}

/// The groups that an array names, by number or by name; what names none is left out, and so is what is past the sixteenth.
fn chosen_groups(regex: &Regex, names: &[Dynamic<'_>]) -> Vec<usize> {
    let groups = names.iter().filter_map(|name| match name {
        Dynamic::Long(n) => usize::try_from(*n).ok().filter(|n| *n < regex.captures_len()),
        Dynamic::String(name) => regex.capture_names().position(|n| n == Some(name)),
        _ => None,
    });
    groups.take(16).collect()
}

/// A part of a rewrite.
enum Part {
    Text(String),
    Group(usize),
}

/// `order` says where text, regular expression and rewrite stand.
fn replace(constants: &[Option<&Value<'static>>], order: [usize; 3]) -> Result<Prepared, Refusal> {
    let [text_place, regex_place, rewrite_place] = order;
    let regex = constant_regex(constants, regex_place)?;
    let rewrite = parts(&constant_text(constants, rewrite_place, "The rewrite")?);
    prepared(move |_, arguments| {
        let text = long_text(argument(arguments, text_place));
        let (mut replaced, mut from, mut any) = (Text::default(), 0, false);
        for captures in regex.captures_iter(&text) {
            let Some(whole) = captures.get(0) else { continue };
            any = true;
            replaced.push(&text[from..whole.start()]);
            from = whole.end();
            let full = rewrite.iter().any(|part| {
                !replaced.push(match part {
                    Part::Text(text) => text,
                    Part::Group(group) => captures.get(*group).map_or("", |m| m.as_str()),
                })
            });
            if full {
                return replaced.value();
            }
        }
        if !any {
            return Value::String(text.clone());
        }
        replaced.push(&text[from..]);
        replaced.value()
    })
}

fn parts(rewrite: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = rewrite.chars();
    while let Some(c) = rest.next() {
        let escaped = if c == '\\' { rest.clone().next() } else { None };
        match escaped.and_then(|e| e.to_digit(10)) {
            Some(group) => {
                parts.push(Part::Text(std::mem::take(&mut text)));
                parts.push(Part::Group(group as usize));
                rest.next();
            }
            None => {
                text.push(c);
                // A backslash stands for itself, two of them for one.
                if escaped == Some('\\') {
                    rest.next();
                }
            }
        }
    }
    parts.push(Part::Text(text));
    parts
}

fn trim(constants: &[Option<&Value<'static>>]) -> Result<Prepared, Refusal> {
    trim_ends(constants, true, true)
}

fn trim_ends(constants: &[Option<&Value<'static>>], start: bool, end: bool) -> Result<Prepared, Refusal> {
    let regex = constant_regex(constants, 0)?;
    // The pattern compiled alone first, so that an unbalanced one cannot reach out of its parentheses.
    let anchored = |pattern: String| compile(&pattern).map_err(|message| ("SEM0420", message));
    let start = start.then(|| anchored(format!(r"\A(?:{})", regex.as_str()))).transpose()?;
    let end = end.then(|| anchored(format!(r"(?:{})\z", regex.as_str()))).transpose()?;
    prepared(move |_, arguments| {
        let text = long_text(argument(arguments, 1));
        let from = start.as_ref().and_then(|regex| regex.find(&text)).map_or(0, |m| m.end());
        let rest = &text[from..];
        let to = end.as_ref().and_then(|regex| regex.find(rest)).map_or(rest.len(), |m| m.start());
        Value::String(cut(&text, from, from + to))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{call, json, json_of, refusal};
    use super::*;

    fn s(text: &str) -> Value<'_> {
        Value::string(text)
    }

    #[test]
    fn extract_gives_a_group() {
        let extract = |regex, group, text| call("extract", &[s(regex), Value::Long(group), s(text)]);
        assert_eq!(extract("User: ([^,]+)", 1, "User: Adele, Age: 29"), s("Adele"));
        assert_eq!(extract(r"\d+", 0, "Age: 35"), s("35"));
        assert_eq!(extract(r"\d+", 1, "Age: 35"), s(""));
        assert_eq!(extract(r"\d+", -1, "Age: 35"), s(""));
        assert_eq!(extract("(a)|(b)", 1, "b"), s(""));
    }

    #[test]
    fn extract_may_name_a_type() {
        let extract = |text, ty| call("extract", &[s(r"-(\w+)-"), Value::Long(1), s(text), s(ty)]);
        assert_eq!(extract("15-12-2024", "int"), Value::Int(12));
        assert_eq!(extract("15-xy-2024", "long"), Value::Null);
        assert_eq!(extract("15", "real"), Value::Null);
        assert_eq!(extract("15", "string"), s(""));
    }

    #[test]
    fn extract_all_is_flat_for_one_group() {
        assert_eq!(json_of("extract_all", &[s(r"(\d+)"), s("1 and 22")]), r#"["1","22"]"#);
        let two = [s("([a-z])([a-z]+)"), s("test word")];
        assert_eq!(json_of("extract_all", &two), r#"[["t","est"],["w","ord"]]"#);
        let chosen = |groups| json_of("extract_all", &[s("([a-z])(?P<rest>[a-z]+)"), json(groups), s("test word")]);
        assert_eq!(chosen("[2]"), r#"["est","ord"]"#);
        assert_eq!(chosen(r#"["rest",7,0]"#), r#"[["est","test"],["ord","word"]]"#);
        assert_eq!(chosen("[9]"), "null");
        assert_eq!(json_of("extract_all", &[s(r"(\d)"), s("abc")]), "null");
        assert_eq!(json_of("extract_all", &[s("(a)?(b)"), s("b")]), r#"[["","b"]]"#);
    }

    #[test]
    fn patterns_are_refused_when_a_query_is_bound() {
        assert_eq!(refusal("extract", &[s("(?<= )a"), Value::Long(0), s("")]), "SEM0420");
        assert_eq!(refusal("extract_all", &[s("[a-z]+"), s("abc")]), "SEM0213");
        assert_eq!(refusal("trim", &[s("a)|(b"), s("abc")]), "SEM0420");
        let not_constant = super::super::Callee::of(super::super::find("trim").unwrap_or(&FUNCTIONS[0]), &[None, None]);
        assert_eq!(not_constant.err().map(|e| e.0), Some("KS129"));
    }

    #[test]
    fn rewrites_name_groups() {
        let replace = |text, regex, rewrite| call("replace_regex", &[s(text), s(regex), s(rewrite)]);
        assert_eq!(replace("Number is 1", r"is (\d+)", r"was: \1"), s("Number was: 1"));
        assert_eq!(replace("ab", "b", r"[\0]\2\\"), s(r"a[b]\"));
        assert_eq!(replace("ab", "x*", "-"), s("-a-b-"));
        assert_eq!(call("replace", &[s("b"), s("c"), s("ab")]), s("ac"));
        assert_eq!(replace("ab", "z", "-"), s("ab"));
    }

    #[test]
    fn one_match_is_trimmed_at_each_end() {
        for (name, regex, text, expected) in [
            ("trim", "a", "aaaa", "aa"),
            ("trim", "a$", "aa", "a"),
            ("trim", "--", "--https://example.com--", "https://example.com"),
            ("trim", r"[^\w]+", "-  Te st1// $", "Te st1"),
            ("trim", "a", "a", ""),
            ("trim_start", r"\s+", "  a ", "a "),
            ("trim_end", r"\s+", "  a ", "  a"),
        ] {
            assert_eq!(call(name, &[s(regex), s(text)]), s(expected), "{name} {regex} {text}");
        }
    }
}
