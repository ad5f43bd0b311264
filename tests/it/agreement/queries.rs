//! Random queries, as text: a small grammar of KQL in which every expression has its type.

use proptest::collection::vec;
use proptest::prelude::*;

use super::pieces::{self, any_of};

/// A table of the built-in schemas and those of its columns that queries read, by type.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) texts: &'static [&'static str],
    pub(super) numbers: &'static [&'static str],
    pub(super) truths: &'static [&'static str],
    pub(super) times: &'static [&'static str],
    pub(super) dynamics: &'static [&'static str],
}

pub(super) const TABLES: [Table; 3] = [
    Table {
        name: "DeviceFileEvents",
        texts: &["FileName", "FolderPath", "InitiatingProcessFileName"],
        numbers: &["InitiatingProcessId", "FileSize", "RequestSourcePort"],
        truths: &["IsAzureInfoProtectionApplied"],
        times: &["Timestamp", "InitiatingProcessCreationTime"],
        dynamics: &["AdditionalFields"],
    },
    Table {
        name: "DeviceNetworkEvents",
        texts: &["RemoteUrl", "DeviceName", "InitiatingProcessFileName"],
        numbers: &["InitiatingProcessId", "LocalPort"],
        truths: &["IsInitiatingProcessRemoteSession"],
        times: &["Timestamp"],
        dynamics: &["AdditionalFields"],
    },
    Table {
        name: "AuditLogs",
        texts: &["OperationName", "Result", "LoggedByService"],
        numbers: &["DurationMs"],
        truths: &[],
        times: &["TimeGenerated", "ActivityDateTime"],
        dynamics: &["TargetResources", "InitiatedBy"],
    },
];

/// Expressions of each type, up to some depth.
#[derive(Clone)]
struct Level {
    text: BoxedStrategy<String>,
    number: BoxedStrategy<String>,
    truth: BoxedStrategy<String>,
    time: BoxedStrategy<String>,
    dynamic: BoxedStrategy<String>,
}

/// Queries most of which read the table `main`.
pub(super) fn queries(
    palette: &[&'static str],
    main: usize,
    count: usize,
) -> impl Strategy<Value = Vec<String>> + use<> {
    let single = |table| (if table == main { 8 } else { 1 }, one_table(palette, table));
    let mut choices: Vec<_> = (0..TABLES.len()).map(single).collect();
    choices.push((3, two_tables(palette, main, (main + 1) % TABLES.len())));
    vec(proptest::strategy::Union::new_weighted(choices), count)
}

/// `let … ; T | extend … | where … | project …`
fn one_table(palette: &[&'static str], table: usize) -> BoxedStrategy<String> {
    let deep = deepened(palette, columns(table, true), 3);
    let tail = prop_oneof![
        2 => Just(String::new()),
        2 => deep.truth.clone().prop_map(|t| format!("\n| extend Answer = ({t})")),
        3 => (deep.truth, deep.text).prop_map(|(t, s)| format!("\n| project S0, N0, B0, D0, T0, Answer = ({t}), Said = {s}")),
        1 => Just("\n| project S0, Timely = T0\n| sort by Timely desc".to_owned()),
    ];
    (lets(palette), leg(palette, table), tail).prop_map(|(lets, leg, tail)| format!("{lets}{leg}{tail}")).boxed()
}

/// `let … ; let T = … ; union T, (…) | where …`
fn two_tables(palette: &[&'static str], a: usize, b: usize) -> BoxedStrategy<String> {
    let after = deepened(palette, computed(), 2);
    let project = "\n| project S0, N0, B0, D0, T0";
    (lets(palette), leg(palette, a), leg(palette, b), after.truth.clone(), after.truth)
        .prop_map(move |(lets, a, b, c, d)| {
            format!(
                "{lets}let First = {a}{project};\nunion First, ({b}{project})\n| where {c}\n| extend Answer = ({d})"
            )
        })
        .boxed()
}

/// Names that every query may use.
fn lets(palette: &[&'static str]) -> BoxedStrategy<String> {
    (bag_list(palette), pieces::literal(palette), any_of(&["0", "5", "42", "-5"]))
        .prop_map(|(list, text, n)| format!("let Listed = {list};\nlet Said0 = {text};\nlet Five = {n};\n{FUNCTIONS}"))
        .boxed()
}

/// A function with a default value, one that is a predicate, and one over a table.
const FUNCTIONS: &str = "let Shorter = (x:string, n:long = 2) { substring(x, 0, n) };
let Odd = (n:long) { n % 2 == 1 };
let Kept = (T:(S0:string, N0:long)) { T | where strlen(S0) != 1 or Odd(N0) };
";

/// Steps that take a record apart, join it with known rows, or move its columns about. Behind each one every column of
/// [`leg`] is there, with its type.
fn shapes(palette: &[&'static str]) -> BoxedStrategy<String> {
    let literal = pieces::literal(palette);
    prop_oneof![
        2 => any_of(&[
            "mv-expand D0",
            "mv-expand kind=array D0 limit 2",
            "mv-expand with_itemindex=Place D0 | extend N0 = tolong(Place) | project-away Place",
            "mv-expand E = D0 to typeof(string) | extend S0 = E | project-away E",
            "mv-expand E = split(S0, '.') to typeof(string), F = D0 | extend S0 = E, D0 = F | project-away E, F",
        ]),
        2 => any_of(&[
            "mv-apply E = D0 to typeof(string) on (summarize C = count(), M = make_list(E)) | extend N0 = C, D0 = M | project-away C, M",
            "mv-apply E = split(S0, 'a') to typeof(string) on (where strlen(E) > 0 | extend L = strlen(E)) | extend S0 = E, N0 = L | project-away E, L",
            "mv-apply E = D0 on (where isnotempty(E) | take 1) | extend D0 = E | project-away E",
            "mv-apply E = D0 to typeof(long) on (top 1 by E | project E) | extend N0 = E | project-away E",
        ]),
        2 => (any_of(&["parse", "parse-where"]), literal.clone())
            .prop_map(|(parse, l)| format!("{parse} S0 with P1 {l} P2 | extend S0 = strcat(P2, P1) | project-away P1, P2")),
        1 => (any_of(&["parse kind=relaxed", "parse-where"]), literal.clone())
            .prop_map(|(parse, l)| format!("{parse} S0 with * {l} P1:long * | extend N0 = P1 | project-away P1")),
        1 => any_of(&[
            "parse kind=regex S0 with P1 '[a.]+' P2 | extend S0 = P2 | project-away P1, P2",
            "parse-kv S0 as (a:string, k:long) with (pair_delimiter='.', kv_delimiter='/') | extend S0 = a, N0 = k | project-away a, k",
        ]),
        2 => any_of(&[
            "project-rename R0 = S0 | extend S0 = R0 | project-away R0",
            "project-away B0, T* | extend B0 = true, T0 = datetime(2024-01-01)",
            "project-reorder T0, S0 asc, *",
            "project-keep S0, N0, B0, D0, T0 | serialize | as Named",
        ]),
        2 => (any_of(&["leftouter", "inner"]), literal.clone())
            .prop_map(|(kind, l)| format!("lookup kind={kind} (datatable(N0:long, L0:string) [5, 'five', 42, {l}, 1, 'a', 1, 'b', 2, '']) on N0 \
                                           | extend S0 = strcat(S0, L0) | project-away L0")),
        1 => any_of(&["inner", "leftouter", "leftsemi", "leftanti", "innerunique"])
            .prop_map(|kind| format!("join kind={kind} (datatable(X:long) [5, 1, 2, 2]) on $left.N0 == $right.X | project-keep S0, N0, B0, D0, T0")),
        1 => literal.clone().prop_map(|l| format!("search not({l}) or B0 | project-away $table")),
        1 => any_of(&[
            "extend (D0, E) = array_sort_asc(D0, split(S0, '.')) | project-away E",
            "extend D0 = series_add(D0, 1)",
            "extend (E, F, G) = series_decompose_anomalies(D0, 1.5, 2) | extend D0 = coalesce(E, D0) | project-away E, F, G",
            "where parse_version(S0) != parse_version('1.2') or N0 > 1",
        ]),
        2 => (any_of(&["in", "!in", "in~", "!in~"]), literal)
            .prop_map(|(op, l)| format!("where S0 {op} ((datatable(x:string) [{l}, 'mail', '']))")),
        2 => any_of(&["extend S0 = Shorter(S0)", "extend S0 = Shorter(S0, 5), B0 = Odd(N0)", "where not(Odd(N0))", "invoke Kept()"]),
    ]
    .prop_map(|step| format!("\n| {step}"))
    .boxed()
}

/// A table, columns computed and replaced, filters between them.
fn leg(palette: &[&'static str], table: usize) -> BoxedStrategy<String> {
    let first = deepened(palette, columns(table, false), 2);
    let then = deepened(palette, columns(table, true), 2);
    let text = TABLES[table].texts[0];
    let step = prop_oneof![
        4 => then.truth.clone().prop_map(|t| format!("\n| where {t}")),
        1 => then.text.clone().prop_map(move |s| format!("\n| extend {text} = {s}")),
        1 => (then.text, then.number).prop_map(|(s, n)| format!("\n| extend S0 = {s}, N0 = tolong({n})")),
        1 => (then.truth, then.dynamic).prop_map(|(t, d)| format!("\n| extend B0 = ({t}), D0 = {d}")),
        3 => shapes(palette),
    ];
    let computed = (first.text, first.number, first.truth, first.dynamic, first.time);
    (computed, vec(step, 0..3))
        .prop_map(move |((s, n, b, d, t), steps)| {
            format!(
                "{}\n| extend S0 = {s}, N0 = tolong({n}), B0 = ({b}), D0 = {d}, T0 = {t}{}",
                TABLES[table].name,
                steps.concat()
            )
        })
        .boxed()
}

/// The columns of a table, and with `computed` those that [`leg`] adds.
fn columns(table: usize, computed: bool) -> Level {
    let Table { texts, numbers, truths, times, dynamics, .. } = TABLES[table];
    let with = |columns: &[&str], own: &[&str]| any_of(&[columns, if computed { own } else { &[] }].concat());
    // A column that no table has is a dynamic; one that other tables have is what it is there.
    let foreign: &[&str] = if table < 2 { &["AccountName"] } else { &[] };
    let paths: &[&str] = match table {
        2 => &[
            "TargetResources[0].modifiedProperties",
            "TargetResources[0].displayName",
            "InitiatedBy.a.b[0]",
            "TargetResources[-1]",
        ],
        _ => &[
            "AdditionalFields.a",
            "AdditionalFields.a.b[0]",
            "AdditionalFields[\"k\"]",
            "AdditionalFields[0].a",
            "AdditionalFields.a[-1]",
        ],
    };
    let dynamics = [dynamics, paths, &["Unheard", "Unheard.a", "Unheard[\"b\"]"]].concat();
    let always = ["true", "tobool(Unheard)", "tobool(Unheard.flag)"];
    Level {
        text: with(&[texts, foreign].concat(), &["S0", "S0"]),
        number: with(numbers, &["N0"]),
        truth: with(&[truths, &always].concat(), &["B0", "B0"]),
        time: with(times, &["T0"]),
        dynamic: with(&dynamics, &["D0"]),
    }
}

/// What is in scope behind the `project` of a union's legs.
fn computed() -> Level {
    Level {
        text: any_of(&["S0"]),
        number: any_of(&["N0"]),
        truth: any_of(&["B0"]),
        time: any_of(&["T0"]),
        dynamic: any_of(&["D0", "D0.a", "D0[0]"]),
    }
}

fn deepened(palette: &[&'static str], columns: Level, depth: usize) -> Level {
    let literals = Level {
        text: prop_oneof![4 => columns.text.clone(), 1 => pieces::literal(palette), 1 => Just("Said0".to_owned())].boxed(),
        number: prop_oneof![
            3 => columns.number.clone(),
            1 => any_of(&["0", "5", "42", "-5", "Five", "9223372036854775807", "long(null)"]),
        ]
        .boxed(),
        time: prop_oneof![
            3 => columns.time.clone(),
            1 => any_of(&["datetime(2024-01-01)", "ago(1d)", "now()", "datetime(null)", "datetime(2024-01-01T00:00:00.1234567Z)"]),
        ]
        .boxed(),
        dynamic: prop_oneof![
            6 => columns.dynamic.clone(),
            1 => bag_list(palette),
            1 => Just("dynamic({\"a\":{\"b\":[5,\"k\"]},\"flag\":true})".to_owned()),
        ]
        .boxed(),
        truth: columns.truth.clone(),
    };
    let mut level = literals;
    for _ in 0..depth {
        level = Level {
            text: text_over(palette, &level),
            number: number_over(&level),
            truth: truth_over(palette, &columns, &level),
            time: prop_oneof![
                4 => level.time.clone(),
                1 => level.time.clone().prop_map(|t| format!("({t} + 1d)")),
                1 => level.text.clone().prop_map(|s| format!("todatetime({s})")),
                1 => (any_of(&["startofday", "startofweek", "endofmonth"]), level.time.clone()).prop_map(|(f, t)| format!("{f}({t})")),
                1 => level.time.clone().prop_map(|t| format!("bin({t}, 1h)")),
            ]
            .boxed(),
            dynamic: prop_oneof![
                6 => level.dynamic.clone(),
                1 => level.text.clone().prop_map(|s| format!("parse_json({s})")),
                1 => (level.truth.clone(), level.dynamic.clone(), level.dynamic.clone())
                    .prop_map(|(t, a, b)| format!("iff({t}, {a}, {b})")),
                1 => level.text.clone().prop_map(|s| format!("split({s}, \".\")")),
                1 => (any_of(&["array_concat", "set_union", "set_difference", "zip"]), level.dynamic.clone(), level.dynamic.clone())
                    .prop_map(|(f, a, b)| format!("{f}({a}, {b})")),
                1 => (any_of(&["bag_keys", "array_reverse", "array_sort_asc"]), level.dynamic.clone())
                    .prop_map(|(f, d)| format!("{f}({d})")),
                1 => (any_of(&["parse_csv", "parse_urlquery", "parse_command_line"]), level.text.clone()).prop_map(|(f, s)| match f.as_str() {
                    "parse_command_line" => format!("{f}({s}, 'windows')"),
                    _ => format!("{f}({s})"),
                }),
                1 => (level.text.clone(), level.number.clone()).prop_map(|(s, n)| format!("bag_pack('k', {s}, 'n', {n})")),
                1 => (any_of(&REGEXES[3..4]), level.text.clone()).prop_map(|(r, s)| format!("extract_all(@\"({r})\", {s})")),
                1 => (level.text.clone(), level.number.clone()).prop_map(|(s, n)| format!("pack_array({s}, {n})")),
            ]
            .boxed(),
        };
    }
    level
}

fn text_over(palette: &[&'static str], level: &Level) -> BoxedStrategy<String> {
    let Level { text, number, truth, time, dynamic } = level.clone();
    let literal = pieces::literal(palette);
    let of_any = prop_oneof![dynamic.clone(), dynamic, number.clone(), truth.clone(), time];
    prop_oneof![
        8 => text.clone(),
        3 => of_any.clone().prop_map(|v| format!("tostring({v})")),
        1 => (text.clone(), of_any, literal.clone()).prop_map(|(s, v, l)| format!("strcat({s}, {l}, {v})")),
        1 => (any_of(&["tolower", "toupper"]), text.clone()).prop_map(|(f, s)| format!("{f}({s})")),
        1 => (truth.clone(), text.clone(), text.clone()).prop_map(|(t, a, b)| format!("iff({t}, {a}, {b})")),
        1 => (truth.clone(), text.clone(), truth, literal.clone(), text.clone())
            .prop_map(|(t, a, u, b, c)| format!("case({t}, {a}, {u}, {b}, {c})")),
        1 => (text.clone(), text.clone()).prop_map(|(a, b)| format!("coalesce({a}, {b})")),
        1 => (text.clone(), number).prop_map(|(s, n)| format!("substring({s}, {n}, 2)")),
        1 => (text.clone(), literal.clone(), literal.clone()).prop_map(|(s, a, b)| format!("replace_string({s}, {a}, {b})")),
        1 => literal.clone().prop_map(|l| format!("column_ifexists(\"FileName\", {l})")),
        2 => (any_of(&[
            "reverse", "url_encode", "url_decode", "base64_encode_tostring", "base64_decode_tostring", "hash_sha256", "tostring",
        ]), text.clone()).prop_map(|(f, s)| format!("{f}({s})")),
        1 => (any_of(&["trim", "trim_start", "trim_end"]), any_of(&REGEXES), text.clone())
            .prop_map(|(f, r, s)| format!("{f}(@\"{r}\", {s})")),
        1 => (any_of(&REGEXES), text.clone()).prop_map(|(r, s)| format!("extract(@\"{r}\", 0, {s})")),
        1 => (text.clone(), any_of(&REGEXES)).prop_map(|(s, r)| format!("replace_regex({s}, @\"{r}\", @\"<\\0>\")")),
        1 => (text.clone(), literal.clone()).prop_map(|(s, l)| format!("tostring(split({s}, {l})[0])")),
        1 => text.clone().prop_map(|s| format!("tostring(parse_url({s}).Host)")),
        1 => level.dynamic.clone().prop_map(|d| format!("strcat_array({d}, '-')")),
        1 => (literal, text).prop_map(|(l, s)| format!("column_ifexists(\"NotThere\", strcat({s}, {l}))")),
    ]
    .boxed()
}

fn number_over(level: &Level) -> BoxedStrategy<String> {
    let Level { text, number, truth, time, dynamic } = level.clone();
    prop_oneof![
        6 => number.clone(),
        2 => text.clone().prop_map(|s| format!("strlen({s})")),
        1 => text.clone().prop_map(|s| format!("tolong({s})")),
        1 => dynamic.clone().prop_map(|d| format!("toint({d})")),
        1 => dynamic.clone().prop_map(|d| format!("array_length({d})")),
        1 => (any_of(&["indexof", "countof"]), text.clone(), text.clone()).prop_map(|(f, a, b)| format!("{f}({a}, {b})")),
        1 => text.clone().prop_map(|s| format!("hash({s}, 97)")),
        1 => (dynamic, text.clone()).prop_map(|(d, s)| format!("array_index_of({d}, {s})")),
        1 => time.clone().prop_map(|t| format!("datetime_diff('hour', {t}, datetime(2024-01-01))")),
        2 => (number.clone(), any_of(&["+", "-", "*", "/", "%"]), number.clone())
            .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
        1 => number.clone().prop_map(|n| format!("(-({n}))")),
        1 => (truth, number.clone(), number).prop_map(|(t, a, b)| format!("iff({t}, tolong({a}), tolong({b}))")),
    ]
    .boxed()
}

const TEXT_OPS: [&str; 24] = [
    "has",
    "!has",
    "has_cs",
    "!has_cs",
    "hasprefix",
    "!hasprefix",
    "hasprefix_cs",
    "!hasprefix_cs",
    "hassuffix",
    "!hassuffix",
    "hassuffix_cs",
    "!hassuffix_cs",
    "contains",
    "!contains",
    "contains_cs",
    "!contains_cs",
    "startswith",
    "!startswith",
    "startswith_cs",
    "!startswith_cs",
    "endswith",
    "!endswith",
    "endswith_cs",
    "!endswith_cs",
];

const REGEXES: [&str; 7] = ["mail", "^Mail[.]", "(?i)read", "[a-z]+[0-9]", r"\bmail\b", "é|ß", "^$"];

fn truth_over(palette: &[&'static str], columns: &Level, level: &Level) -> BoxedStrategy<String> {
    let Level { text, number, truth, time, dynamic } = level.clone();
    let literal = pieces::literal(palette);
    // Columns and dynamics by themselves come often: these are what automata are built for.
    let subject = prop_oneof![5 => columns.text.clone(), 2 => text.clone(), 2 => dynamic.clone()].boxed();
    let needle = prop_oneof![6 => literal.clone(), 1 => Just("Said0".to_owned()), 1 => text.clone()];
    let order = any_of(&["<", "<=", ">", ">=", "==", "!="]);
    let text_again = text.clone();
    let binary = |(a, op, b): (String, String, String)| format!("{a} {op} {b}");
    prop_oneof![
        10 => (subject.clone(), any_of(&TEXT_OPS), needle.clone()).prop_map(binary),
        1 => (text.clone(), any_of(&TEXT_OPS[12..]), dynamic.clone()).prop_map(binary),
        5 => (subject.clone(), any_of(&["has_any", "has_all"]), list(palette, level)).prop_map(binary),
        5 => (subject.clone(), any_of(&["in", "!in", "in~", "!in~"]), list(palette, level)).prop_map(binary),
        5 => (subject.clone(), any_of(&["==", "!=", "=~", "!~"]), needle.clone()).prop_map(binary),
        1 => (needle, any_of(&["==", "!=", "=~", "!~"]), text.clone()).prop_map(binary),
        1 => (dynamic.clone(), order.clone(), number.clone()).prop_map(binary),
        3 => (number.clone(), order.clone(), number.clone()).prop_map(binary),
        1 => (number.clone(), order.clone(), any_of(&["1.5", "5.0", "(5 * 0.1)"])).prop_map(binary),
        1 => (columns.number.clone(), any_of(&["==", "!="]), any_of(&["\"5\"", "\"x\"", "'42'"])).prop_map(binary),
        2 => (number.clone(), any_of(&["in", "!in"]), any_of(&["(5, 42)", "(\"5\", 1)", "(dynamic([5,[42]]))", "(Five, 0)"]))
            .prop_map(binary),
        2 => (number.clone(), any_of(&["between", "!between"]), number.clone(), number.clone())
            .prop_map(|(n, op, a, b)| format!("{n} {op} ({a} .. {b})")),
        1 => (time.clone(), time.clone()).prop_map(|(t, a)| format!("{t} between ({a} .. 2d)")),
        2 => (time.clone(), order, time).prop_map(binary),
        1 => (columns.truth.clone(), any_of(&["== true", "!= \"true\"", "== 1"])).prop_map(|(b, o)| format!("{b} {o}")),
        2 => (any_of(&["isempty", "isnotempty", "isnull", "isnotnull"]), prop_oneof![text, dynamic.clone(), number.clone()])
            .prop_map(|(f, v)| format!("{f}({v})")),
        2 => (subject, any_of(&REGEXES)).prop_map(|(s, r)| format!("{s} matches regex @\"{r}\"")),
        1 => (any_of(&["ipv4_is_private", "isempty", "isnotempty"]), text_again).prop_map(|(f, s)| format!("{f}({s})")),
        1 => (dynamic.clone(), columns.text.clone()).prop_map(|(d, s)| format!("set_has_element({d}, {s})")),
        1 => number.prop_map(|n| format!("not({n})")),
        3 => truth.clone().prop_map(|t| format!("not({t})")),
        5 => (truth.clone(), any_of(&["and", "or"]), truth.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
        2 => vec(truth.clone(), 2..4).prop_map(|list| list.join(" and ")),
        1 => (dynamic, any_of(&["and", "or"]), truth.clone()).prop_map(|(d, op, t)| format!("({d} {op} {t})")),
        1 => (truth.clone(), truth.clone(), truth).prop_map(|(a, b, c)| format!("iff({a}, {b}, {c})")),
    ]
    .boxed()
}

/// What stands behind `has_any` and `in`.
fn list(palette: &[&'static str], level: &Level) -> BoxedStrategy<String> {
    let literal = pieces::literal(palette);
    prop_oneof![
        5 => vec(literal.clone(), 1..4).prop_map(|items| format!("({})", items.join(", "))),
        3 => bag_list(palette).prop_map(|list| format!("({list})")),
        2 => Just("(Listed)".to_owned()),
        1 => (bag_list(palette), literal.clone()).prop_map(|(list, l)| format!("({list}, {l})")),
        1 => (literal, level.text.clone()).prop_map(|(l, s)| format!("({l}, {s})")),
        1 => level.dynamic.clone().prop_map(|d| format!("({d})")),
    ]
    .boxed()
}

/// `dynamic([…])`: texts, and now and then numbers, nulls and arrays inside.
fn bag_list(palette: &[&'static str]) -> BoxedStrategy<String> {
    let odd = any_of(&["null", "5", "42", "1.5", "true", "[\"a\",[\"mail\",5]]", "[]", "\"\""]);
    let item = prop_oneof![6 => pieces::literal(palette), 1 => odd];
    let plain = vec(pieces::literal(palette), 1..5);
    prop_oneof![3 => plain, 2 => vec(item, 0..4)].prop_map(|items| format!("dynamic([{}])", items.join(", "))).boxed()
}
