//! Writes generated rules to a folder, one a file, for measuring how cost grows with their number.
//!
//!     cargo run --release --example rules_corpus -- 1000 /tmp/rules-1000
//!
//! The arguments are the number of rules and the folder, which is made if it is not there.

#[path = "../benches/corpus/mod.rs"]
#[allow(dead_code)] // only the rules are wanted here
mod corpus;

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(count), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("name the number of rules and a folder".into());
    };
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder)?;
    for (number, query) in corpus::rules::rules(count.parse()?).iter().enumerate() {
        std::fs::write(folder.join(format!("rule-{:05}.kql", number + 1)), query)?;
    }
    Ok(())
}
