"""Draws the brand images: a speech bubble with radio waves, and the name beside it. Needs nothing but Python.

Every shape is a function from a point to its distance (negative inside), so one drawing serves every size, with smooth
edges. The numbers are lengths in units of the icon's height; x goes right, y down.
"""

from __future__ import annotations

import math
import struct
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Distance = Callable[[float, float], float]
Colour = tuple[int, int, int]

BLUE: Colour = (3, 120, 200)
LIGHT_BLUE: Colour = (41, 168, 245)
WHITE: Colour = (255, 255, 255)
INK: Colour = (38, 50, 56)
PALE: Colour = (236, 239, 241)

#: Half the width of the letters' strokes, in units of their height.
STROKE = 0.085
#: Gap between two letters, likewise.
GAP = 0.3


def segment(x1: float, y1: float, x2: float, y2: float) -> Distance:
    """Distance to a straight line."""
    dx, dy = x2 - x1, y2 - y1
    length = dx * dx + dy * dy

    def distance(x: float, y: float) -> float:
        along = max(0.0, min(1.0, ((x - x1) * dx + (y - y1) * dy) / length))
        return math.hypot(x - x1 - along * dx, y - y1 - along * dy)

    return distance


def arc(cx: float, cy: float, radius: float, start: float, end: float) -> Distance:
    """Distance to an arc from ``start`` to ``end`` degrees, clockwise from the right."""
    middle, half = math.radians((start + end) / 2), math.radians((end - start) / 2)
    ends = [
        (cx + radius * math.cos(math.radians(angle)), cy + radius * math.sin(math.radians(angle)))
        for angle in (start, end)
    ]

    def distance(x: float, y: float) -> float:
        turn = (math.atan2(y - cy, x - cx) - middle + math.pi) % (2 * math.pi) - math.pi
        if abs(turn) <= half:
            return abs(math.hypot(x - cx, y - cy) - radius)
        return min(math.hypot(x - ex, y - ey) for ex, ey in ends)

    return distance


def disc(cx: float, cy: float, radius: float) -> Distance:
    """Distance to a disc."""
    return lambda x, y: math.hypot(x - cx, y - cy) - radius


def thick(line: Distance, half: float) -> Distance:
    """Distance to a line drawn with a round pen."""
    return lambda x, y: line(x, y) - half


def rounded_box(x1: float, y1: float, x2: float, y2: float, corner: float) -> Distance:
    """Distance to a rectangle with round corners."""
    cx, cy, hx, hy = (x1 + x2) / 2, (y1 + y2) / 2, (x2 - x1) / 2 - corner, (y2 - y1) / 2 - corner

    def distance(x: float, y: float) -> float:
        qx, qy = abs(x - cx) - hx, abs(y - cy) - hy
        return math.hypot(max(qx, 0.0), max(qy, 0.0)) + min(max(qx, qy), 0.0) - corner

    return distance


def triangle(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> Distance:
    """Distance to a triangle whose corners go clockwise."""
    sides = [segment(*a, *b), segment(*b, *c), segment(*c, *a)]
    corners = ((a, b), (b, c), (c, a))

    def distance(x: float, y: float) -> float:
        inside = all((q[0] - p[0]) * (y - p[1]) - (q[1] - p[1]) * (x - p[0]) >= 0 for p, q in corners)
        nearest = min(side(x, y) for side in sides)
        return -nearest if inside else nearest

    return distance


def together(*shapes: Distance) -> Distance:
    """Distance to the union of shapes."""
    return lambda x, y: min(shape(x, y) for shape in shapes)


@dataclass(frozen=True)
class Layer:
    """A shape, its colour, and the part of the picture outside which it is not: left, top, right, bottom."""

    shape: Distance
    colour: Colour
    bounds: tuple[float, float, float, float]


def icon(bubble: Colour) -> list[Layer]:
    """A speech bubble, one unit wide and high, with a sender in it."""
    x, y = 0.29, 0.63
    waves = together(
        disc(x, y, 0.075), *(thick(arc(x, y, radius, -82, -8), 0.038) for radius in (0.2, 0.335, 0.47))
    )
    outline = together(rounded_box(0.0, 0.0, 1.0, 0.84, 0.2), triangle((0.14, 0.7), (0.46, 0.7), (0.14, 1.0)))
    return [Layer(outline, bubble, (0, 0, 1, 1)), Layer(waves, WHITE, (0.1, 0.05, 0.9, 0.8))]


#: Strokes of the letters, each one unit high, and their widths.
LETTERS: dict[str, tuple[float, list[Distance]]] = {
    "S": (0.5, [arc(0.25, 0.25, 0.25, 90, 330), arc(0.25, 0.75, 0.25, -90, 150)]),
    "M": (
        0.8,
        [segment(0, 1, 0, 0), segment(0, 0, 0.4, 0.6), segment(0.4, 0.6, 0.8, 0), segment(0.8, 0, 0.8, 1)],
    ),
    "G": (0.95, [arc(0.5, 0.5, 0.5, 0, 318), segment(0.6, 0.5, 1.0, 0.5)]),
    "A": (0.8, [segment(0, 1, 0.4, 0), segment(0.4, 0, 0.8, 1), segment(0.14, 0.66, 0.66, 0.66)]),
    "T": (0.7, [segment(0, 0, 0.7, 0), segment(0.35, 0, 0.35, 1)]),
    "E": (
        0.55,
        [segment(0, 0, 0, 1), segment(0, 0, 0.55, 0), segment(0, 0.5, 0.48, 0.5), segment(0, 1, 0.55, 1)],
    ),
    "W": (
        1.1,
        [
            segment(0, 0, 0.28, 1),
            segment(0.28, 1, 0.55, 0.25),
            segment(0.55, 0.25, 0.82, 1),
            segment(0.82, 1, 1.1, 0),
        ],
    ),
    "Y": (0.8, [segment(0, 0, 0.4, 0.5), segment(0.8, 0, 0.4, 0.5), segment(0.4, 0.5, 0.4, 1)]),
}


def word(text: str, left: float, top: float, height: float, colour: Colour) -> tuple[list[Layer], float]:
    """The letters of a word, and its right edge."""
    layers = []
    for letter in text:
        width, strokes = LETTERS[letter]
        shape = _placed(thick(together(*strokes), STROKE), left, top, height)
        margin = 0.12 * height
        right = left + width * height
        layers.append(
            Layer(shape, colour, (left - margin, top - margin, right + margin, top + height + margin))
        )
        left = right + GAP * height
    return layers, left - GAP * height


def _placed(shape: Distance, left: float, top: float, scale: float) -> Distance:
    return lambda x, y: shape((x - left) / scale, (y - top) / scale) * scale


def logo(bubble: Colour, ink: Colour) -> tuple[list[Layer], float]:
    """The icon and the name in two lines, and the width of it all."""
    first, first_right = word("SMS", 1.24, 0.07, 0.36, ink)
    second, second_right = word("GATEWAY", 1.24, 0.63, 0.3, ink)
    return [*icon(bubble), *first, *second], max(first_right, second_right) + 0.03


def pixels(layers: list[Layer], width: float, height_px: int) -> tuple[int, int, bytes]:
    """Width, height, and the RGBA rows of a picture ``width`` units wide and one high."""
    columns = round(width * height_px)
    canvas = bytearray(columns * height_px * 4)
    for layer in layers:
        left, top, right, bottom = (edge * height_px for edge in layer.bounds)
        for row in range(max(0, math.floor(top)), min(height_px, math.ceil(bottom))):
            y = (row + 0.5) / height_px
            for column in range(max(0, math.floor(left)), min(columns, math.ceil(right))):
                inside = 0.5 - layer.shape((column + 0.5) / height_px, y) * height_px
                if inside > 0:
                    _paint(canvas, (row * columns + column) * 4, layer.colour, min(1.0, inside))
    return columns, height_px, bytes(canvas)


def _paint(canvas: bytearray, at: int, colour: Colour, cover: float) -> None:
    """Lay a colour over one pixel."""
    under = canvas[at + 3] / 255
    alpha = cover + under * (1 - cover)
    for index, value in enumerate(colour):
        canvas[at + index] = round((value * cover + canvas[at + index] * under * (1 - cover)) / alpha)
    canvas[at + 3] = round(alpha * 255)


def png(columns: int, rows: int, rgba: bytes) -> bytes:
    """A PNG file (ISO/IEC 15948) of 8 bits per channel with transparency."""
    lines = b"".join(b"\0" + rgba[row * columns * 4 : (row + 1) * columns * 4] for row in range(rows))
    header = struct.pack(">IIBBBBB", columns, rows, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def pictures() -> dict[str, tuple[list[Layer], float, int]]:
    """Every image by its file name: layers, width in units, height in pixels."""
    found: dict[str, tuple[list[Layer], float, int]] = {}
    for prefix, bubble, ink in (("", BLUE, INK), ("dark_", LIGHT_BLUE, PALE)):
        for suffix, height in (("", 256), ("@2x", 512)):
            found[f"{prefix}icon{suffix}.png"] = (icon(bubble), 1.0, height)
            found[f"{prefix}logo{suffix}.png"] = (*logo(bubble, ink), height)
    return found


def main() -> None:
    """Write every image into the folder that is named."""
    folder = Path(sys.argv[1])
    for name, picture in pictures().items():
        (folder / name).write_bytes(png(*pixels(*picture)))


if __name__ == "__main__":
    main()
