"""Every link from one page of the repository to another file leads somewhere, to a heading that is there.

`make docs` checks the same of the site.
"""

import re
from pathlib import Path

import pytest

from tests.docs.commands import ROOT

PAGES = [path for folder in (".", "docs", "tpu_scripts", "notebooks") for path in sorted((ROOT / folder).glob("*.md"))]
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r'\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"')


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings: words in lower case, joined by hyphens."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    links = {one or other for one, other in _LINK.findall(text)}
    for link in sorted(link for link in links if "://" not in link):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link
