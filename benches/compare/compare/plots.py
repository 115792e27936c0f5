"""Plots as SVG, with a background of their own, so that they can be read on pages of any colour."""

import math
from collections.abc import Iterable
from html import escape

from .outcome import Bar, Line, number

WIDTH = 760
OFFICIAL, OURS = "#b35806", "#2166ac"
INK, PALE, PAPER = "#222222", "#d9d9d9", "#ffffff"


class Svg:
    def __init__(self, width: float, height: float, title: str):
        self.height = height
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
            f'viewBox="0 0 {width:g} {height:g}" role="img" font-family="sans-serif" font-size="13" fill="{INK}">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{width:g}" height="{height:g}" rx="6" fill="{PAPER}"/>',
        ]

    def text(
        self, x: float, y: float, text: str, anchor: str = "start", *, size: int = 13, turned: bool = False
    ) -> None:
        turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
        weight = ' font-weight="bold"' if size > 13 else ""
        style = f'font-size="{size}" text-anchor="{anchor}"{weight}{turn}'
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>')

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str = PALE, *, dashed: bool = False) -> None:
        dashes = ' stroke-dasharray="4 4"' if dashed else ""
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{dashes}/>')

    def rect(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>')

    def path(self, points: Iterable[tuple[float, float]], colour: str) -> None:
        at = list(points)
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        self.parts.append(f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="2"/>')
        self.parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in at]

    def __str__(self) -> str:
        return "\n".join([*self.parts, "</svg>", ""])


def bars(title: str, unit: str, found: list[Bar]) -> str:
    """Bars of both connectors for each thing, on a logarithmic scale."""
    left, right, top, row = 230, 90, 78, 62
    bottom = top + row * len(found)
    svg = Svg(WIDTH, bottom + 52, title)
    svg.text(16, 28, title, size=16)
    svg.rect(16, 42, 12, 12, OFFICIAL)
    svg.text(34, 53, "official connector")
    svg.rect(176, 42, 12, 12, OURS)
    svg.text(194, 53, "this connector")
    values = [value for bar in found for value in (bar.official, bar.ours) if value]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    # A bar of the least value would have no length.
    low -= math.log10(min(values)) - low < 0.2
    scale = (WIDTH - left - right) / (high - low)

    def at(value: float) -> float:
        return left + (math.log10(value) - low) * scale

    for power in range(low, high + 1):
        svg.line(at(10**power), top - 8, at(10**power), bottom)
        svg.text(at(10**power), bottom + 18, f"{10**power:,}" if power >= 0 else f"{10**power:.{-power}f}", "middle")
    svg.text(left + (WIDTH - left - right) / 2, bottom + 40, f"{unit}, logarithmic scale", "middle")
    for index, bar in enumerate(found):
        y = top + index * row
        svg.text(left - 12, y + (18 if bar.note else 26), bar.what, "end")
        if bar.note:
            svg.text(left - 12, y + 35, bar.note, "end", size=11)
        for value, colour, offset in ((bar.official, OFFICIAL, 0), (bar.ours, OURS, 22)):
            if value:
                svg.rect(left, y + offset, at(value) - left, 18, colour)
                svg.text(at(value) + 6, y + offset + 14, number(value))
    svg.line(left, top - 8, left, bottom, INK)
    return str(svg)


def growth(time: list[Line], memory: list[Line]) -> str:
    """Time and memory over the size of the data, side by side."""
    title = "Growth: time and memory of larger syncs"
    height = 326
    svg = Svg(WIDTH, height, title)
    svg.text(16, 28, title, size=16)
    colours = (OURS, "#1b7837")
    for index, (line, colour) in enumerate(zip(time, colours, strict=True)):
        svg.rect(16 + index * 210, 42, 12, 12, colour)
        svg.text(34 + index * 210, 53, line.name)
    svg.line(436, 48, 466, 48, INK, dashed=True)
    svg.text(474, 53, "exactly as the data")
    sizes = [x for x, _ in time[0].points]
    left, right, top, bottom = 70, 360, 84, 270

    def across(size: float, start: float) -> float:
        return start + (math.log2(size) / math.log2(sizes[-1])) * (right - left)

    def frame(start: float, what: str) -> None:
        for size in sizes:
            svg.line(across(size, start), top, across(size, start), bottom)
            svg.text(across(size, start), bottom + 18, f"{size:g}×", "middle")
        svg.line(start, bottom, start + right - left, bottom, INK)
        svg.line(start, top, start, bottom, INK)
        svg.text(start + (right - left) / 2, bottom + 42, "size of the data, logarithmic scale", "middle")
        svg.text(start - 50, (top + bottom) / 2, what, "middle", turned=True)

    values = [y for line in time for _, y in line.points]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))

    def up(value: float) -> float:
        return bottom - (math.log10(value) - low) / (high - low) * (bottom - top)

    frame(left, "seconds, logarithmic scale")
    for power in range(low, high + 1):
        svg.line(left, up(10**power), right, up(10**power))
        svg.text(left - 8, up(10**power) + 4, f"{10**power:g}", "end")
    for line, colour in zip(time, colours, strict=True):
        first = line.points[0][1]
        svg.line(
            across(1, left), up(first), across(sizes[-1], left), up(min(first * sizes[-1], 10**high)), INK, dashed=True
        )
        svg.path(((across(x, left), up(y)) for x, y in line.points), colour)
    start = left + (right - left) + 90
    most = max(y for line in memory for _, y in line.points)
    step = 10 if most > 20 else 5
    top_value = math.ceil(most / step + 0.2) * step
    frame(start, "peak memory, MB")
    for value in range(0, top_value + 1, step):
        y = bottom - value / top_value * (bottom - top)
        svg.line(start, y, start + right - left, y)
        svg.text(start - 8, y + 4, str(value), "end")
    for line, colour in zip(memory, colours, strict=True):
        svg.path(((across(x, start), bottom - y / top_value * (bottom - top)) for x, y in line.points), colour)
    return str(svg)
