//! `kqltap run`: records in, alerts out.

use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

use super::args::RunArguments;
use super::libraries::Known;
use super::progress::{Plan, say_ledger};
use super::reload::{self, Watch};
use super::{FAILED, OK, USAGE, rules};
use crate::matcher::Ruleset;
use crate::pipeline::feed::{self, LiveOptions};
use crate::pipeline::generation::Generations;
use crate::pipeline::identity;
use crate::pipeline::metrics::Server;
use crate::pipeline::run::{GRACE, Run, RunError, Running};
use crate::pipeline::source::Input;
use crate::pipeline::tls::Tls;
use crate::schema::Table;
use crate::settings::{RawSettings, Settings, Stats};

pub(super) fn run(arguments: RunArguments) -> u8 {
    let settings = match RawSettings::resolve(arguments.settings(), arguments.libraries.config.as_deref()) {
        Ok(settings) => settings,
        Err(error) => {
            say!(Error; "kqltap: {error}");
            return USAGE;
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say!(Error; "kqltap: cannot start: {error}");
            return FAILED;
        }
    };
    // Before rules are read: whoever asks for a reload meanwhile gets one, and ends nothing.
    let hang_up = {
        let _runtime = runtime.enter();
        signal(SignalKind::hangup())
    };
    let watch = (settings.watch && !settings.worker.batch).then(|| Watch::begin(&settings));
    let inputs: Result<Vec<Input>, String> = arguments.inputs.iter().map(|i| Input::parse(i)).collect();
    let plan = Plan::new(&settings, inputs.as_deref().unwrap_or_default());
    let run = match inputs.and_then(|inputs| prepare(settings.clone(), inputs)) {
        Ok(Some(run)) => run,
        Ok(None) => return USAGE,
        Err(message) => {
            say!(Error; "kqltap: {message}");
            return USAGE;
        }
    };
    let server = match settings.metrics.as_deref().map(Server::bind).transpose() {
        Ok(server) => server,
        Err(error) => {
            say!(Error; "kqltap: cannot listen for --metrics {}: {error}", settings.metrics.unwrap_or_default());
            return FAILED;
        }
    };
    let running = match Running::new(run) {
        Ok(running) => Arc::new(running),
        Err(error) => {
            say!(Error; "kqltap: {error}");
            return FAILED;
        }
    };
    if settings.watch && watch.is_none() {
        say!(Warn; "kqltap: with --batch rules are not read again, so --watch does nothing");
    }
    let stats = settings.stats;
    let asked = Arc::new(Notify::new());
    runtime.spawn(reload::on_request(running.clone(), Arc::new(settings), asked.clone()));
    if let Some(watch) = watch {
        runtime.spawn(watch.follow(asked.clone()));
    }
    if let Some(server) = server {
        say!("kqltap: metrics on http://{}/metrics", server.address());
        runtime.spawn(server.serve(running.clone()));
    }
    let outcome = runtime.block_on(until_done_or_stopped(running.clone(), plan, hang_up, &asked));
    // The reading thread may sit in a read that never returns; it holds nothing, so nobody waits for it.
    runtime.shutdown_background();
    finish(&running, outcome, stats)
}

fn prepare(settings: Settings, inputs: Vec<Input>) -> Result<Option<Run>, String> {
    if let Some((one, other)) = identity::clash(&inputs, &settings.output, settings.dead_letter.as_ref()) {
        return Err(format!(
            "{one} and {other} are the same file; it would be read and written, or written twice, at once"
        ));
    }
    let tls = settings.tls.clone().map(Tls::load).transpose().map_err(|e| e.to_string())?.map(Arc::new);
    let live = LiveOptions { tls, ..settings.live.clone() };
    feed::check(&inputs, &live, settings.worker.max_line)?;
    let Some(ruleset) = ruleset(&settings)? else { return Ok(None) };
    Ok(Some(Run {
        rules: Generations::new(Arc::new(ruleset)),
        inputs,
        live,
        output: settings.output,
        sink: settings.sink,
        dead_letter: settings.dead_letter,
        options: settings.worker,
        workers: settings.workers,
        batch_memory: settings.batch_memory,
    }))
}

/// Reads the rules, and all that they lean on. What is wrong with them is printed; `None` if a rule has errors.
pub(super) fn ruleset(settings: &Settings) -> Result<Option<Ruleset>, String> {
    let known = Known::load(settings)?;
    let catalog = &known.catalog;
    if let Some(table) = &settings.table
        && !catalog.contains(table)
        && !Table::is_custom_name(table)
    {
        let near = catalog.suggest(table).map_or(String::new(), |near| format!("; did you mean '{near}'?"));
        return Err(format!("--table {table}: there is no such table{near}"));
    }
    let Some(bound) = rules::bound(&settings.rules, &known, known.bind) else {
        return Ok(None);
    };
    for line in &bound.disabled {
        say!("kqltap: {line}");
    }
    Ruleset::new(bound.rules, catalog, settings.table.as_deref()).map(Some).map_err(|e| e.to_string())
}

/// How a run ended; its error is shared by whoever waits for the run.
type Outcome = Result<(), Arc<RunError>>;

/// Drives the run on a thread of its own. A signal ends it between two blocks, a second one at once; SIGHUP is a reload.
async fn until_done_or_stopped(
    running: Arc<Running>,
    plan: Plan,
    mut hang_up: std::io::Result<Signal>,
    reload: &Notify,
) -> Outcome {
    // Before the first line is read: from the first alert on, whoever sees it may tell the run to stop.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    let mut progress = plan.begin();
    let mut done = on_thread(running.clone(), Running::drive);
    loop {
        tokio::select! {
            outcome = &mut done => return ended(outcome),
            () = received(&mut hang_up) => {
                running.reopen();
                reload.notify_one();
            }
            () = progress.due() => progress.show(&running),
            () = received(&mut terminate) => break,
            () = received(&mut interrupt) => break,
            // The input may be silent for ever, and nothing would be done with what it says.
            () = running.failed() => break,
        }
    }
    let most = running.drain_timeout() + 2 * GRACE;
    let stopped = tokio::time::timeout(most, on_thread(running.clone(), Running::stop));
    tokio::select! {
        // Both may sit in a sink that never returns; nothing but the process's end helps then.
        outcome = stopped => outcome.map_or_else(|_| Err(running.not_drained()), ended),
        () = received(&mut terminate) => Err(Arc::new(RunError::Quit)),
        () = received(&mut interrupt) => Err(Arc::new(RunError::Quit)),
    }
}

fn on_thread(running: Arc<Running>, work: fn(&Running) -> Outcome) -> tokio::task::JoinHandle<Outcome> {
    tokio::task::spawn_blocking(move || work(&running))
}

fn ended(outcome: Result<Outcome, tokio::task::JoinError>) -> Outcome {
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

/// Waits for a signal; for ever where the system lets nobody listen for it.
async fn received(signal: &mut std::io::Result<Signal>) {
    match signal {
        Ok(signal) => {
            let _ = signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

fn finish(running: &Running, outcome: Outcome, stats: Stats) -> u8 {
    let report = running.report();
    say_ledger(&report.ledger, stats, report.elapsed, true);
    match outcome {
        Err(error) => {
            say!(Error; "kqltap: {error}");
            FAILED
        }
        Ok(()) if report.unread || report.ledger.disagreements > 0 => FAILED,
        // Whoever closed the pipe wanted no more: that is success, and what it did not take is no loss.
        Ok(()) if report.closed || report.ledger.is_balanced() => OK,
        Ok(()) => FAILED,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::compile::{BindOptions, bind_rule};
    use crate::decode::Choice;
    use crate::kql;
    use crate::matcher::GatePlan;
    use crate::matcher::gate::Gate;
    use crate::pipeline::sink::{Output, SinkOptions};
    use crate::pipeline::worker::{Emit, WorkerOptions};
    use crate::record::Limits;
    use crate::schema::Catalog;
    use crate::settings::DEFAULTS;

    /// The status of a run over one record that matches, with a gate that looks for `literal`.
    fn status(literal: &str, shadow: u64) -> u8 {
        let catalog = Catalog::builtin();
        let rule = crate::rule::parse_kql("a.kql", "DeviceFileEvents | where FileName has 'hosts'").unwrap().remove(0);
        let bound = bind_rule(rule, &catalog, &kql::Limits::default(), BindOptions::default()).0.unwrap();
        let mut ruleset = Ruleset::new(vec![bound], &catalog, None).unwrap();
        ruleset.gate = GatePlan::On(Box::new(Gate::new(vec![literal.to_owned()])));
        let folder = tempfile::tempdir().unwrap();
        let records = folder.path().join("records.ndjson");
        std::fs::write(&records, "{\"Type\":\"DeviceFileEvents\",\"FileName\":\"hosts.yml\"}\n").unwrap();
        let running = Running::new(Run {
            rules: Generations::new(Arc::new(ruleset)),
            inputs: vec![Input::File(records)],
            live: Settings::new(RawSettings::from_toml("defaults", DEFAULTS).unwrap()).unwrap().live,
            output: Output::File(folder.path().join("alerts.ndjson")),
            sink: SinkOptions::default(),
            dead_letter: None,
            options: WorkerOptions {
                emit: Emit::Alerts,
                format: crate::alert::Format::Native,
                limits: Limits::default(),
                max_line: 1 << 20,
                now: None,
                batch: false,
                dead_letters: false,
                shadow,
                decode: Choice::Auto,
            },
            workers: 1,
            batch_memory: 1 << 20,
        })
        .unwrap();
        let outcome = running.drive();
        finish(&running, outcome, Stats::Off)
    }

    #[test]
    fn a_disagreement_fails_the_run() {
        assert_eq!(status("hosts", 1), OK);
        assert_eq!(status("nowhere to be found", 1), FAILED);
        // Nobody looked, so nobody knows.
        assert_eq!(status("nowhere to be found", 0), OK);
    }
}
