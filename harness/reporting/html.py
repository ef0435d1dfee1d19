"""The report as one HTML file that needs nothing else: no network, no script for reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape

from markupsafe import Markup

from harness import resources
from harness.evidence.masking import MASK
from harness.evidence.verdicts import Verdict
from harness.reporting.model import MEANINGS, CaseView, Report, TreeLine, WireView

GLYPHS = {
    Verdict.PASS: "✓",
    Verdict.FAIL: "✗",
    Verdict.DEVIATION: "≠",
    Verdict.RECORDED: "●",
    Verdict.INCONCLUSIVE: "?",
    Verdict.ERROR: "!",
    Verdict.NOT_APPLICABLE: "–",
    Verdict.NOT_RUN: "○",
}
"""A verdict is told by word, sign and colour: never by colour alone."""


def render_html(report: Report) -> str:
    """The whole document."""
    return "".join(html_pieces(report))


def html_pieces(report: Report) -> Iterator[str]:
    """The document piece by piece: of a long run it is never in memory as a whole."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = resources.path("reports")
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
    environment.filters |= {
        "words": lambda verdict: str(verdict).replace("_", " "),
        "clock": clock,
        "seconds": duration,
        "first_line": lambda text: next(iter(text.strip().splitlines()), ""),
        "looks_coded": lambda text: not any(char in text for char in " ,"),
        "tree": tree_markup,
        "wire": wire_markup,
        "search_words": search_words,
    }
    facts = dict(report.facts)
    stream = environment.get_template("report.html.j2").stream(
        report=report,
        name=_name(facts),
        glyph=GLYPHS,
        meaning=MEANINGS,
        mask=MASK,
        style=Markup((folder / "report.css").read_text()),
        script=Markup((folder / "report.js").read_text()),
    )
    stream.enable_buffering(500)
    yield from stream


def _name(facts: Mapping[str, str]) -> str:
    began = facts.get("Began (UTC)", "")[:16].replace("T", " ")
    return " · ".join(filter(None, (facts.get("Lab"), began and f"{began} UTC"))) or "run"


def clock(milliseconds: float) -> str:
    """A time within a case."""
    return f"+{milliseconds / 1000:.3f} s" if abs(milliseconds) >= 10_000 else f"+{milliseconds:.1f} ms"


def duration(seconds: float) -> str:
    """How long a case took; empty where nobody measured."""
    if not seconds:
        return ""
    return (
        f"{seconds:.2f} s"
        if seconds >= 1
        else f"{1000 * seconds:.0f} ms"
        if seconds >= 0.01
        else f"{1000 * seconds:.1f} ms"
    )


def tree_markup(lines: Iterable[TreeLine]) -> Markup:
    """A decoded message, one line a field."""
    return Markup("\n".join(_tree_line(line) for line in lines))


def _tree_line(line: TreeLine) -> str:
    parts = ["  " * line.depth]
    if line.tag:
        parts.append(f"<i>{line.tag}</i> ")
    if line.label:
        parts.append(f"<b>{escape(line.label)}</b> ")
    if line.value:
        parts.append(escape(line.value) + " ")
    if line.octets:
        parts.append(f"<s>{escape(line.octets)}</s> ")
    if line.fault:
        parts.append(f"<u>{escape(line.fault)}</u>")
    return "".join(parts).rstrip()


def wire_markup(messages: Iterable[WireView]) -> Markup:
    """Messages as they were on the wire, one a line."""
    return Markup("\n".join(_wire_line(message) for message in messages))


def _wire_line(message: WireView) -> str:
    arrow = "→" if message.to_device else "←"
    cut = f" <s>… {message.cut} more octets: {escape(message.where)}</s>" if message.cut else ""
    return f"<s>{arrow} {escape(message.interface)}</s> {escape(message.text) or '<s>nothing</s>'}{cut}"


def search_words(case: CaseView) -> str:
    """What the search field of the page looks into."""
    ways = dict.fromkeys(result.way for result in case.results)
    return " ".join((case.case, case.title, case.clause, case.confidence, case.area, *ways)).lower()
