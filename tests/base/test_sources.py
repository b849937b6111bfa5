"""The bibliography is complete and says each thing once."""

from __future__ import annotations

import re

import pytest

from sim.base.sources import SOURCES, Source

KEBAB_CASE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
DATE = re.compile(r"20\d\d(-\d\d(-\d\d)?)?")


@pytest.mark.parametrize("key", SOURCES)
def test_keys_are_kebab_case(key: str) -> None:
    assert KEBAB_CASE.fullmatch(key)


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_a_source_says_what_it_is_who_wrote_it_and_where_it_is(source: Source) -> None:
    for text in (source.title, source.author, source.where):
        assert text
        assert text == text.strip()


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_dates_are_dates(source: Source) -> None:
    assert DATE.fullmatch(source.seen)
    assert source.year is None or 1990 <= source.year <= 2026


def test_no_document_stands_under_two_keys() -> None:
    documents = [(source.title, source.where) for source in SOURCES.values()]
    assert len(documents) == len(set(documents))
