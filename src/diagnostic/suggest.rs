//! "Did you mean": the known name nearest to one that is not known.

/// Longer names than this are not compared: no table or column has one, and the cost grows with the square.
const LONGEST: usize = 128;

/// The candidate nearest to `name`, if one is near enough: equal but for letter case, or within edits (insert, delete,
/// replace, swap of neighbours; letter case is free) of a third of the name's length. The first of equals wins.
pub fn suggest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = fold(name);
    if wanted.len() > LONGEST {
        return None;
    }
    let mut limit = wanted.len() / 3;
    let mut nearest = None;
    for candidate in candidates {
        let folded = fold(candidate);
        if folded == wanted {
            return Some(candidate);
        }
        if folded.len().abs_diff(wanted.len()) > limit {
            continue;
        }
        let distance = distance(&wanted, &folded);
        if distance < limit || (distance == limit && nearest.is_none()) {
            nearest = Some(candidate);
            limit = distance;
        }
    }
    nearest
}

fn fold(name: &str) -> Vec<char> {
    name.chars().flat_map(char::to_lowercase).collect()
}

/// Damerau-Levenshtein distance (optimal string alignment), three rows at a time.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let mut least = (above[j] + usize::from(x != y)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = above;
        above = row;
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among(name: &str, candidates: &[&'static str]) -> Option<&'static str> {
        suggest(name, candidates.iter().copied())
    }

    #[test]
    fn distances() {
        let d = |a: &str, b: &str| distance(&fold(a), &fold(b));
        assert_eq!(d("", "abc"), 3);
        assert_eq!(d("kitten", "sitting"), 3);
        assert_eq!(d("FielName", "FileName"), 1, "a swap is one edit");
        assert_eq!(d("RemoteIp", "RemoteIP"), 0);
    }

    #[test]
    fn the_nearest_is_suggested() {
        assert_eq!(among("remoteip", &["RemoteIPType", "RemoteURL", "RemoteIP"]), Some("RemoteIP"));
        assert_eq!(
            among("DeviceNetworkEvent", &["DeviceFileEvents", "DeviceNetworkEvents"]),
            Some("DeviceNetworkEvents")
        );
        assert_eq!(among("Accountname", &["AccountUpn", "AccountName"]), Some("AccountName"), "case before edits");
        assert_eq!(among("Nonsense", &["FileName", "FolderPath"]), None);
        assert_eq!(among("ab", &["ac"]), None, "no edit in two letters");
        assert_eq!(among(&"x".repeat(500), &["x"]), None);
    }
}
