//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::settings::RawSettings;

/// A tap in a log pipe: reads log records as lines, holds each against Microsoft Sentinel KQL detections, writes an alert
/// for each match.
#[derive(Debug, Parser)]
#[command(name = "kqltap", version, max_term_width = 110)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read records, write alerts
    Run(Box<RunArguments>),
    /// Show the settings that run would have with these flags, and where each comes from
    Config(Box<RunArguments>),
    /// Say what is wrong with rules
    Check(CheckArguments),
    /// Run the records that rules carry: what must match, and what must not
    Test(RulesArguments),
    /// Show what rules become: tables, columns, patterns, what is left out
    Explain(RulesArguments),
    /// Evaluate a scalar expression
    Eval(EvalArguments),
    /// List the known tables, or the columns of one
    Tables(TablesArguments),
    /// List the functions that queries can call, or say what one does
    Functions(FunctionsArguments),
    /// Print what a shell needs to complete commands and flags
    Completions(CompletionsArguments),
    /// Print the manual page, or write a page for each command
    Man(ManArguments),
}

/// What queries may use besides what comes with kqltap.
#[derive(Debug, Args)]
pub(super) struct LibraryArguments {
    /// Saved functions: Sentinel's parser YAML, .kql files, or folders of them; repeatable
    #[arg(long, value_name = "PATH")]
    pub(super) functions: Vec<String>,
    /// A folder of watchlists, name.csv or name.json, for _GetWatchlist('name')
    #[arg(long, value_name = "DIR")]
    pub(super) watchlists: Option<String>,
    /// A folder of local copies of what queries read by externaldata
    #[arg(long, value_name = "DIR")]
    pub(super) external_data: Option<String>,
    /// A MaxMind DB file (.mmdb) for geo_info_from_ip_address()
    #[arg(long, value_name = "FILE")]
    pub(super) geo_database: Option<String>,
    /// uap-core's regexes.yaml, for parse_user_agent()
    #[arg(long, value_name = "FILE")]
    pub(super) user_agents: Option<String>,
    /// Tables of your own: .toml files like those in config/tables, or folders of them; repeatable
    #[arg(long = "table-schema", value_name = "PATH")]
    pub(super) table_schemas: Vec<String>,
    /// A file of settings; see config/kqltap.toml
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

impl LibraryArguments {
    /// What the flags say of the settings.
    pub(super) fn settings(&self) -> RawSettings {
        RawSettings {
            functions: some(&self.functions),
            watchlists: self.watchlists.clone(),
            external_data: self.external_data.clone(),
            geo_database: self.geo_database.clone(),
            user_agents: self.user_agents.clone(),
            table_schemas: some(&self.table_schemas),
            ..RawSettings::default()
        }
    }
}

/// A list that was given.
fn some(list: &[String]) -> Option<Vec<String>> {
    (!list.is_empty()).then(|| list.to_vec())
}

/// What changes rules from outside their files.
#[derive(Debug, Args)]
pub(super) struct TuningArguments {
    /// Overlays that tune rules: lists, exceptions, severity, rules turned off; repeatable
    #[arg(long, value_name = "PATH")]
    pub(super) tuning: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// What to read: files, - for standard input, tcp://HOST:PORT or unix:PATH to listen on; all at once if one listens
    #[arg(value_name = "INPUT", default_value = "-")]
    pub(super) inputs: Vec<String>,
    /// Rules: a .yaml, .yml or .kql file, a folder, or builtin; repeatable
    #[arg(long, value_name = "PATH")]
    rules: Vec<String>,
    /// Where alerts go: -, a file, which is appended to, tcp://HOST:PORT, tls://HOST:PORT or unix:PATH
    #[arg(long, value_name = "TARGET")]
    output: Option<String>,
    /// Whose certificates the peer of a tls:// output may have [default: those that the system trusts]
    #[arg(long, value_name = "PEM")]
    output_tls_ca: Option<String>,
    /// Our own certificate, for a peer that asks for one
    #[arg(long, value_name = "PEM")]
    output_tls_cert: Option<String>,
    /// Its key
    #[arg(long, value_name = "PEM")]
    output_tls_key: Option<String>,
    /// What happens to alerts that the sink does not take: wait and read no more, or drop and count them
    #[arg(long, value_name = "WHAT")]
    on_full: Option<OnFullName>,
    /// A folder in which alerts wait until the peer has them, across crashes and restarts
    #[arg(long, value_name = "DIR")]
    spool: Option<String>,
    /// What the spool may take, such as 512MiB
    #[arg(long, value_name = "SIZE")]
    spool_max: Option<String>,
    /// How long what was read may wait for the sink once the run is ending, such as 3s
    #[arg(long, value_name = "TIME")]
    drain_timeout: Option<String>,
    /// Read rules, what they lean on and certificates again when their files change
    #[arg(long)]
    watch: bool,
    /// Serve how the run is: /metrics for Prometheus, /healthz, /readyz
    #[arg(long, value_name = "HOST:PORT")]
    metrics: Option<String>,
    /// Write alerts, or every line with matched records annotated
    #[arg(long, value_name = "WHAT")]
    emit: Option<EmitName>,
    /// The shape of alerts: kqltap's own, or a standard's with kqltap's own within
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatName>,
    /// The table of records that name none
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// Take a query's bound on event time as true, or apply it
    #[arg(long, value_name = "HOW")]
    lookback: Option<LookbackName>,
    /// What now() is [default: the clock]
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
    /// Read the whole input first, so that sort, top and take apply
    #[arg(long)]
    batch: bool,
    /// A column that a table's schema lacks is an error, as in Sentinel
    #[arg(long)]
    strict: bool,
    /// Where lines go that cannot be decoded, each with its reason
    #[arg(long, value_name = "PATH")]
    dead_letter: Option<String>,
    /// Threads that handle lines [default: one for each core, at most 8]
    #[arg(long, value_name = "N")]
    workers: Option<u64>,
    /// Hold one block of lines in N against the plain evaluator too
    #[arg(long, value_name = "N")]
    shadow: Option<u64>,
    /// Whose lines are decoded: auto, off (records of tables only), or the name of a sender
    #[arg(long, value_name = "NAME")]
    decode: Option<String>,
    /// The certificate of tcp:// listeners, PEM, and those that lead to its authority; they then speak TLS only
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<String>,
    /// The private key of --tls-cert, PEM
    #[arg(long, value_name = "FILE")]
    tls_key: Option<String>,
    /// Authorities of senders, PEM; a sender must then show a certificate of one of them
    #[arg(long, value_name = "FILE")]
    tls_client_ca: Option<String>,
    /// Listen without TLS where other machines can connect too
    #[arg(long)]
    allow_plaintext: bool,
    /// How the ledger is shown at the end
    #[arg(long, value_name = "HOW")]
    stats: Option<StatsName>,
    /// How often the ledger so far is shown, such as 60s [default: never]
    #[arg(long, value_name = "TIME")]
    stats_interval: Option<String>,
    /// How things are said on standard error
    #[arg(long, value_name = "HOW")]
    log_format: Option<LogFormatName>,
    #[command(flatten)]
    tuning: TuningArguments,
    #[command(flatten)]
    pub(super) libraries: LibraryArguments,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum EmitName {
    Alerts,
    Annotate,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatName {
    Native,
    Ocsf,
    Ecs,
    Asim,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OnFullName {
    Block,
    Drop,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LookbackName {
    Stream,
    Apply,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StatsName {
    Text,
    Json,
    Off,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormatName {
    Text,
    Json,
}

impl RunArguments {
    /// What the flags say of the settings.
    pub(super) fn settings(&self) -> RawSettings {
        let word = |value: &dyn std::fmt::Debug| format!("{value:?}").to_ascii_lowercase();
        RawSettings {
            rules: some(&self.rules),
            output: self.output.clone(),
            output_tls_ca: self.output_tls_ca.clone(),
            output_tls_cert: self.output_tls_cert.clone(),
            output_tls_key: self.output_tls_key.clone(),
            on_full: self.on_full.map(|o| word(&o)),
            spool: self.spool.clone(),
            spool_max: self.spool_max.clone(),
            drain_timeout: self.drain_timeout.clone(),
            watch: self.watch.then_some(true),
            metrics: self.metrics.clone(),
            emit: self.emit.map(|e| word(&e)),
            format: self.format.map(|f| word(&f)),
            table: self.table.clone(),
            lookback: self.lookback.map(|l| word(&l)),
            now: self.now.clone(),
            batch: self.batch.then_some(true),
            strict: self.strict.then_some(true),
            dead_letter: self.dead_letter.clone(),
            workers: self.workers,
            shadow: self.shadow,
            decode: self.decode.clone(),
            stats: self.stats.map(|s| word(&s)),
            stats_interval: self.stats_interval.clone(),
            log_format: self.log_format.map(|f| word(&f)),
            tls_cert: self.tls_cert.clone(),
            tls_key: self.tls_key.clone(),
            tls_client_ca: self.tls_client_ca.clone(),
            allow_plaintext: self.allow_plaintext.then_some(true),
            tuning: some(&self.tuning.tuning),
            ..self.libraries.settings()
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// Rules: files, folders, or builtin
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<String>,
    /// One line of JSON for each file
    #[arg(long)]
    pub(super) json: bool,
    /// A column that a table's schema lacks is an error, as in Sentinel
    #[arg(long)]
    pub(super) strict: bool,
    /// Check for run --batch, which runs operators over many rows too
    #[arg(long)]
    pub(super) batch: bool,
    #[command(flatten)]
    pub(super) tuning: TuningArguments,
    #[command(flatten)]
    pub(super) libraries: LibraryArguments,
}

#[derive(Debug, Args)]
pub(super) struct RulesArguments {
    /// Rules: files, folders, or builtin
    #[arg(value_name = "PATH", default_value = "builtin")]
    pub(super) paths: Vec<String>,
    #[command(flatten)]
    pub(super) tuning: TuningArguments,
    #[command(flatten)]
    pub(super) libraries: LibraryArguments,
}

#[derive(Debug, Args)]
pub(super) struct EvalArguments {
    /// The expression or query; without it, each line of standard input is an expression, or all of it one query
    #[arg(value_name = "EXPR", allow_hyphen_values = true)]
    pub(super) expression: Option<String>,
    /// Evaluate a whole query that reads no table of records
    #[arg(long)]
    pub(super) query: bool,
    /// Each line of standard input is a JSON string that holds one
    #[arg(long, conflicts_with = "expression")]
    pub(super) jsonl: bool,
    /// What now() is [default: the clock]
    #[arg(long, value_name = "TIME")]
    pub(super) now: Option<String>,
    #[command(flatten)]
    pub(super) libraries: LibraryArguments,
}

#[derive(Debug, Args)]
pub(super) struct TablesArguments {
    /// A table, to see its columns
    #[arg(value_name = "NAME")]
    pub(super) name: Option<String>,
    /// Tables of your own: .toml files like those in config/tables, or folders of them; repeatable
    #[arg(long = "table-schema", value_name = "PATH")]
    pub(super) table_schemas: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct FunctionsArguments {
    /// A function, to see what it does
    #[arg(value_name = "NAME")]
    pub(super) name: Option<String>,
    #[command(flatten)]
    pub(super) libraries: LibraryArguments,
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(super) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArguments {
    /// Write a page for each command into this folder
    #[arg(long, value_name = "DIR")]
    pub(super) dir: Option<PathBuf>,
}
