//! The rows in a file's text, with the columns that a query declares.

use std::collections::HashMap;

use serde_json::{Deserializer, Value as Json};

use crate::rule::watchlist::Reader;
use crate::schema::ScalarType;
use crate::value::{Value, convert};

/// The most cells that one `externaldata` may have; each costs some tens of bytes.
pub const MAX_EXTERNAL_CELLS: usize = 8_000_000;

/// A path into JSON: names of members, one in the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath(Vec<String>);

impl JsonPath {
    /// Reads `$.a.b` or `$['a']['b']`.
    fn parse(text: &str) -> Option<JsonPath> {
        let text = text.trim().strip_prefix('$')?.replace("['", ".").replace("']", "");
        let steps = text.split('.').skip(1).map(|step| (!step.is_empty()).then(|| step.to_owned()));
        steps.collect::<Option<Vec<String>>>().map(JsonPath)
    }

    fn of<'j>(&self, object: &'j Json) -> Option<&'j Json> {
        self.0.iter().try_fold(object, |value, step| value.get(step))
    }
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Values with that character between them, quoted where they hold it: `csv`, `tsv`, `psv` and their like.
    Separated(char),
    /// A line is a row of one value.
    Lines,
    /// The whole text is one value.
    Raw,
    /// JSON objects, one after the other or in an array; a column is the member of its name.
    Json,
}

impl Format {
    /// The format that `with (format=…)` calls by that name.
    pub fn from_name(name: &str) -> Option<Format> {
        Some(match name.to_ascii_lowercase().as_str() {
            "csv" => Format::Separated(','),
            "tsv" | "tsve" => Format::Separated('\t'),
            "psv" => Format::Separated('|'),
            "scsv" => Format::Separated(';'),
            "sohsv" => Format::Separated('\u{1}'),
            "txt" => Format::Lines,
            "raw" => Format::Raw,
            "json" | "multijson" | "singlejson" => Format::Json,
            _ => return None,
        })
    }

    /// The format of an address that says nothing else: what its ending names, else CSV, as in Kusto.
    pub fn of_address(address: &str) -> Format {
        let end = address.find([';', '?', '#']).unwrap_or(address.len());
        let name = address[..end].rsplit('/').next().unwrap_or_default();
        let name = name.strip_suffix(".gz").unwrap_or(name);
        name.rsplit_once('.').and_then(|(_, ending)| Format::from_name(ending)).unwrap_or(Format::Separated(','))
    }
}

/// For each column the path to its value in an object of JSON, if the mapping has one: what `ingestionMapping` says in the
/// form that Kusto documents, `[{"Column":"a","Properties":{"Path":"$.b.a"}}]`. `None` if it is not of that form.
pub fn json_mapping<'n>(text: &str, columns: impl Iterator<Item = &'n str>) -> Option<Vec<Option<JsonPath>>> {
    let Ok(Json::Array(items)) = serde_json::from_str(text) else { return None };
    let member = |object: &Json, name: &str| {
        let mut members = object.as_object()?.iter();
        members.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    };
    let mut paths = HashMap::new();
    for item in &items {
        let properties = member(item, "properties").unwrap_or(item.clone());
        let (Json::String(column), Json::String(path)) = (member(item, "column")?, member(&properties, "path")?) else {
            return None;
        };
        paths.insert(column, JsonPath::parse(&path)?);
    }
    Some(columns.map(|column| paths.get(column).cloned()).collect())
}

/// The rows in a text, `room` cells at most. Values go to columns by their place, in JSON by name or by `paths`; one that is
/// not of its column's type is null, one that is not there too, and those without a column are passed over.
///
/// # Errors
/// The line, and a sentence.
pub fn rows(
    text: &str,
    format: Format,
    skip_first: bool,
    columns: &[(String, ScalarType)],
    paths: Option<&[Option<JsonPath>]>,
    room: usize,
) -> Result<Vec<Vec<Value<'static>>>, (usize, String)> {
    let mut rows = Vec::new();
    let mut add = |line: usize, row: Vec<Value<'static>>| {
        if (rows.len() + 1).saturating_mul(columns.len()) > room {
            return Err((line, format!("more than the {MAX_EXTERNAL_CELLS} cells that external data may have")));
        }
        rows.push(row);
        Ok(())
    };
    let skip = usize::from(skip_first);
    match format {
        Format::Separated(separator) => {
            let mut reader = Reader::new(text, separator);
            let mut skip = skip_first;
            while let Some((line, values)) = reader.row()? {
                if !std::mem::take(&mut skip) {
                    add(line, typed_row(&values, columns))?;
                }
            }
        }
        Format::Lines => {
            for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()).skip(skip) {
                add(at + 1, typed_row(&[line.to_owned()], columns))?;
            }
        }
        Format::Raw => add(1, typed_row(&[text.to_owned()], columns))?,
        Format::Json => {
            let mut objects = 0;
            let mut object = |line: usize, object: &Json| {
                objects += 1;
                if objects <= skip {
                    return Ok(());
                }
                let member = |(at, (name, ty)): (usize, &(String, ScalarType))| {
                    let value = match paths {
                        Some(paths) => paths.get(at).and_then(Option::as_ref).and_then(|path| path.of(object)),
                        None => object.get(name),
                    };
                    value.map_or(Value::missing(*ty), |v| of_json(v, *ty))
                };
                add(line, columns.iter().enumerate().map(member).collect())
            };
            let mut values = Deserializer::from_str(text).into_iter::<Json>();
            while let Some(value) = values.next() {
                let value = value.map_err(|error| (error.line().max(1), format!("this is no JSON: {error}")))?;
                let line = || 1 + text.as_bytes().iter().take(values.byte_offset()).filter(|b| **b == b'\n').count();
                match value {
                    Json::Array(list) => list.iter().try_for_each(|value| object(1, value))?,
                    Json::Object(_) => object(1, &value)?,
                    _ => return Err((line(), "JSON of external data is made of objects".to_owned())),
                }
            }
        }
    }
    Ok(rows)
}

fn typed_row(values: &[String], columns: &[(String, ScalarType)]) -> Vec<Value<'static>> {
    let value = |(at, (_, ty)): (usize, &(String, ScalarType))| match values.get(at) {
        Some(text) if !text.is_empty() => convert::typed(text, *ty),
        _ => Value::missing(*ty),
    };
    columns.iter().enumerate().map(value).collect()
}

fn of_json(value: &Json, ty: ScalarType) -> Value<'static> {
    match value {
        Json::Null => Value::missing(ty),
        // Text that looks like JSON stays text in a dynamic column.
        Json::String(text) if ty != ScalarType::Dynamic => convert::typed(text, ty),
        other => convert::typed(&other.to_string(), ty),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str, format: Format, skip: bool) -> Vec<Vec<String>> {
        let columns = [("a", ScalarType::String), ("n", ScalarType::Long), ("d", ScalarType::Dynamic)];
        let columns = columns.map(|(name, ty)| (name.to_owned(), ty));
        let rows = rows(text, format, skip, &columns, None, 100).unwrap();
        rows.iter().map(|row| row.iter().map(|v| convert::text(v).into_owned()).collect()).collect()
    }

    #[test]
    fn values_go_by_place_or_by_name() {
        let expected = [["x", "1", ""], ["y, z", "", "{\"k\":[1]}"]];
        assert_eq!(read("a,n\nx,1\n\n\"y, z\",no,\"{\"\"k\"\":[1]}\",more\n", Format::Separated(','), true), expected);
        assert_eq!(read("x\t1\r\ny, z\t\t{\"k\":[1]}", Format::Separated('\t'), false), expected);
        let lines = "{\"a\":\"x\",\"n\":1,\"o\":2}\n{\"d\":{\"k\":[1]},\"a\":\"y, z\",\"n\":\"no\"}";
        assert_eq!(read(lines, Format::Json, false), expected);
        assert_eq!(read(&format!("[{}]", lines.replace('\n', ",\n")), Format::Json, false), expected);
        assert_eq!(read("a,\"b\r\n\nc", Format::Lines, false), [["a,\"b", "", ""], ["c", "", ""]]);
        assert_eq!(read("a\nb", Format::Raw, false), [["a\nb", "", ""]]);
    }

    #[test]
    fn a_mapping_says_where_values_are() {
        let columns = [("who".to_owned(), ScalarType::String), ("n".to_owned(), ScalarType::Long)];
        let read = |mapping: &str| {
            let paths = json_mapping(mapping, columns.iter().map(|(name, _)| name.as_str()))?;
            let text = "{\"n\":1,\"who\":{\"name\":\"ann\"}}";
            let rows = rows(text, Format::Json, false, &columns, Some(&paths), 100).unwrap();
            Some(rows[0].iter().map(|v| convert::text(v).into_owned()).collect::<Vec<_>>())
        };
        let who = "{\"Column\":\"who\",\"Properties\":{\"Path\":\"$.who.name\"}}";
        assert_eq!(read(&format!("[{who}]")).unwrap(), ["ann", ""]);
        assert_eq!(read(&format!("[{who},{{\"column\":\"n\",\"path\":\"$['n']\"}}]")).unwrap(), ["ann", "1"]);
        for bad in ["", "{}", "[{\"Column\":\"n\"}]", "[{\"Column\":\"n\",\"Properties\":{\"Path\":\"n\"}}]"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_ending_names_the_format() {
        for (address, format) in [
            ("https://example.com/a.json", Format::Json),
            ("https://example.com/a.TSV.gz;secret", Format::Separated('\t')),
            ("https://example.com/a.txt?x=a.csv", Format::Lines),
            ("https://example.com/feed", Format::Separated(',')),
        ] {
            assert_eq!(Format::of_address(address), format, "{address}");
        }
        assert_eq!(Format::from_name("avro"), None);
    }

    #[test]
    fn mistakes_have_their_line() {
        let columns = [("a".to_owned(), ScalarType::String)];
        let refused = |text, format, room| rows(text, format, false, &columns, None, room).unwrap_err();
        assert_eq!(refused("x\n\"y", Format::Separated(','), 9).0, 2);
        assert_eq!(refused("{\"a\":1}\n{\"a\":}", Format::Json, 9).0, 2);
        assert_eq!(refused("{\"a\":1}\n5\n", Format::Json, 9).0, 2);
        assert_eq!(refused("x\ny\nz", Format::Lines, 2).0, 3);
    }
}
