"""The job in DuckDB, one thread: job_duckdb.py CORPUS; the answer goes to standard output, the seconds (wall, CPU) to standard
error."""

import sys
import time

import duckdb
import job

# With the columns named, DuckDB takes out of each line what is asked for. (Reading whole objects and asking them for one
# path after the other was tried, and is slower.)
device = ", ".join(f"{name}: 'VARCHAR'" for name in job.DEVICE)
struct = ", ".join(f"{name} VARCHAR" for name in job.DEVICE)
columns = f"""{{Type: 'VARCHAR', category: 'VARCHAR', {device}, properties:
    'STRUCT({struct}, operationName VARCHAR, result VARCHAR, correlationId VARCHAR, targetResources JSON)'}}"""
either = ", ".join(f"coalesce({name}, properties.{name}) AS {name}" for name in job.DEVICE)

query = f"""
    SELECT {job.sql_case("regexp_matches")} AS vector, CASE WHEN t = 'AuditLogs' THEN correlation ELSE DeviceId END AS id
    FROM (SELECT coalesce(Type, replace(category, 'AdvancedHunting-', '')) AS t, {either},
            properties.operationName AS operation, properties.result AS outcome, properties.correlationId AS correlation,
            properties.targetResources->'$[0].modifiedProperties' AS scopes
          FROM read_ndjson('{sys.argv[1]}', columns = {columns}))
    WHERE vector != ''"""

start = time.perf_counter(), time.process_time()
connection = duckdb.connect()
connection.execute("PRAGMA threads=1")
rows = connection.execute(query).fetchall()
print(time.perf_counter() - start[0], time.process_time() - start[1], file=sys.stderr)
for vector, key in rows:
    print(vector, key)
