#![allow(clippy::unwrap_used, clippy::panic)]

use super::ast::*;
use super::*;

mod operators;

const SEED: &str = include_str!("../../examples/rules/t1528-page.kql");

/// The tree in short: `(== a "b")`, `T|(where …)`.
fn short(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Literal(l) => format!("{:?}:{}", l.kind, l.text),
        ExprKind::Dynamic(d) => format!("dynamic {}", json(d)),
        ExprKind::Name(n) => n.text.clone(),
        ExprKind::Star => "*".into(),
        ExprKind::Path { base, steps } => {
            let steps: String = steps
                .iter()
                .map(|step| match step {
                    Step::Member(name) => format!(".{}", name.text),
                    Step::Index(index) => format!("[{}]", short(index)),
                })
                .collect();
            short(base) + &steps
        }
        ExprKind::Unary { negate, operand } => format!("({} {})", if *negate { "neg" } else { "pos" }, short(operand)),
        ExprKind::Binary { op, left, right, .. } => format!("({op:?} {} {})", short(left), short(right)),
        ExprKind::Logical { and, operands } => {
            format!("({} {})", if *and { "and" } else { "or" }, joined(operands.iter().map(short)))
        }
        ExprKind::List { op, subject, items, .. } => {
            format!("({op:?} {} [{}])", short(subject), joined(items.iter().map(short)))
        }
        ExprKind::Between { negated, subject, low, high, .. } => {
            format!("({}between {} {} {})", if *negated { "!" } else { "" }, short(subject), short(low), short(high))
        }
        ExprKind::Call { name, arguments } => {
            let arguments = arguments.iter().map(|argument| match &argument.name {
                Some(name) => format!("{}={}", name.text, short(&argument.value)),
                None => short(&argument.value),
            });
            format!("{}({})", name.text, joined(arguments))
        }
        ExprKind::Typeof(name) => format!("typeof({})", name.text),
        ExprKind::Pipe { source, operators } => {
            let operators: String = operators.iter().map(|operator| format!("|{}", short_operator(operator))).collect();
            short(source) + &operators
        }
        ExprKind::Operator(operator) => short_operator(operator),
        ExprKind::Function(function) => {
            format!("fn({}){{{}}}", parameters(&function.parameters), statements(&function.body))
        }
        ExprKind::Wildcard(name) => format!("~{}", name.text),
        ExprKind::Unpack { names, value } => {
            format!("({})={}", joined(names.iter().map(|name| name.text.clone())), short(value))
        }
        ExprKind::Shaped { value, rest, columns } => {
            format!("{}:{}{}", short(value), if *rest { "*" } else { "" }, declared(columns))
        }
        ExprKind::Error => "ERROR".into(),
    }
}

fn parameters(list: &[Parameter]) -> String {
    joined(list.iter().map(|parameter| {
        let ty = match &parameter.ty {
            ParameterType::Scalar(ty) => ty.text.clone(),
            ParameterType::Table(columns) => declared(columns),
        };
        let default = parameter.default.as_ref().map(|value| format!("={}", short(value)));
        format!("{}:{ty}{}", parameter.name.text, default.unwrap_or_default())
    }))
}

fn declared(columns: &[ColumnDeclaration]) -> String {
    format!("({})", joined(columns.iter().map(|column| format!("{}:{}", column.name.text, column.ty.text))))
}

fn joined(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(" ")
}

fn json(value: &DynamicLiteral) -> String {
    match value {
        DynamicLiteral::Null => "null".into(),
        DynamicLiteral::Scalar(literal, _) => format!("{:?}:{}", literal.kind, literal.text),
        DynamicLiteral::Array(items) => format!("[{}]", joined(items.iter().map(json))),
        DynamicLiteral::Bag(pairs) => format!("{{{}}}", joined(pairs.iter().map(|(k, v)| format!("{k}:{}", json(v))))),
    }
}

fn short_operator(operator: &Operator) -> String {
    let named = |items: &[NamedExpr]| {
        joined(items.iter().map(|item| match &item.name {
            Some(name) => format!("{}={}", name.text, short(&item.value)),
            None => short(&item.value),
        }))
    };
    let keys = |keys: &[SortKey]| {
        joined(keys.iter().map(|key| {
            let order = if key.descending { "desc" } else { "asc" };
            format!("{} {order} {}", short(&key.value), if key.nulls_first { "nf" } else { "nl" })
        }))
    };
    match &operator.kind {
        OperatorKind::Where(predicate) => format!("where {}", short(predicate)),
        OperatorKind::Extend(items) => format!("extend {}", named(items)),
        OperatorKind::Project(items) => format!("project {}", named(items)),
        OperatorKind::Union(union) => {
            let parameters = union.parameters.iter().map(|(name, value)| format!("{}={}", name.text, short(value)));
            format!("union {}[{}]", joined(parameters), joined(union.legs.iter().map(short)))
        }
        OperatorKind::Sort(list) => format!("sort {}", keys(list)),
        OperatorKind::Take(count) => format!("take {}", short(count)),
        OperatorKind::Top { count, keys: list } => format!("top {} {}", short(count), keys(list)),
        OperatorKind::ProjectNames { keep, names } => {
            let names = joined(names.iter().map(|name| name.text.clone()));
            format!("{} {names}", if *keep { "keep" } else { "away" })
        }
        OperatorKind::ProjectRename(pairs) => {
            format!("rename {}", joined(pairs.iter().map(|(new, old)| format!("{}={}", new.text, old.text))))
        }
        OperatorKind::ProjectReorder(keys) => {
            let order = |key: &ReorderKey| key.descending.map_or("", |down| if down { " desc" } else { " asc" });
            format!("reorder {}", joined(keys.iter().map(|key| key.name.text.clone() + order(key))))
        }
        OperatorKind::Distinct(items) => format!("distinct {}", named(items)),
        OperatorKind::Count(None) => "count".into(),
        OperatorKind::Count(Some(name)) => format!("count as {}", name.text),
        OperatorKind::Summarize { aggregates, by } => format!("summarize {} by {}", named(aggregates), named(by)),
        OperatorKind::MakeSeries(series) => operators::series(series, &named),
        OperatorKind::Graph(graph) => operators::graph(graph),
        OperatorKind::TopNested(levels) => operators::nested(levels, &named),
        OperatorKind::Scan(scan) => operators::scan(scan),
        OperatorKind::MvExpand(expand) => format!("expand {}", expanded(expand)),
        OperatorKind::MvApply { expand, operators } => {
            let operators: String = operators.iter().map(|operator| format!("|{}", short_operator(operator))).collect();
            format!("apply {} on ({operators})", expanded(expand))
        }
        OperatorKind::Partition { by, operators } => {
            let operators: String = operators.iter().map(|operator| format!("|{}", short_operator(operator))).collect();
            format!("partition {} ({operators})", short(by))
        }
        OperatorKind::Parse(parse) => {
            let pattern = joined(parse.pattern.iter().map(|part| match part {
                ParsePart::Star(_) => "*".into(),
                ParsePart::Text(text, _) => format!("{text:?}"),
                ParsePart::Column(name, ty) => {
                    name.text.clone() + &ty.as_ref().map_or(String::new(), |ty| format!(":{}", ty.text))
                }
            }));
            let word = if parse.filters { "parse-where" } else { "parse" };
            format!("{word} {}{} with {pattern}", given(&parse.parameters), short(&parse.subject))
        }
        OperatorKind::ParseKv { subject, columns, parameters } => {
            format!("kv {} {} {}", short(subject), declared(columns), given(parameters).trim_end())
        }
        OperatorKind::Join { parameters, right, on } => {
            format!("join {}{} on {}", given(parameters), short(right), joined(on.iter().map(short)))
        }
        OperatorKind::Lookup { parameters, right, on } => {
            format!("lookup {}{} on {}", given(parameters), short(right), joined(on.iter().map(short)))
        }
        OperatorKind::Datatable { columns, values } => {
            format!("datatable{}[{}]", declared(columns), joined(values.iter().map(short)))
        }
        OperatorKind::ExternalData { columns, addresses, properties } => format!(
            "externaldata{}[{}]{}",
            declared(columns),
            joined(addresses.iter().map(short)),
            properties.iter().map(|(name, value)| format!(" {}={}", name.text, short(value))).collect::<String>()
        ),
        OperatorKind::Print(items) => format!("print {}", named(items)),
        OperatorKind::Range { name, first, last, step } => {
            format!("range {} {} {} {}", name.text, short(first), short(last), short(step))
        }
        OperatorKind::Render => "render".into(),
        OperatorKind::As(name) => format!("as {}", name.text),
        OperatorKind::Serialize(items) => format!("serialize {}", named(items)),
        OperatorKind::GetSchema => "getschema".into(),
        OperatorKind::Invoke(call) => format!("invoke {}", short(call)),
        OperatorKind::Evaluate(call) => format!("evaluate {}", short(call)),
        OperatorKind::Search { tables, predicate, .. } => {
            format!("search [{}] {}", joined(tables.iter().map(short)), short(predicate))
        }
        OperatorKind::Find(find) => format!(
            "find [{}] {} {:?}",
            joined(find.tables.iter().map(short)),
            short(&find.predicate),
            find.project.as_ref().map(Vec::len)
        ),
        OperatorKind::Sample { count, of } => {
            format!("sample {}{}", short(count), of.as_ref().map_or(String::new(), |of| format!(" of {}", short(of))))
        }
        OperatorKind::Unsupported(name) => format!("unsupported {}", name.text),
        OperatorKind::Error => "ERROR".into(),
    }
}

/// `kind=inner `: each with a blank behind it.
fn given(parameters: &[(Name, Expr)]) -> String {
    parameters.iter().map(|(name, value)| format!("{}={} ", name.text, short(value))).collect()
}

fn expanded(expand: &MvExpand) -> String {
    let items = joined(expand.items.iter().map(|item| {
        let name = item.name.as_ref().map_or(String::new(), |name| format!("{}=", name.text));
        let ty = item.to.as_ref().map_or(String::new(), |ty| format!(":{}", ty.text));
        format!("{name}{}{ty}", short(&item.value))
    }));
    let limit = expand.limit.as_ref().map_or(String::new(), |limit| format!(" limit {}", short(limit)));
    format!("{}{items}{limit}", given(&expand.parameters))
}

fn statements(query: &Query) -> String {
    let statements = query.statements.iter().map(|statement| match statement {
        Statement::Let { name, value, .. } => format!("let {}={}", name.text, short(value)),
        Statement::Pattern(pattern) => {
            let case = |case: &PatternCase| {
                let path = case.path.as_ref().map_or(String::new(), |path| format!(".{}", short(path)));
                format!("({}){path}={{{}}}", joined(case.values.iter().map(short)), statements(&case.body))
            };
            format!("pattern {} {}", pattern.name.text, joined(pattern.cases.iter().map(case)))
        }
        Statement::Set { name, value } => format!("set {}={}", name.text, short(value)),
        Statement::Parameters(list) => format!("parameters {}", parameters(list)),
        Statement::Expression(expr) => short(expr),
    });
    statements.collect::<Vec<_>>().join("; ")
}

fn short_query(text: &str) -> (String, Vec<Diagnostic>) {
    let parsed = parse(text, &Limits::default());
    (statements(&parsed.query), parsed.diagnostics)
}

#[test]
fn expressions() {
    let cases = [
        // Precedence and chains.
        ("a or b and c or d", "(or a (and b c) d)"),
        ("(a and b) and c", "(and (and a b) c)"),
        ("a - b - c * d % e / f", "(Subtract (Subtract a b) (Divide (Modulo (Multiply c d) e) f))"),
        ("a == b < c", "(Equal a (Less b c))"),
        ("a < b == c", "(Equal (Less a b) c)"),
        ("a + 1 >= 2 and b <> c", "(and (GreaterOrEqual (Add a Long:1) Long:2) (NotEqual b c))"),
        ("-a.b[0] + +1", "(Add (neg a.b[Long:0]) (pos Long:1))"),
        ("a-1", "(Subtract a Long:1)"),
        // String operators bind tighter than arithmetic.
        (
            "a =~ 'x' and b !~ \"y\"",
            "(and (EqualFolded { negated: false } a String:x) (EqualFolded { negated: true } b String:y))",
        ),
        ("a has 'x'", "(Text(TextOp { kind: Has, case_sensitive: false, negated: false }) a String:x)"),
        ("a !has_cs 'x'", "(Text(TextOp { kind: Has, case_sensitive: true, negated: true }) a String:x)"),
        ("a !hasprefix_cs 'x'", "(Text(TextOp { kind: HasPrefix, case_sensitive: true, negated: true }) a String:x)"),
        ("a hassuffix 'x'", "(Text(TextOp { kind: HasSuffix, case_sensitive: false, negated: false }) a String:x)"),
        ("a contains_cs 'x'", "(Text(TextOp { kind: Contains, case_sensitive: true, negated: false }) a String:x)"),
        ("a !startswith 'x'", "(Text(TextOp { kind: StartsWith, case_sensitive: false, negated: true }) a String:x)"),
        ("a endswith_cs 'x'", "(Text(TextOp { kind: EndsWith, case_sensitive: true, negated: false }) a String:x)"),
        ("a matches regex @'\\d+'", "(MatchesRegex a String:\\d+)"),
        ("a in (1, 'b')", "(In { folded: false, negated: false } a [Long:1 String:b])"),
        ("a !in~ (L)", "(In { folded: true, negated: true } a [L])"),
        ("a in~(T | project x)", "(In { folded: true, negated: false } a [T|project x])"),
        ("a !in (b) or c", "(or (In { folded: false, negated: true } a [b]) c)"),
        ("a has_any ('x','y') and b has_all (D)", "(and (HasAny a [String:x String:y]) (HasAll b [D]))"),
        ("a between (1 .. 5)", "(between a Long:1 Long:5)"),
        ("a !between(1.5..2d)", "(!between a Real:1.5 TimeSpan:2d)"),
        // Operands.
        ("iff(isnull(x), typeof(long), f(y=1, *))", "iff(isnull(x) typeof(long) f(y=Long:1 *))"),
        ("a['b c'].['d e'].f[-1][x]", "a[String:b c].d e.f[(neg Long:1)][x]"),
        ("['a b'].c", "a b.c"),
        ("a.[0].b.[x]", "a[Long:0].b[x]"),
        ("2fa + 0xg + 1e5x + 2h", "(Add (Add (Add 2fa 0xg) 1e5x) TimeSpan:2h)"),
        ("kind + by + type + Table + $left.x + not", "(Add (Add (Add (Add (Add kind by) type) Table) $left.x) not)"),
        ("not(a) and not (b)", "(and not(a) not(b))"),
        ("\u{feff}a\u{a0}// note\n+ // other\n 1", "(Add a Long:1)"),
    ];
    for (text, expected) in cases {
        let (expr, diagnostics) = parse_expression(text, &Limits::default());
        assert_eq!((short(&expr.unwrap()).as_str(), diagnostics), (expected, vec![]), "{text}");
    }
}

#[test]
fn literals() {
    let cases = [
        ("0x1F", "Long:0x1F"),
        ("1e3", "Real:1e3"),
        ("1.5E-3", "Real:1.5E-3"),
        ("150nanoseconds", "TimeSpan:150nanoseconds"),
        ("1.5h", "TimeSpan:1.5h"),
        ("true", "Bool:true"),
        ("False", "Bool:false"),
        ("bool( true )", "Bool:true"),
        ("int(null)", "Int:null"),
        ("long(-5)", "Long:-5"),
        ("double(nan)", "Real:nan"),
        ("real(+inf)", "Real:+inf"),
        ("decimal(1.2)", "Decimal:1.2"),
        ("datetime(2020-01-02 03:04:05.6)", "DateTime:2020-01-02 03:04:05.6"),
        ("date(\"2015-01-01\")", "DateTime:2015-01-01"),
        ("time(1.02:03:04)", "TimeSpan:1.02:03:04"),
        ("guid(74be27de-1e4e-49d9-b579-fe0b331d3642)", "Guid:74be27de-1e4e-49d9-b579-fe0b331d3642"),
        (r#""a\t\"\\\u00e9\x41\101\U0001F600""#, "String:a\t\"\\éAA😀"),
        (r#"'\ud83d\ude00'"#, "String:😀"),
        (r#"@"c:\x""y""#, r#"String:c:\x"y"#),
        ("@'it''s'", "String:it's"),
        ("h'x' H@\"y\\\"", "String:xy\\"),
        ("```a\n\"b\"```", "String:a\n\"b\""),
        ("~~~a```b~~~", "String:a```b"),
        ("'a' \"b\" 'c'", "String:abc"),
        ("dynamic(null)", "dynamic null"),
        ("dynamic(['it''s', 'x' 'y' \"z\"])", "dynamic [String:its String:xyz]"),
        (
            r#"dynamic({"a": [1, -2.5, true, null], "b": {}, "c": dynamic([]), "d": datetime(2020-01-01), "e": 1d})"#,
            "dynamic {a:[Long:1 Real:-2.5 Bool:true null] b:{} c:[] d:DateTime:2020-01-01 e:TimeSpan:1d}",
        ),
    ];
    for (text, expected) in cases {
        let (expr, diagnostics) = parse_expression(text, &Limits::default());
        assert_eq!((short(&expr.unwrap()).as_str(), diagnostics), (expected, vec![]), "{text}");
    }
}

#[test]
fn operators() {
    let cases = [
        ("T | where a | filter b", "T|where a|where b"),
        ("T | extend a = 1, b, ['c d']=2", "T|extend a=Long:1 b c d=Long:2"),
        ("T | project a, b=tostring(c.d)", "T|project a b=tostring(c.d)"),
        ("T | sort by a, b asc, c desc nulls first, d asc nulls last", "T|sort a desc nl b asc nf c desc nf d asc nl"),
        ("T | order by by", "T|sort by desc nl"),
        ("T | take 5 | limit 1", "T|take Long:5|take Long:1"),
        ("T | top 5 by a asc", "T|top Long:5 a asc nf"),
        ("union A, (B | where x), f(1)", "union [A B|where x f(Long:1)]"),
        (
            "union kind=outer withsource=S isfuzzy=true A, B | where x",
            "union kind=outer withsource=S isfuzzy=Bool:true[A B]|where x",
        ),
        ("T | union hint.concurrency=2 A | take 1", "T|union hint.concurrency=Long:2[A]|take Long:1"),
        ("let x = 5; ; let t = T | where a;\nt;", "let x=Long:5; let t=T|where a; t"),
        ("let m = materialize(T | where a);m", "let m=materialize(T|where a); m"),
        (
            "union | where print == 1 and range(1, 2) == search",
            "union|where (and (Equal print Long:1) (Equal range(Long:1 Long:2) search))",
        ),
        ("", ""),
    ];
    for (text, expected) in cases {
        let (shown, diagnostics) = short_query(text);
        assert_eq!((shown.as_str(), diagnostics), (expected, vec![]), "{text}");
    }
}

#[test]
fn the_page_query_parses() {
    let (shown, diagnostics) = short_query(SEED);
    assert_eq!(diagnostics, vec![]);
    assert_eq!(parse(SEED, &Limits::default()).query.statements.len(), 10);
    assert!(shown.contains("tostring(TargetResources[Long:0].displayName)"));
    assert!(shown.ends_with("|sort Timestamp desc nl"));
}

/// Each text has exactly these mistakes: code, and the text that the span covers.
#[test]
fn one_mistake_one_diagnostic() {
    let cases: &[(&str, &[(&str, &str)])] = &[
        (
            "T | where a = 1 | project a, | whree x\n| extend b = f(c",
            &[("KS002", "="), ("KS006", "|"), ("KS176", "whree"), ("KS001", "(")],
        ),
        ("T | where a == 1 && b == 2 || c", &[("KS002", "&&"), ("KS002", "||")]),
        ("T | where !a", &[("KS002", "!a")]),
        ("T | where not a == 1", &[("KS001", "a")]),
        ("T | where a !has_any ('x') | take 1", &[("KS002", "!has_any")]),
        ("T | where a has_any_cs ('x')", &[("KS002", "has_any_cs")]),
        ("T | where a in L | take 1", &[("KS001", "L")]),
        ("T | where a == 1 == 2", &[("KS002", "==")]),
        ("T | where a contians 'x' | take", &[("KS002", "contians"), ("KS006", "")]),
        ("T | top-hitters 3 of x by y, z | where z = 1", &[("KT001", "top-hitters"), ("KS002", "=")]),
        (
            "T | reduce x = (a | b) | facet by x with (where y | take 1) | top-hitters 3 of q",
            &[("KT001", "reduce"), ("KT001", "facet"), ("KT001", "top-hitters")],
        ),
        ("find in (A, B) where x == 'x' project a:, b", &[("KS006", ",")]),
        ("let f = (x:string) { T | where a = x; }; f('y')", &[("KS002", "=")]),
        ("alias database D = E; restrict access to (E); T", &[("KT002", "alias"), ("KT002", "restrict")]),
        (".show tables", &[("KS002", ".")]),
        ("database('x').table('T') | take 1", &[("KT006", "database('x')")]),
        ("x.f() | take 1", &[("KT003", "f")]),
        ("let x = 1 let y = 2; T", &[("KS001", "")]),
        ("let = 5; T | where", &[("KS006", "="), ("KS006", "")]),
        ("T | where a == 'x\n| where b = 1", &[("KS004", "'"), ("KS002", "=")]),
        ("T | where f(a, 'x)\n| where b = 1", &[("KS004", "'"), ("KS002", "=")]),
        ("T | where a == \"\\d\"", &[("KS004", "\\d")]),
        ("T | where a > 1.5x", &[("KS004", "1.5x")]),
        ("T | where a > datetime(strcat('x', 'y')) | where b = 1", &[("KS004", "datetime"), ("KS002", "=")]),
        ("T | where a == “x”", &[("KS002", "“x”")]),
        ("T | where a == 1) | where b = 2", &[("KS002", ")"), ("KS002", "=")]),
        (
            "T | where f((a, b) | where c = 2; U | where d = 1",
            &[("KS001", "("), ("KS002", ","), ("KS002", "="), ("KS002", "=")],
        ),
        ("| where a", &[("KS006", "|")]),
        ("T | where x == null", &[("KS006", "null")]),
        ("T | where a in ()", &[("KS006", ")")]),
        ("T | where f(a, ) | where ((), b)", &[("KS006", ")"), ("KS006", ")"), ("KS002", ",")]),
        (") | where b = 1", &[("KS006", ")"), ("KS002", "=")]),
        ("T | where f(a b, c d)", &[("KS002", "b"), ("KS002", "d")]),
        ("T | where x == - - 1", &[("KS002", "-")]),
        ("T | where a == dynamic([1, f(x)])", &[("KS006", "f")]),
        ("T | where a ; | ", &[("KS006", "|"), ("KS176", "")]),
        ("T | Where a", &[("KS176", "Where")]),
    ];
    for (text, expected) in cases {
        let (shown, diagnostics) = short_query(text);
        let found: Vec<_> = diagnostics.iter().map(|d| (d.code, &text[d.span.start..d.span.end])).collect();
        assert_eq!(&found, expected, "{text}\n{shown}\n{diagnostics:#?}");
    }
}

#[test]
fn suggestions() {
    for (text, help) in [
        ("T | whree a", "Did you mean `where`?"),
        ("T | where a contians 'x'", "Did you mean `contains`?"),
        ("T | take 1\n\nDeviceEvents | take 1", "If another query begins here, put `;` before it."),
        ("T | where a AND b", "Did you mean `and`?"),
        ("T | where a !has_any ('x')", "Write `not(x has_any (…))`."),
    ] {
        assert_eq!(short_query(text).1[0].help.as_deref(), Some(help), "{text}");
    }
}

#[test]
fn spans_cover_what_was_read() {
    let text = "T | where (a.b == 'x') and c";
    let parsed = parse(text, &Limits::default());
    let Statement::Expression(Expr { kind: ExprKind::Pipe { operators, .. }, .. }) = &parsed.query.statements[0] else {
        panic!("{parsed:?}");
    };
    let OperatorKind::Where(Expr { kind: ExprKind::Logical { operands, .. }, .. }) = &operators[0].kind else {
        panic!("{operators:?}");
    };
    let at = |span: Span| &text[span.start..span.end];
    assert_eq!(at(operators[0].span), "where (a.b == 'x') and c");
    assert_eq!(at(operands[0].span), "(a.b == 'x')");
}

#[test]
fn limits_are_told_not_hit() {
    let limits = Limits::default();
    let long = parse("T | where a", &Limits { max_length: 4, ..limits });
    assert_eq!(long.diagnostics[0].code, "KS244");
    assert_eq!(parse_expression("1 + 1 + 1", &Limits { max_length: 4, ..limits }).1[0].code, "KS244");
    let deep = [
        "(",
        "not(",
        "a[",
        "dynamic([",
        "f(x | union (",
        "(union (",
        "T | where a in (",
        "1 between (",
        "(T | where ",
        "let f = () { ",
        "T | join (",
        "datatable(a:long)[(",
        "T | summarize f(",
        "database(",
        "search (",
    ];
    for piece in deep {
        let text = piece.repeat(50_000);
        let diagnostics = parse(&text, &limits).diagnostics;
        assert_eq!(diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(), ["KS245"], "{piece}");
    }
    let apply = format!("T | {}", "mv-apply a on (".repeat(100_000));
    assert_eq!(parse(&apply, &limits).diagnostics[0].code, "KS245");
    let json = format!("dynamic({}", "[".repeat(100_000));
    assert_eq!(parse(&json, &limits).diagnostics[0].code, "KS245");
    // A chain makes a high tree without any bracket; chains inside chains too.
    for text in [
        format!("1{}", "+1".repeat(100_000)),
        format!("{}1{}", "(".repeat(90), format!("{})", "+1".repeat(90)).repeat(90)),
    ] {
        let (_, diagnostics) = parse_expression(&text, &limits);
        assert_eq!(diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(), ["KS245"]);
    }
    // What is wide is not deep.
    let wide = format!("a{}", " and a".repeat(100_000));
    assert_eq!(parse_expression(&wide, &limits).1, vec![]);
    assert_eq!(parse(&format!("T{}", " | where a".repeat(10_000)), &limits).diagnostics, vec![]);
    let nested = format!("{}a{}", "(".repeat(190), ")".repeat(190));
    assert_eq!(parse_expression(&nested, &limits).1, vec![]);
}

/// Nothing here may take more than one pass: a quadratic reading would not end within the test's patience.
#[test]
fn garbage_is_read_in_linear_time() {
    let pieces = [
        "-",
        "#",
        "# a ",
        "\"",
        "'\n",
        "@'",
        "```",
        "datetime(",
        "datetime(a",
        "x.",
        "|",
        "| ",
        ")",
        "]",
        ";",
        "let ",
        "let x=",
        "!",
        "1 ",
        "5x ",
        "1.5x ",
        "a b ",
        ",",
        "= ",
        "é",
        "\\",
        "union ",
        "a-",
        "T|where ",
        "T|summarize (",
        "(]",
        "in~",
        "h",
        "not a ",
        "/",
        "“",
        "“a ",
        "{",
        "[;",
        "('\n",
        "dynamic({",
        "let f = (a:long) {",
        "let f=(){};",
        "}",
        "externaldata(",
        "externaldata(a)[",
        "datatable(",
        "T|scan (",
        "T|parse a with * ",
        "database('x').",
        "a*",
        "print ",
        "mv-apply x on (",
        "declare query_parameters(",
        "search in (",
        "!in ",
    ];
    for piece in pieces {
        let parsed = parse(&piece.repeat((1 << 20) / piece.len()), &Limits::default());
        assert!(parsed.diagnostics.len() <= 300, "{piece}");
    }
    let brackets = "(".repeat(1 << 19) + &"]".repeat(1 << 19);
    assert!(!parse(&brackets, &Limits::default()).diagnostics.is_empty());
}

#[test]
fn every_prefix_and_every_hole_is_read() {
    for (at, _) in SEED.char_indices() {
        parse(&SEED[..at], &Limits::default());
    }
    for text in [
        "let f = (t:(a:long), u:(*), n:int = 5) { let g = view () { t }; g | where a in (n) };",
        "declare query_parameters(a:long = 1); search in (A, B*) 'x' and c:'y' | evaluate p(d) : (*, a:long)",
        "T | summarize (a, b) = arg_max(a, *), n = count() by bin(x, 1d) | mv-expand a = b.[0] to typeof(long) limit 1",
        "T | mv-apply a on (where b | top 1 by c) | parse kind=regex s with * 'a' b:long | parse-kv s as (a:long) with (x='y')",
        "T | join kind=inner (database('x').U) on $left.a == $right.b | make-series count() default=0 on t in range(1, 2, 3) by k",
        "union T*, datatable(a:long)[1, 2,], externaldata(a:long)['x'] with (a=b) | project-reorder a* desc | scan with (step s: a => b = 1;)",
    ] {
        read_with_holes(text);
    }
    read_with_holes(
        "let a = dynamic({\"k\": [1, -2d]}); union kind=inner (T | where x !in~ (a, 'b') and y between (1 .. 2) | extend z = f(x.['q'][0])), U | top 3 by x asc nulls last",
    );
}

/// The text with every stretch of it left out once.
fn read_with_holes(text: &str) {
    for (start, _) in text.char_indices() {
        for (end, _) in text.char_indices().filter(|(end, _)| *end > start) {
            let holed = text[..start].to_owned() + &text[end..];
            for diagnostic in parse(&holed, &Limits::default()).diagnostics {
                assert!(diagnostic.span.end <= holed.len());
            }
        }
    }
}
