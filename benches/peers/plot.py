"""Draws the first table of BENCHMARKS.md as bars on a logarithmic scale: plot.py BENCHMARKS.md > throughput.svg"""

import math
import sys
from html import escape

ROW, BAR, LABEL, CHART, NUMBER, TOP = 26, 17, 170, 470, 80, 58


def rates(text):
    """The tools and their GB/s. The table is the first whose second column is GB/s; a tool that could not be run has none."""
    rows = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if rows and not line.startswith("|"):
            break
        if rows or (line.startswith("|") and cells[1:2] == ["GB/s"]):
            rows.append(cells)
    return [(cells[0].replace("`", ""), float(cells[1])) for cells in rows[2:] if cells[1]]


def draw(tools):
    low = math.floor(math.log10(min(rate for _, rate in tools)))
    high = math.ceil(math.log10(max(rate for _, rate in tools)))
    x = lambda rate: LABEL + CHART * (math.log10(rate) - low) / (high - low)
    bottom = TOP + ROW * len(tools)
    width, height = LABEL + CHART + NUMBER, bottom + 34
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">'
    yield f'<rect width="{width}" height="{height}" fill="#fff"/>'
    yield '<text x="12" y="24" font-size="15" font-weight="bold">The T1528 detections over NDJSON records, GB/s</text>'
    yield '<text x="12" y="42" fill="#555">one thread where nothing else is said; logarithmic scale, longer is faster</text>'
    for power in range(low, high + 1):
        at = x(10.0**power)
        yield f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{TOP - 4}" y2="{bottom + 4}" stroke="#ddd"/>'
        yield f'<text x="{at:.1f}" y="{bottom + 22}" text-anchor="middle" fill="#555">{10.0**power:g}</text>'
    for number, (name, rate) in enumerate(tools):
        y = TOP + ROW * number
        color = "#1f6feb" if name.startswith("kqltap") else "#9aa4b0"
        yield f'<text x="{LABEL - 8}" y="{y + 14}" text-anchor="end">{escape(name)}</text>'
        yield f'<rect x="{LABEL}" y="{y}" width="{x(rate) - LABEL:.1f}" height="{BAR}" fill="{color}"/>'
        yield f'<text x="{x(rate) + 6:.1f}" y="{y + 14}">{rate:.3g}</text>'
    yield "</svg>"


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        print("\n".join(draw(rates(file.read()))))
