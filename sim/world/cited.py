"""Every cited parameter that a scenario file can set, with its key path: read from the models themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.base.citing import Cited
from sim.world.scenario import Scenario


class Place(NamedTuple):
    """Where a cited value stands."""

    path: str
    owner: type[BaseModel]
    name: str
    field: FieldInfo
    cited: Cited
    value: Any
    """Its default, or what a named set says."""

    @property
    def said(self) -> Any:
        """The value as a file would say it."""
        alone = self.owner.model_construct(**{self.name: self.value})
        return alone.model_dump(mode="json", include={self.name})[self.name]

    @property
    def titles(self) -> list[str]:
        """What its type is called in the schema: "duration", "size"."""
        return [m.json_schema.get("title", "") for m in self.field.metadata if hasattr(m, "json_schema")]


def of_scenario() -> Iterator[Place]:
    """All cited parameters that a scenario file can set, in the order of the models."""
    for owner, prefix in models(Scenario, ""):
        for name, field in owner.model_fields.items():
            cited = cited_of(field)
            if cited is not None:
                default = field.get_default(call_default_factory=True)
                yield Place(f"{prefix}{name}", owner, name, field, cited, default)


def models(model: type[BaseModel], path: str) -> Iterator[tuple[type[BaseModel], str]]:
    """The model and those that are its fields, each with the key path before its own fields."""
    yield model, path
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from models(field.annotation, f"{path}{name}.")


def cited_of(field: FieldInfo) -> Cited | None:
    """Where a field's default comes from."""
    return next((m for m in field.metadata if isinstance(m, Cited)), None)
