"""The job in Polars, one thread (POLARS_MAX_THREADS=1): job_polars.py CORPUS; answer to standard output, seconds
(wall, CPU) to standard error."""

import sys
import time

import job
import polars as pl

text = {name: pl.String for name in job.DEVICE}
target = pl.Struct({"modifiedProperties": pl.List(pl.Struct({"newValue": pl.String, "oldValue": pl.String}))})
audit = {"operationName": pl.String, "result": pl.String, "correlationId": pl.String, "targetResources": pl.List(target)}
schema = {"Type": pl.String, "category": pl.String, **text, "properties": pl.Struct({**text, **audit})}

inner = pl.col("properties").struct
either = [pl.coalesce(pl.col(name), inner.field(name)).alias(name) for name in job.DEVICE]
table = pl.coalesce(pl.col("Type"), pl.col("category").str.replace("AdvancedHunting-", "", literal=True)).alias("t")
lower = lambda name: pl.col(name).fill_null("").str.to_lowercase()
has = lambda name, regex: pl.col(name).fill_null("").str.contains(regex)
is_scope = pl.element().struct.field("newValue").fill_null("").str.contains(job.CONSENT_SCOPES)
is_old_scope = pl.element().struct.field("oldValue").fill_null("").str.contains(job.CONSENT_SCOPES)
properties = inner.field("targetResources").list.first().struct.field("modifiedProperties")

process = lower("InitiatingProcessFileName")
imds = (
    (pl.col("t") == "DeviceNetworkEvents") & (pl.col("RemoteIP") == job.IMDS_ADDRESS)
    & has("RemoteUrl", job.IMDS_URL) & ~process.is_in(job.IMDS_AGENTS)
)
is_file = pl.col("t") == "DeviceFileEvents"
kubernetes = (
    is_file & lower("FileName").is_in(job.K8S_FILES) & has("FolderPath", job.K8S_PATH)
    & ~process.is_in(job.K8S_PROCESSES)
)
cache = (
    is_file & lower("ActionType").is_in(job.CACHE_ACTIONS)
    & (has("FileName", job.CACHE_FILE)
       | (lower("FileName").str.ends_with(".json") & has("FolderPath", job.CACHE_PATH)))
    & ~process.is_in(job.CACHE_OWNERS)
)
consent = (
    (pl.col("t") == "AuditLogs") & inner.field("operationName").is_in(job.CONSENT_OPERATIONS)
    & (inner.field("result") == "success") & properties.list.eval(is_scope | is_old_scope).list.any()
)
vector = (
    pl.when(imds).then(pl.lit("imds")).when(kubernetes).then(pl.lit("kubernetes")).when(cache).then(pl.lit("cache"))
    .when(consent).then(pl.lit("consent")).alias("vector")
)
key = pl.coalesce(pl.col("DeviceId"), inner.field("correlationId")).alias("id")

start = time.perf_counter(), time.process_time()
lines = pl.scan_ndjson(sys.argv[1], schema=schema, low_memory=True)
rows = lines.with_columns(table, *either).select(vector, key).filter(pl.col("vector").is_not_null()).collect()
print(time.perf_counter() - start[0], time.process_time() - start[1], file=sys.stderr)
for vector, key in rows.iter_rows():
    print(vector, key)
