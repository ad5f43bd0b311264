//! JSON: an array of objects, or an object a line.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use super::{Mistake, Sheet, too_many};

/// The table in a text, with `room` cells at most; an error says the line. A column is a name that any object has, in the
/// order in which they are met; where an object has none, and for null, the value is empty.
pub(super) fn sheet(text: &str, room: usize) -> Result<Sheet, Mistake> {
    let objects: Vec<Map<String, Json>> = if text.trim_start().starts_with('[') {
        serde_json::from_str(text).map_err(|error| (error.line().max(1), said(&error)))?
    } else {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines
            .map(|(at, line)| serde_json::from_str(line).map_err(|error| (at + 1, said(&error))))
            .collect::<Result<_, _>>()?
    };
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut columns = Vec::new();
    for name in objects.iter().flat_map(Map::keys) {
        if !places.contains_key(name) {
            places.insert(name.clone(), columns.len());
            columns.push(name.clone());
        }
    }
    if columns.is_empty() {
        return Err((1, "there is no object with a member here, and so no column".to_owned()));
    }
    if columns.len().saturating_mul(objects.len()) > room {
        return Err((1, too_many()));
    }
    let row = |object: Map<String, Json>| {
        let mut row = vec![String::new(); columns.len()];
        for (name, value) in object {
            if let Some(cell) = places.get(&name).and_then(|at| row.get_mut(*at)) {
                *cell = match value {
                    Json::Null => String::new(),
                    Json::String(text) => text,
                    other => other.to_string(),
                };
            }
        }
        row
    };
    Ok(Sheet { rows: objects.into_iter().map(row).collect(), columns })
}

fn said(error: &serde_json::Error) -> String {
    format!("a watchlist is an array of JSON objects, or one object a line: {error}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn arrays_and_lines_are_the_same() {
        let objects = [r#"{"ip":"192.0.2.1","port":443,"x":null}"#, r#"{"port":1.50,"ok":true,"more":{"a":[1]}}"#];
        for text in
            [objects.join("\n"), format!("[{}]", objects.join(",\n")), format!("\n{}\r\n", objects.join("\r\n\n"))]
        {
            let sheet = sheet(&text, 10).unwrap();
            assert_eq!(sheet.columns, ["ip", "port", "x", "ok", "more"]);
            assert_eq!(sheet.rows, [["192.0.2.1", "443", "", "", ""], ["", "1.5", "", "true", r#"{"a":[1]}"#]]);
        }
    }

    #[test]
    fn mistakes_have_their_line() {
        let refused = |text: &str| sheet(text, 3).map(|s| s.rows).unwrap_err();
        assert_eq!(refused("{\"a\":1}\n{\"a\":}\n").0, 2);
        assert_eq!(refused("[{\"a\":1},\n3]").0, 2);
        assert!(refused("[]").1.contains("no column"));
        assert_eq!(refused("{\"a\":1,\"b\":2}\n{}\n"), (1, too_many()));
    }
}
