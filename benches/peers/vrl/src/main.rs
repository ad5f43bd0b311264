//! Runs a VRL program over the lines of a file, as Vector's remap does behind a JSON decoder: vrl-peer PROGRAM CORPUS.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};

use vrl::compiler::runtime::Runtime;
use vrl::compiler::state::RuntimeState;
use vrl::compiler::{TargetValue, TimeZone};
use vrl::value::{Secrets, Value};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(program), Some(corpus)) = (arguments.next(), arguments.next()) else {
        return Err("usage: vrl-peer PROGRAM CORPUS".into());
    };
    let source = std::fs::read_to_string(program)?;
    let program = vrl::compiler::compile(&source, &vrl::stdlib::all()).map_err(|e| format!("{e:#?}"))?.program;
    let mut runtime = Runtime::new(RuntimeState::default());
    let timezone = TimeZone::default();
    let mut lines = BufReader::with_capacity(256 * 1024, File::open(corpus)?);
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        let value: Value = serde_json::from_slice(&line)?;
        line.clear();
        let mut target =
            TargetValue { value, metadata: Value::Object(Default::default()), secrets: Secrets::default() };
        let answer = runtime.resolve(&mut target, &program, &timezone).map_err(|e| format!("{e:?}"))?;
        runtime.clear();
        if let Some(answer) = answer.as_bytes() {
            out.write_all(answer)?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()?;
    Ok(())
}
