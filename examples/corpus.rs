//! Writes a corpus of records to standard output, for measuring.
//!
//!     cargo run --release --example corpus -- 1000000000 0.027 7 > corpus.ndjson
//!
//! The arguments are its size in bytes, the share of records that the T1528 pack must look at, and the seed.

#[path = "../benches/corpus/mod.rs"]
mod corpus;

use std::io::{BufWriter, Write as _};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let bytes: u64 = arguments.next().unwrap_or("100000000".into()).parse()?;
    let rate: f64 = arguments.next().unwrap_or("0.027".into()).parse()?;
    let mut random = corpus::Random::new(arguments.next().unwrap_or("7".into()).parse()?);
    let mut out = BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    let (mut line, mut written) = (Vec::new(), 0);
    while written < bytes {
        line.clear();
        corpus::line(&mut random, rate, &mut line);
        out.write_all(&line)?;
        written += line.len() as u64;
    }
    out.flush()?;
    Ok(())
}
