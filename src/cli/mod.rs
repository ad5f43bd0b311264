//! The command line: arguments, one file a command, and the exit status.

mod args;
mod check;
mod completions;
mod config;
mod eval;
mod explain;
mod functions;
mod json;
mod libraries;
mod man;
mod progress;
mod reload;
mod rules;
mod run;
mod tables;
mod test;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Arguments, Command};

/// Done.
const OK: u8 = 0;
/// A failure while running, or a ledger that does not balance, or a test that failed.
const FAILED: u8 = 1;
/// Wrong usage, or a rule with errors.
const USAGE: u8 = 2;

/// Runs the command line; the exit status says how it went.
pub fn main() -> ExitCode {
    let status = match Arguments::parse().command {
        Command::Run(arguments) => run::run(*arguments),
        Command::Config(arguments) => config::config(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Test(arguments) => test::test(&arguments),
        Command::Explain(arguments) => explain::explain(&arguments),
        Command::Eval(arguments) => eval::eval(&arguments),
        Command::Tables(arguments) => tables::tables(&arguments),
        Command::Functions(arguments) => functions::functions(&arguments),
        Command::Completions(arguments) => completions::completions(&arguments),
        Command::Man(arguments) => man::man(&arguments),
    };
    ExitCode::from(status)
}

/// Prints to standard output. A reader that has gone is no failure: there is nobody left to tell.
fn print(text: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        let gone = error.kind() == std::io::ErrorKind::BrokenPipe;
        if !gone {
            say!(Error; "kqltap: cannot write to standard output: {error}");
        }
        std::process::exit(i32::from(if gone { OK } else { FAILED }));
    }
}
