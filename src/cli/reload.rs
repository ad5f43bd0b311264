//! Rules and certificates are read again while a run goes on: at SIGHUP, and with `--watch` when their files change.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::spawn_blocking;

use super::run::ruleset;
use crate::pipeline::run::Running;
use crate::rule::Stamps;
use crate::settings::Settings;

/// How often files are looked at. Polling sees renames, links that lead elsewhere and network file systems alike.
const LOOK: Duration = Duration::from_secs(1);

/// Reads again whenever `asked` says so. Who asks several times while it reads is answered by one reload more.
pub(super) async fn on_request(running: Arc<Running>, settings: Arc<Settings>, asked: Arc<Notify>) {
    loop {
        asked.notified().await;
        let (one, other) = (running.clone(), settings.clone());
        // On a thread of its own, for it may take seconds. One that panics has said so.
        let well = spawn_blocking(move || reload(&one, &other)).await.unwrap_or(false);
        running.rules().reloaded(well);
    }
}

/// What is good is taken, and what has errors stays as it was; whether all was good.
fn reload(running: &Running, settings: &Settings) -> bool {
    let certificates = running.reload_certificates();
    if let Err(error) = &certificates {
        say!(Error; "kqltap: {error}; the certificates that are there stay");
    }
    if running.is_batch() {
        say!(Warn; "kqltap: with --batch rules are not read again, for the whole input is one result");
        return certificates.is_ok();
    }
    let ruleset = ruleset(settings).unwrap_or_else(|error| {
        say!(Error; "kqltap: {error}");
        None
    });
    match ruleset {
        Some(ruleset) => {
            let count = ruleset.rules.len();
            let generation = running.rules().install(Arc::new(ruleset));
            say!("kqltap: rules were read again: generation {generation} has {count}");
            certificates.is_ok()
        }
        None => {
            say!(
                Error; "kqltap: rules were read again and have errors; generation {} stays",
                running.rules().current().number
            );
            false
        }
    }
}

/// The files and folders whose changes are noticed.
pub(super) struct Watch {
    paths: Vec<PathBuf>,
    seen: Stamps,
}

impl Watch {
    /// Looks at them for the first time, which must be before they are read.
    pub(super) fn begin(settings: &Settings) -> Watch {
        let rules = settings.rules.iter().filter(|path| *path != "builtin");
        let folders = settings.watchlists.iter().chain(&settings.external_data);
        let folders = folders.chain(&settings.geo_database).chain(&settings.user_agents);
        let lists = settings.functions.iter().chain(&settings.table_schemas).chain(&settings.tuning);
        let mut paths: Vec<PathBuf> = rules.chain(lists).chain(folders).map(PathBuf::from).collect();
        if let Some(tls) = &settings.tls {
            paths.extend([&tls.certificate, &tls.key].into_iter().chain(&tls.client_ca).cloned());
        }
        let own = &settings.sink.tls;
        paths.extend(own.ca.iter().chain(&own.certificate).chain(&own.key).cloned());
        let seen = Stamps::of(&paths);
        Watch { paths, seen }
    }

    /// Asks for a reload once files have changed and do not change any more. So several changes at once are one, and a file
    /// that is being written is read when it is whole.
    pub(super) async fn follow(mut self, asked: Arc<Notify>) {
        let mut last = None;
        loop {
            tokio::time::sleep(LOOK).await;
            let paths = std::mem::take(&mut self.paths);
            let Ok((now, paths)) = spawn_blocking(move || (Stamps::of(&paths), paths)).await else { return };
            self.paths = paths;
            if now != self.seen && last.as_ref() == Some(&now) {
                self.seen = now.clone();
                asked.notify_one();
            }
            last = Some(now);
        }
    }
}
