"""The job in ClickHouse (chdb), one thread: job_clickhouse.py CORPUS; answer to standard output, seconds
(wall, CPU) to standard error."""

import sys
import time

import chdb
import job

device = ", ".join(f"{name} Nullable(String)" for name in job.DEVICE)
structure = f"""Type Nullable(String), category Nullable(String), {device}, properties Tuple({device},
    operationName Nullable(String), result Nullable(String), correlationId Nullable(String),
    targetResources Nullable(String))"""
either = ", ".join(f"coalesce({name}, properties.{name}) AS {name}" for name in job.DEVICE)
quoted = structure.replace("'", "''").replace("\n", " ")

query = f"""
    SELECT {job.sql_case("match")} AS vector, if(t = 'AuditLogs', correlation, DeviceId) AS id
    FROM (SELECT coalesce(Type, replace(category, 'AdvancedHunting-', '')) AS t, {either},
            properties.operationName AS operation, properties.result AS outcome, properties.correlationId AS correlation,
            JSONExtractRaw(coalesce(properties.targetResources, ''), 1, 'modifiedProperties') AS scopes
          FROM file('{sys.argv[1]}', 'JSONEachRow', '{quoted}'))
    WHERE vector != ''
    FORMAT TSV
    SETTINGS max_threads = 1, max_parsing_threads = 1, input_format_parallel_parsing = 0,
        input_format_skip_unknown_fields = 1, input_format_json_ignore_unknown_keys_in_named_tuple = 1,
        input_format_json_read_arrays_as_strings = 1, input_format_json_read_objects_as_strings = 1"""

start = time.perf_counter(), time.process_time()
answer = chdb.query(query).bytes()
print(time.perf_counter() - start[0], time.process_time() - start[1], file=sys.stderr)
sys.stdout.write(answer.decode().replace("\t", " "))
