"""What others do with the same zip: each function is one way in common use, from the zip on disk to where it leaves the rows."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.generator import PID, metadata
from benchmarks.measure import Measured, Settings, Watch, fresh_home, size_of

# What is not delivered, told beside each time.
LACKS = {
    "stats-can": "16 of 18 columns as text in every row; no key, no check, no scalar factor, no history, no transaction with its origin",
    "polars": "the columns as read; no key, no check, no scalar factor, no history; the file unzipped to disk first, the table in memory",
    "dlt": "the columns as read, with load ids; no key, no check, no scalar factor; the file unzipped to disk first",
    "statcan-dl": "one Parquet file; no database, no key, no check, DGUID, COORDINATE and VECTOR dropped; the table in memory",
    "duckdb": "one bare table; no key, no check, no scalar factor, no history; the file unzipped to disk first",
}


def stats_can(settings: Settings) -> Measured:
    """A data frame as stats-can reads it, then `to_sql` with its defaults into the same engine as ours."""
    import stats_can as library
    from sqlalchemy import text

    from sql import warehouse

    home = fresh_home(settings)
    engine = warehouse.writer(home.home)
    watch = Watch()
    frame = library.sc.zip_table_to_dataframe(PID, Path(settings.zip).parent)
    watch("read")
    frame.to_sql("bench", engine, index=False, if_exists="replace")
    watch("to_sql")
    with engine.connect() as connection:
        rows = connection.execute(text("select count(*) from bench")).scalar()
    return _measured(settings, watch, rows) | {"size_mb": size_of(warehouse.url_of(home.home), ["bench"])}


def polars(settings: Settings) -> Measured:
    """The unzipped file read by polars and written through ADBC into PostgreSQL."""
    import adbc_driver_postgresql.dbapi as adbc
    import polars as library

    watch = Watch()
    path = _unzipped(settings)
    watch("unzip")
    frame = library.read_csv(path, infer_schema_length=None)
    watch("read")
    with adbc.connect(_plain(settings.database)) as connection:
        frame.write_database("bench", connection, engine="adbc", if_table_exists="replace")
        connection.commit()
    watch("write")
    return _measured(settings, watch, _count(settings)) | {"size_mb": size_of(settings.database, ["bench"])}


def dlt(settings: Settings) -> Measured:
    """The unzipped file in Arrow batches through a dlt pipeline into PostgreSQL."""
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "CRITICAL"}
    import dlt as library
    import pyarrow as pa
    import pyarrow.csv as pacsv

    watch = Watch()
    path = _unzipped(settings)
    watch("unzip")

    def batches() -> Iterator[Any]:
        reader = pacsv.open_csv(path, convert_options=pacsv.ConvertOptions(column_types={"VALUE": pa.float64()}))
        for batch in reader:
            yield pa.Table.from_batches([batch])

    pipeline = library.pipeline(
        "bench",
        # The server trusts everybody on the loopback; dlt wants a password all the same.
        destination=library.destinations.postgres(_plain(settings.database).replace("openlip@", "openlip:any@")),
        dataset_name="public",
        pipelines_dir=str(Path(settings.folder) / "dlt"),
    )
    pipeline.run(library.resource(batches(), name="bench"), loader_file_format="csv")
    watch("pipeline")
    return _measured(settings, watch, _count(settings)) | {"size_mb": size_of(settings.database, ["bench"])}


def statcan_dl(settings: Settings) -> Measured:
    """The zip unpacked and converted to Parquet as statcan-dl does after its download."""
    import pyarrow.parquet as parquet
    from statcan_dl.combine import convert_table

    watch = Watch()
    path = _unzipped(settings)
    watch("unzip")
    made = convert_table(path.parent, Path(settings.folder) / "parquet")
    watch("convert")
    assert made is not None
    (file,) = (Path(settings.folder) / "parquet").iterdir()
    return _measured(settings, watch, parquet.read_metadata(file).num_rows) | {"size_mb": file.stat().st_size / 1e6}


def duckdb(settings: Settings) -> Measured:
    """The unzipped file into a DuckDB file by `create table as select`."""
    import duckdb as library

    watch = Watch()
    path = _unzipped(settings)
    watch("unzip")
    file = Path(settings.folder) / "bench.duckdb"
    with closing(library.connect(str(file))) as connection:
        connection.execute(f"create table bench as select * from read_csv('{path}')")
        rows = connection.execute("select count(*) from bench").fetchone()
    watch("create")
    assert rows is not None
    return _measured(settings, watch, rows[0]) | {"size_mb": file.stat().st_size / 1e6}


def inflate(path: str) -> None:
    """Read the data member of a zip to its end, which also proves its checksum."""
    with zipfile.ZipFile(path) as archive, archive.open(f"{PID}.csv") as body:
        while body.read(1 << 20):
            pass


def _unzipped(settings: Settings) -> Path:
    folder = Path(settings.folder) / PID
    with zipfile.ZipFile(settings.zip) as archive:
        archive.extractall(folder)
    return folder / f"{PID}.csv"


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def _count(settings: Settings) -> int:
    import psycopg

    with psycopg.connect(_plain(settings.database)) as connection:
        row = connection.execute("select count(*) from bench").fetchone()
    assert row is not None
    return int(row[0])


def _measured(settings: Settings, watch: Watch, rows: Any) -> Measured:
    assert rows == metadata(settings.rows)["nbDatapointsCube"], rows
    return {"seconds": watch.total, "steps": watch.steps, "rows": rows}
