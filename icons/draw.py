#!/usr/bin/env python3
"""Draws every icon of Placet as PNG: `python3 icons/draw.py`. Standard library only.

Promises: the same input gives the same bytes. Each state of the tray has a shape of its own, not
only a colour, and its outline has a contrast of at least 3:1 to a white and to a dark panel
(WCAG 2.2, 1.4.11); a test of the desktop program measures that.

Must never: depend on a font or a drawing program, so that a state looks the same everywhere.
"""

import math
import struct
import sys
import zlib
from pathlib import Path

HERE = Path(__file__).parent
TRAY_SIZE = 64

# Mid-tones: between white and near-black panels, see `contrast` in the test.
CALM = (0x3D, 0x7E, 0xC4)
ASKING = (0xC7, 0x5B, 0x0A)
RESTING = (0x7A, 0x72, 0x9E)
BROKEN = (0xD0, 0x3A, 0x3A)
WHITE = (0xFF, 0xFF, 0xFF)


# Signed distances: negative inside. The unit square, y downwards.
def disc(cx, cy, r):
    return lambda x, y: math.hypot(x - cx, y - cy) - r


def ring(cx, cy, r, width):
    return lambda x, y: abs(math.hypot(x - cx, y - cy) - r) - width / 2


def stroke(points, width):
    """A polyline with round ends and joints."""
    pairs = list(zip(points, points[1:]))

    def distance(x, y):
        best = math.inf
        for (ax, ay), (bx, by) in pairs:
            dx, dy = bx - ax, by - ay
            length = dx * dx + dy * dy
            t = 0 if length == 0 else max(0, min(1, ((x - ax) * dx + (y - ay) * dy) / length))
            best = min(best, math.hypot(x - ax - t * dx, y - ay - t * dy))
        return best - width / 2

    return distance


def polygon(points, rounding):
    """A convex polygon, clockwise on the screen, grown by `rounding` with round corners."""
    pairs = list(zip(points, points[1:] + points[:1]))
    edge = stroke(points + points[:1], 0)

    def distance(x, y):
        inside = all((bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0 for (ax, ay), (bx, by) in pairs)
        return (-edge(x, y) if inside else edge(x, y)) - rounding

    return distance


def rounded_square(half, corner):
    def distance(x, y):
        qx, qy = abs(x - 0.5) - half + corner, abs(y - 0.5) - half + corner
        return math.hypot(max(qx, 0), max(qy, 0)) + min(max(qx, qy), 0) - corner

    return distance


def arc(cx, cy, rx, ry, start, end):
    """Points on an ellipse; degrees, clockwise on the screen, 0 is to the right."""
    steps = 24
    angles = (math.radians(start + (end - start) * i / steps) for i in range(steps + 1))
    return [(cx + rx * math.cos(a), cy + ry * math.sin(a)) for a in angles]


# Digits in a box one wide and two high, the origin in the middle.
DIGITS = {
    "1": [[(-0.35, -0.62), (0.08, -1), (0.08, 1)]],
    "2": [arc(0, -0.46, 0.52, 0.54, 190, 380) + [(-0.55, 1), (0.58, 1)]],
    "3": [arc(-0.02, -0.5, 0.5, 0.5, 200, 450), arc(-0.02, 0.48, 0.56, 0.52, -90, 160)],
    "4": [[(0.28, 1), (0.28, -1), (-0.6, 0.45), (0.62, 0.45)]],
    "5": [[(0.5, -1), (-0.4, -1), (-0.48, -0.1)] + arc(-0.02, 0.36, 0.56, 0.62, 235, 510)],
    "6": [[(0.38, -1)] + arc(0.1, 0.1, 0.64, 0.9, 240, 180), arc(0, 0.42, 0.54, 0.58, 0, 360)],
    "7": [[(-0.55, -1), (0.55, -1), (-0.15, 1)]],
    "8": [arc(0, -0.5, 0.47, 0.48, 0, 360), arc(0, 0.48, 0.56, 0.52, 0, 360)],
    "9": [arc(0, -0.42, 0.54, 0.58, 0, 360), arc(-0.1, -0.1, 0.64, 0.9, 0, 60) + [(-0.38, 1)]],
    "+": [[(-0.5, 0), (0.5, 0)], [(0, -0.5), (0, 0.5)]],
}


def glyph(name, cx, cy, scale, width):
    lines = [stroke([(cx + x * scale, cy + y * scale) for x, y in line], width) for line in DIGITS[name]]
    return lambda x, y: min(line(x, y) for line in lines)


def tick(scale=1.0, width=0.11):
    points = [(-0.19, 0.01), (-0.05, 0.15), (0.2, -0.14)]
    return stroke([(0.5 + x * scale, 0.5 + y * scale) for x, y in points], width * scale)


def waiting(label):
    body = [(disc(0.5, 0.5, 0.48), ASKING)]
    if len(label) == 1:
        return body + [(glyph(label, 0.5, 0.5, 0.27, 0.115), WHITE)]
    return body + [
        (glyph(label[0], 0.39, 0.5, 0.235, 0.105), WHITE),
        (glyph(label[1], 0.72, 0.5, 0.235, 0.095), WHITE),
    ]


TRAY = {
    "idle": [(ring(0.5, 0.5, 0.41, 0.125), CALM), (tick(1.0, 0.125), CALM)],
    "paused": [
        (disc(0.5, 0.5, 0.48), RESTING),
        (stroke([(0.38, 0.34), (0.38, 0.66)], 0.12), WHITE),
        (stroke([(0.62, 0.34), (0.62, 0.66)], 0.12), WHITE),
    ],
    "trouble": [
        (polygon([(0.5, 0.13), (0.89, 0.83), (0.11, 0.83)], 0.09), BROKEN),
        (stroke([(0.5, 0.36), (0.5, 0.58)], 0.115), WHITE),
        (disc(0.5, 0.76, 0.066), WHITE),
    ],
    **{f"waiting-{n}": waiting(str(n)) for n in range(1, 10)},
    "waiting-many": waiting("9+"),
}

APP = [
    (rounded_square(0.48, 0.2), CALM),
    (ring(0.5, 0.5, 0.3, 0.06), WHITE),
    (tick(0.95, 0.1), WHITE),
]


def draw(shapes, size):
    """RGBA bytes; a shape's edge is one pixel wide."""
    rows = bytearray()
    for j in range(size):
        rows.append(0)  # PNG filter: none
        for i in range(size):
            x, y = (i + 0.5) / size, (j + 0.5) / size
            r = g = b = a = 0.0
            for shape, colour in shapes:
                cover = max(0.0, min(1.0, 0.5 - shape(x, y) * size))
                if cover > 0:
                    out = cover + a * (1 - cover)
                    r, g, b = (
                        (new * cover + old * a * (1 - cover)) / out
                        for new, old in zip(colour, (r, g, b))
                    )
                    a = out
            rows += bytes(round(v) for v in (r, g, b, a * 255))
    return bytes(rows)


def png(shapes, size):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(draw(shapes, size), 9))
        + chunk(b"IEND", b"")
    )


def main():
    for name, shapes in TRAY.items():
        (HERE / "tray" / f"{name}.png").write_bytes(png(shapes, TRAY_SIZE))
    # The book serves only its own folder, so it has a copy.
    (HERE.parent / "ui" / "placet.png").write_bytes(png(APP, 128))
    for size in (32, 128, 256):
        (HERE / f"{size}.png").write_bytes(png(APP, size))
    return 0


if __name__ == "__main__":
    sys.exit(main())
