//! `mv-expand`: one row for each element of an array, or each member of a bag.

use super::{TakeRow, evaluate, present};
use crate::compile::bound::{Expand, Leg};
use crate::rows::{RowsError, Scope};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value, convert};

/// Gives the row once for each element. Several columns go side by side, and the shorter ones end in nulls; a null is one
/// null element, an empty array none.
pub(super) fn each<'v>(
    expand: &'v Expand,
    row: &[Value<'v>],
    leg: &Leg,
    scope: Scope<'_>,
    take: &mut TakeRow<'_, 'v>,
) -> Result<(), RowsError> {
    let items: Vec<Value<'v>> = expand.items.iter().map(|item| evaluate(&item.value, row, scope.context)).collect();
    let longest = items.iter().map(length).max().unwrap_or(0);
    let count = expand.limit.map_or(longest, |limit| limit.min(longest));
    for at in 0..count {
        scope.budget.expand(1)?;
        let mut row = row.to_vec();
        for (item, value) in expand.items.iter().zip(&items) {
            let cell = item.cell.index();
            let element = element(value, at, expand.bags_as_arrays);
            let ty = item.to.unwrap_or(ScalarType::Dynamic);
            row[cell] = present(cast(element, ty), leg.cells[cell].ty);
        }
        if let Some(index) = expand.index {
            row[index.index()] = i64::try_from(at).map_or(Value::Null, Value::Long);
        }
        take(row)?;
    }
    Ok(())
}

fn length(value: &Value<'_>) -> usize {
    match value {
        Value::Dynamic(Dynamic::Array(elements)) => elements.len(),
        Value::Dynamic(Dynamic::Bag(members)) => members.len(),
        _ => 1,
    }
}

/// The element at an index; the null past the end. What is no array and no bag is its own only element.
fn element<'v>(value: &Value<'v>, at: usize, bags_as_arrays: bool) -> Dynamic<'v> {
    let element = match value {
        Value::Dynamic(Dynamic::Array(elements)) => elements.get(at).cloned(),
        Value::Dynamic(Dynamic::Bag(members)) => members.get(at).map(|(name, value)| {
            if bags_as_arrays {
                Dynamic::Array([Dynamic::String(name.clone()), value.clone()].into())
            } else {
                Dynamic::Bag([(name.clone(), value.clone())].into())
            }
        }),
        other => (at == 0).then(|| convert::into_dynamic(other.clone())),
    };
    element.unwrap_or(Dynamic::Null)
}

/// `to typeof(type)`, which does not read text as a number or a bool: such an element is null.
fn cast(element: Dynamic<'_>, ty: ScalarType) -> Value<'_> {
    use ScalarType as S;
    match (&element, ty) {
        (Dynamic::String(_), S::Bool | S::Int | S::Long | S::Real | S::Decimal) => Value::Null,
        _ => convert::to_type(&Value::dynamic(element), ty),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::compile::bound::{Bound, BoundKind, Cell, CellId, ExpandItem, RowSource};
    use crate::diagnostic::Span;
    use crate::rows::{Budget, RowsLimits};
    use crate::value::functions::Context;
    use crate::value::{DateTime, json};

    /// The texts of what comes out: cells of a row with one number and two dynamics, each expanded into itself.
    fn expanded(
        types: [Option<ScalarType>; 2],
        change: impl FnOnce(&mut Expand),
        texts: [&'static str; 2],
    ) -> Vec<String> {
        let cell = |ty| Cell { name: String::new(), ty, source: None };
        let types_of = types.map(|to| to.unwrap_or(ScalarType::Dynamic));
        let leg = Leg {
            source: RowSource::Elements,
            cells: vec![cell(ScalarType::Long), cell(types_of[0]), cell(types_of[1])],
            steps: Vec::new(),
            output: Vec::new(),
            lookback: Vec::new(),
        };
        let item = |at: u32, to| ExpandItem {
            cell: CellId(at),
            value: Bound { kind: BoundKind::Cell(CellId(at)), ty: ScalarType::Dynamic, span: Span::default() },
            to,
        };
        let items = vec![item(1, types[0]), item(2, types[1])];
        let mut expand = Expand { items, index: None, limit: None, bags_as_arrays: false };
        change(&mut expand);
        let value = |text: &'static str| Value::dynamic(json::parse(text, 128).unwrap());
        let row = [Value::Null, value(texts[0]), value(texts[1])];
        let budget = Budget::new(RowsLimits { max_bytes: 0, max_expanded: 5, ..RowsLimits::default() });
        let context = Context { now: DateTime::MIN };
        let mut out = Vec::new();
        let result = each(&expand, &row, &leg, Scope::new(&context, &budget), &mut |row| {
            out.push(row.iter().map(|value| convert::text(value).into_owned()).collect::<Vec<_>>().join("|"));
            Ok(())
        });
        out.extend(result.err().map(|error| error.to_string()));
        out
    }

    #[test]
    fn side_by_side_and_padded() {
        let none = |_: &mut Expand| {};
        assert_eq!(expanded([None, None], none, ["[1,2]", "[3]"]), ["|1|3", "|2|"]);
        assert_eq!(expanded([None, None], none, ["[]", "[3]"]), ["||3"]);
        assert_eq!(expanded([None, None], none, ["[]", "{}"]), [""; 0]);
        assert_eq!(expanded([None, None], none, ["null", "[]"]), ["||"]);
        assert_eq!(expanded([None, None], none, ["5", r#"{"a":1,"b":2}"#]), [r#"|5|{"a":1}"#, r#"||{"b":2}"#]);
    }

    #[test]
    fn types_do_not_read_text() {
        let to = |ty, texts| expanded([Some(ty), None], |_| {}, texts);
        assert_eq!(to(ScalarType::Long, [r#"[1,2.9,"3",true]"#, "[]"]), ["|1|", "|2|", "||", "|1|"]);
        assert_eq!(to(ScalarType::String, [r#"["a",1,null,{"k":2}]"#, "[]"]), ["|a|", "|1|", "||", r#"|{"k":2}|"#]);
        assert_eq!(to(ScalarType::DateTime, [r#"["2024-01-02"]"#, "[]"]), ["|2024-01-02T00:00:00.0000000Z|"]);
    }

    #[test]
    fn index_limit_and_pairs() {
        let change = |expand: &mut Expand| {
            expand.index = Some(CellId(0));
            expand.limit = Some(2);
            expand.bags_as_arrays = true;
        };
        let out = expanded([None, None], change, [r#"{"a":1,"b":2,"c":3}"#, "[7]"]);
        assert_eq!(out, [r#"0|["a",1]|7"#, r#"1|["b",2]|"#]);
    }

    #[test]
    fn one_record_does_not_become_too_many() {
        let out = expanded([None, None], |_| {}, ["[1,2,3,4,5,6]", "[]"]);
        assert_eq!(out.len(), 6);
        assert!(out[5].contains("more than 5 rows of one record"), "{}", out[5]);
    }
}
