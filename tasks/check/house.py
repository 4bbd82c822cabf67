"""Two expectations of our own that answer with one scan each where the stock ones need several.

Imported only by the runner, inside the task: importing Great Expectations takes seconds.
"""

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy as sa
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation, ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import ColumnMapMetricProvider, column_condition_partial
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider


class ColumnValuesSatisfySql(ColumnMapMetricProvider):
    """Rows for which a SQL predicate is not false; all such rules of a suite share one scan."""

    condition_metric_name = "column_values.satisfy_sql"
    condition_value_keys = ("predicate",)
    filter_column_isnull = False

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, _column: Any, predicate: str, **_kwargs: Any) -> Any:
        return sa.func.coalesce(sa.literal_column(f"({predicate})"), sa.true())


class ExpectRowsToSatisfy(ColumnMapExpectation):
    """Every row satisfies `predicate`, about `column`. NULL counts as satisfied: say `is not null` where a value must be."""

    predicate: str
    map_metric: ClassVar[str] = "column_values.satisfy_sql"
    success_keys: ClassVar[tuple[str, ...]] = ("predicate", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "predicate")

    def _validate(self, metrics: dict[str, Any], *more: Any, **named: Any) -> Any:
        # The base counts only rows whose `column` is filled: a column of blanks would pass, and more wrong rows than filled
        # ones would crash. A predicate speaks of every row.
        return super()._validate(metrics | {"column_values.nonnull.unexpected_count": 0}, *more, **named)


class DuplicateKeyRows(TableMetricProvider):
    """How many rows share their key with another row; NULLs are equal, one GROUP BY."""

    metric_name = "table.duplicate_key_rows"
    value_keys = ("key",)

    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls,
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> int:
        table, *_ = execution_engine.get_compute_domain(metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE)
        key: list[Any] = [sa.column(name) for name in metric_value_kwargs["key"]]
        groups = sa.select(sa.func.count().label("n")).select_from(table).group_by(*key).having(sa.func.count() > 1).subquery()
        answer = execution_engine.execute_query(sa.select(sa.func.coalesce(sa.func.sum(groups.c.n), 0)))
        return int(answer.scalar() or 0)


class ExpectKeyToBeUnique(BatchExpectation):
    """No two rows have the same `key`. The stock check joins the table with itself and lists wrong rows on SQL."""

    key: list[str]
    metric_dependencies: ClassVar[tuple[str, ...]] = ("table.duplicate_key_rows", "table.row_count")
    success_keys: ClassVar[tuple[str, ...]] = ("key",)
    args_keys: ClassVar[tuple[str, ...]] = ("key",)

    def _validate(self, metrics: dict[str, Any], *_args: Any, **_kwargs: Any) -> dict[str, Any]:
        twice, rows = metrics["table.duplicate_key_rows"], metrics["table.row_count"]
        result = {"element_count": rows, "unexpected_count": twice, "observed_value": twice}
        return {"success": twice == 0, "result": result}
