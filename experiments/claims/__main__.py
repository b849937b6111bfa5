"""``python -m experiments.claims``: play all claims, and write their page and their table."""

import sys
from pathlib import Path

from experiments.claims.answering import answer
from experiments.claims.claims import CLAIMS
from experiments.claims.page import page, table

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "background" / "claims.md"
TABLE = HERE / "claims.csv"


def main() -> None:
    """Play, tell, write."""
    verdicts = []
    for claim in CLAIMS:
        verdicts.append(answer(claim))
        print(f"{claim.id}  {verdicts[-1].word}", file=sys.stderr, flush=True)
    PAGE.write_text(page(verdicts), encoding="utf-8")
    TABLE.write_text(table(verdicts), encoding="utf-8")


if __name__ == "__main__":
    main()
