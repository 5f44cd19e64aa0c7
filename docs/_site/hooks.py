"""What MkDocs cannot do alone: pages and files of the repository that lie outside docs/ are part of the site.

Links in the Markdown files are those that hold in the repository, so that they work where it is browsed. Here README
becomes the first page, the other pages in `PAGES` and every file that a page links to are added to the site, and links
to them are rewritten.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
DOCS = "docs/"
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "tpu_scripts/README.md": "tpu_scripts/README.md",
}
"""Page outside docs/ -> its place in the site."""

_LINK = re.compile(r'(?P<before>\]\(|src=")(?P<target>[^)"#:\s]+)(?=[)"#])')


def _in_repository(uri: str) -> str:
    """The path in the repository of a page of the site."""
    return next((path for path, place in PAGES.items() if place == uri), DOCS + uri)


def _in_site(path: str) -> str:
    """The place in the site of a file of the repository."""
    return PAGES.get(path, path.removeprefix(DOCS) if path.startswith(DOCS) else path)


def _targets(uri: str) -> dict[str, str]:
    """The links of a page to files of the repository: as written -> path in the repository."""
    page = _in_repository(uri)
    text = (ROOT / page).read_text(encoding="utf-8")
    written = {link["target"] for link in _LINK.finditer(text)}
    return {target: posixpath.normpath(posixpath.join(posixpath.dirname(page), target)) for target in written}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages outside docs/, and the files that pages link to."""
    for path, place in PAGES.items():
        files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
    for page in files.documentation_pages():
        for path in _targets(page.src_uri).values():
            place = _in_site(path)
            if (ROOT / path).is_file() and files.get_file_from_path(place) is None:
                files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Rewrites the links of a page to where their files are in the site."""
    here = posixpath.dirname(page.file.src_uri)
    places = {target: _in_site(path) for target, path in _targets(page.file.src_uri).items()}

    def rewritten(link: re.Match[str]) -> str:
        place = places[link["target"]]
        return link["before"] + posixpath.relpath(place, here or ".")

    return _LINK.sub(rewritten, markdown)
