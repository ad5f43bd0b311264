//! `parse` and `parse-kv`: what stands in a text, as typed columns.

use std::collections::HashMap;

use crate::compile::bound::{KeyValuePattern, ParsePattern, TextPattern};
use crate::schema::ScalarType;
use crate::value::functions::Scan;
use crate::value::{Value, convert};

/// The values of a pattern's columns; `None` where the text does not match. `parse-kv` always matches.
pub(super) fn columns(pattern: &ParsePattern, text: &str) -> Option<Vec<Value<'static>>> {
    match pattern {
        ParsePattern::Text(pattern) => of_text(pattern, text),
        ParsePattern::KeyValue(pattern) => Some(of_pairs(pattern, text)),
    }
}

/// All columns or none: one that is not of its type makes all of them null, unless the pattern is relaxed.
fn of_text(pattern: &TextPattern, text: &str) -> Option<Vec<Value<'static>>> {
    let found = pattern.regex.captures(text)?;
    let mut values = Vec::with_capacity(pattern.columns.len());
    for (group, ty) in &pattern.columns {
        let value = convert::typed(found.get(*group).map_or("", |part| part.as_str()), *ty);
        if value.is_null() && !pattern.relaxed {
            return None;
        }
        values.push(value);
    }
    Some(values)
}

fn of_pairs(pattern: &KeyValuePattern, text: &str) -> Vec<Value<'static>> {
    let mut found: HashMap<&str, String> = HashMap::new();
    let mut put = |key: &str, value: String| {
        // The first of a key counts.
        if let Some((name, _)) = pattern.columns.iter().find(|(name, _)| name == key) {
            found.entry(name).or_insert(value);
        }
    };
    if let Some(regex) = &pattern.regex {
        let mut scan = Scan::of(text);
        for pair in regex.captures_iter(text) {
            if let (Some(key), Some(value)) = (pair.get(1), pair.get(2))
                && scan.goes_on(key.start())
            {
                put(key.as_str(), value.as_str().to_owned());
            }
        }
    } else if pattern.key_delimiter.is_empty() || pattern.pair_delimiter.is_empty() {
        words(pattern, text, &mut put);
    } else {
        Pairs::new(pattern, text).each(&mut put);
    }
    let value = |(name, ty): &(String, ScalarType)| {
        found.get(name.as_str()).map_or(Value::Null, |text| convert::typed(text, *ty))
    };
    pattern.columns.iter().map(value).collect()
}

/// Without delimiters: whatever is no letter or digit stands between keys and values.
fn words(pattern: &KeyValuePattern, text: &str, put: &mut dyn FnMut(&str, String)) {
    let mut pairs = Pairs::new(pattern, text);
    let mut key: Option<String> = None;
    while let Some(next) = pairs.rest().chars().next() {
        let word = match pairs.quoted() {
            Some(word) => word,
            None if next.is_alphanumeric() => {
                let rest = pairs.rest();
                let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
                pairs.at += end;
                rest[..end].to_owned()
            }
            None => {
                pairs.at += next.len_utf8();
                continue;
            }
        };
        // A known key takes the word behind it.
        match key.take() {
            Some(key) => put(&key, word),
            None if pattern.columns.iter().any(|(name, _)| *name == word) => key = Some(word),
            None => {}
        }
    }
}

/// A text that is read pair by pair, once from its start to its end.
struct Pairs<'p> {
    pattern: &'p KeyValuePattern,
    text: &'p str,
    at: usize,
    /// Quotes that open and never close: looked for once, or a text of many would take long.
    unclosed: Vec<char>,
}

impl<'p> Pairs<'p> {
    fn new(pattern: &'p KeyValuePattern, text: &'p str) -> Self {
        Pairs { pattern, text, at: 0, unclosed: Vec::new() }
    }

    fn rest(&self) -> &'p str {
        &self.text[self.at..]
    }

    fn each(&mut self, put: &mut dyn FnMut(&str, String)) {
        let (pair, between) = (self.pattern.pair_delimiter.as_str(), self.pattern.key_delimiter.as_str());
        // Where the next key delimiter is: looked for again only when it has been passed.
        let mut delimiter = None;
        loop {
            self.skip_space();
            let quoted = self.quoted();
            let from = delimiter.filter(|at| *at >= self.at).or_else(|| Some(self.at + self.rest().find(between)?));
            delimiter = from;
            let Some(end) = from else {
                return;
            };
            let key = &self.text[self.at..end];
            if let Some(skip) = key.find(pair) {
                // A word without a value.
                self.at += skip + pair.len();
                continue;
            }
            let key = quoted.unwrap_or_else(|| key.trim().to_owned());
            self.at = end + between.len();
            let value = self.value();
            put(&key, value);
            match self.rest().find(pair) {
                Some(skip) => self.at += skip + pair.len(),
                None => return,
            }
        }
    }

    /// Spaces, but not those that are a pair delimiter.
    fn skip_space(&mut self) {
        while let Some(c) = self.rest().chars().next()
            && c.is_whitespace()
            && !self.rest().starts_with(&self.pattern.pair_delimiter)
        {
            self.at += c.len_utf8();
        }
    }

    /// A value, up to the pair delimiter that ends it.
    fn value(&mut self) -> String {
        self.skip_space();
        if let Some(value) = self.quoted() {
            return value;
        }
        let rest = self.rest();
        let end = if self.pattern.greedy { self.next_key() } else { rest.find(&self.pattern.pair_delimiter) };
        let end = end.unwrap_or(rest.len());
        self.at += end;
        rest[..end].trim().to_owned()
    }

    /// Where the pair delimiter before the next known key is.
    fn next_key(&self) -> Option<usize> {
        let KeyValuePattern { columns, pair_delimiter, key_delimiter, .. } = self.pattern;
        let rest = self.rest();
        let known = |text: &str| {
            let is_key =
                |name: &str| text.strip_prefix(name).is_some_and(|t| t.trim_start().starts_with(key_delimiter));
            columns.iter().any(|(name, _)| is_key(name))
        };
        rest.match_indices(pair_delimiter)
            .map(|(at, _)| at)
            .find(|at| known(rest[at + pair_delimiter.len()..].trim_start()))
    }

    /// What stands in quotes, if a quote opens here and closes somewhere.
    fn quoted(&mut self) -> Option<String> {
        let opening = self.rest().chars().next()?;
        let (_, closing) = self.pattern.quotes.iter().find(|(open, _)| *open == opening)?;
        if self.unclosed.contains(&opening) {
            return None;
        }
        let mut text = String::new();
        let mut chars = self.rest()[opening.len_utf8()..].char_indices();
        while let Some((at, c)) = chars.next() {
            if Some(c) == self.pattern.escape {
                text.extend(chars.next().map(|(_, c)| c));
            } else if c == *closing {
                self.at += opening.len_utf8() + at + c.len_utf8();
                return Some(text);
            } else {
                text.push(c);
            }
        }
        self.unclosed.push(opening);
        None
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn texts(values: Option<Vec<Value<'static>>>) -> Option<Vec<String>> {
        values.map(|values| values.iter().map(|v| convert::text(v).into_owned()).collect())
    }

    fn parsed(relaxed: bool, text: &str) -> Option<Vec<String>> {
        let regex = regex::Regex::new("^user (.*?) took (.*?)$").unwrap();
        let columns = vec![(1, ScalarType::String), (2, ScalarType::Long)];
        texts(columns_of(TextPattern { regex, columns, relaxed }, text))
    }

    fn columns_of(pattern: TextPattern, text: &str) -> Option<Vec<Value<'static>>> {
        columns(&ParsePattern::Text(pattern), text)
    }

    #[test]
    fn all_or_nothing_unless_relaxed() {
        assert_eq!(parsed(false, "user a took 5").unwrap(), ["a", "5"]);
        assert_eq!(parsed(false, "user a took five"), None);
        assert_eq!(parsed(true, "user a took five").unwrap(), ["a", ""]);
        assert_eq!(parsed(true, "user a"), None);
    }

    fn pairs(columns: &[(&str, ScalarType)], change: impl FnOnce(&mut KeyValuePattern), text: &str) -> Vec<String> {
        let mut pattern = KeyValuePattern {
            columns: columns.iter().map(|(name, ty)| ((*name).to_owned(), *ty)).collect(),
            pair_delimiter: " ".into(),
            key_delimiter: "=".into(),
            quotes: Vec::new(),
            escape: None,
            greedy: false,
            regex: None,
        };
        change(&mut pattern);
        texts(super::columns(&ParsePattern::KeyValue(pattern), text)).unwrap()
    }

    const S: ScalarType = ScalarType::String;

    #[test]
    fn pairs_with_delimiters() {
        let keys = [("b", ScalarType::Long), ("a", S), ("c", S)];
        assert_eq!(pairs(&keys, |_| {}, "a=x y b=12 a=z stray b=13"), ["12", "x", ""]);
        let colons = |p: &mut KeyValuePattern| (p.pair_delimiter, p.key_delimiter) = (",".into(), ":".into());
        assert_eq!(pairs(&keys, colons, "b : 7 , a: one two, c:t:u"), ["7", "one two", "t:u"]);
        assert_eq!(pairs(&keys, colons, ""), ["", "", ""]);
    }

    #[test]
    fn quotes_and_escapes() {
        let keys = [("the key", S), ("b", S)];
        let quotes = |p: &mut KeyValuePattern| (p.quotes, p.escape) = (vec![('"', '"'), ('(', ')')], Some('\\'));
        assert_eq!(pairs(&keys, quotes, r#"b="x \"y\" z" "the key"=5"#), ["5", "x \"y\" z"]);
        assert_eq!(pairs(&keys, quotes, "b=(x y) (the key)=(é)"), ["é", "x y"]);
        assert_eq!(pairs(&keys, quotes, "b=\"open"), ["", "\"open"]);
    }

    #[test]
    fn greedy_values_end_at_the_next_key() {
        let keys = [("name", S), ("phone", S), ("city", S)];
        let text = "name=A B phone=555 5555 city=New York";
        assert_eq!(pairs(&keys, |_| {}, text), ["A", "555", "New"]);
        assert_eq!(pairs(&keys, |p| p.greedy = true, text), ["A B", "555 5555", "New York"]);
    }

    #[test]
    fn without_delimiters_words_are_pairs() {
        let keys = [("Text", S), ("Thread", ScalarType::Long), ("Machine", S)];
        let none = |p: &mut KeyValuePattern| {
            (p.pair_delimiter, p.key_delimiter) = (String::new(), String::new());
            p.quotes = vec![('\'', '\'')];
        };
        let text = "10:00:34 [INFO] Thread:45, Machine:Node001, Text: 'all is up'";
        assert_eq!(pairs(&keys, none, text), ["all is up", "45", "Node001"]);
    }
}
