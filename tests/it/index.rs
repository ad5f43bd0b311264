//! From eight detections of a table on, a record is held only against those with a pattern that hit. What that leaves out
//! must be what would not have matched.

use kqltap::rule::parse_kql;
use serde_json::json;

use crate::tap;

/// Every way to be filed: under one pattern, under any of several, under nothing, and under what cannot match.
const PREDICATES: [&str; 18] = [
    "FileName has 'alpha'",
    "FileName has 'alpha' and FolderPath contains 'tmp'",
    "FileName has 'alpha' or FolderPath contains 'tmp'",
    "FileName has 'alpha' or FileSize > 5",
    "(FileName == 'alpha.txt' or FileName =~ 'BETA') and FolderPath startswith '/'",
    "FileName in~ ('alpha.txt', 'gamma')",
    "FileName in ('beta', '')",
    "FileName has_any ('beta', 'gamma')",
    "FileName has_all ('alpha', 'txt')",
    "FileName has_any (dynamic([]))",
    "FileName has_all (dynamic([]))",
    "FileName !has 'alpha'",
    "not(FileName has 'alpha') and FolderPath endswith 'tmp'",
    "FileName has ''",
    "FileName == ''",
    "FileSize == 7",
    "tolower(FileName) has_cs 'alpha' and isnotempty(FolderPath)",
    "1 == 2",
];

#[test]
fn many_rules_together_give_what_each_gives_alone() {
    let rules = |range: std::ops::Range<usize>| {
        let parse = |at: usize| {
            let query = format!("DeviceFileEvents | where {} | project FileName, FolderPath", PREDICATES[at]);
            parse_kql(&format!("rule{at}.kql"), &query).unwrap()
        };
        tap::ruleset(range.flat_map(parse).collect())
    };
    let together = rules(0..PREDICATES.len());
    assert!(together.tables[0].index.is_some(), "there is no index to test");
    let alone: Vec<_> = (0..PREDICATES.len()).map(|at| rules(at..at + 1)).collect();
    assert!(alone.iter().all(|ruleset| ruleset.tables[0].index.is_none()));
    let (mut matched, mut records) = (vec![0; alone.len()], 0);
    for name in [json!("alpha"), json!("ALPHA.txt"), json!("alphabet"), json!("beta"), json!("x gamma"), json!(null)] {
        for folder in [json!("/tmp"), json!("C:\\Temp"), json!(null)] {
            for size in [json!(7), json!(3), json!(null)] {
                let line =
                    json!({"Type": "DeviceFileEvents", "FileName": name, "FolderPath": folder, "FileSize": size});
                let line = line.to_string();
                records += 1;
                for path in tap::PATHS {
                    let each: Vec<Vec<String>> =
                        alone.iter().map(|ruleset| tap::alert_lines(ruleset, path, [&line])).collect();
                    assert_eq!(tap::alert_lines(&together, path, [&line]), each.concat(), "{path:?} {line}");
                    matched.iter_mut().zip(&each).for_each(|(matched, alerts)| *matched += alerts.len());
                }
            }
        }
    }
    // A rule that always matches, or never does, shows nothing; all but these four do neither.
    let telling = matched.iter().filter(|n| (1..2 * records).contains(*n)).count();
    assert_eq!(telling, PREDICATES.len() - 4, "{matched:?}");
}
