"""Six fruits sketched stroke by stroke, and strokes rendered as Quick, Draw! renders its drawings.

A fruit lies around the origin, about 2 wide and 2 high; x points right, y down.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Stroke = NDArray[np.float64]  # [P, 2], the points that straight lines join
Pair = tuple[float, float] | NDArray[np.float64]  # (x, y)
TURN = 2 * np.pi
UP = -TURN / 4  # angles run from x towards y, clockwise on the screen

SIDE = 28
DRAWING, STROKE_WIDTH, PADDING = 256, 16, 16  # Google's: the square that holds a drawing, and what is drawn around it
SUPERSAMPLING = 8


@dataclass(frozen=True)
class Hand:
    """Somebody who draws: a generator, and how far the hand's lines wobble."""

    rng: np.random.Generator
    wobble: float

    def chance(self, probability: float) -> bool:
        """True with a probability."""
        return bool(self.rng.random() < probability)

    def between(self, low: float, high: float) -> float:
        """A number drawn uniformly."""
        return float(self.rng.uniform(low, high))

    def count(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def wobbly(self, points: NDArray, amount: float = 1.0) -> Stroke:
        """Points [P, 2] moved by three slow random waves along the stroke."""
        waves = np.arange(1, 4)[:, None, None]
        along = np.linspace(0, 0.8 * TURN, len(points))[:, None]
        starts, sizes = self.rng.uniform(0, TURN, (3, 1, 2)), self.rng.normal(0, self.wobble, (3, 1, 2))
        return points + amount * (sizes / waves * np.sin(waves * along + starts)).sum(axis=0)

    def line(self, start: Pair, end: Pair, bend: float = 0.0) -> Stroke:
        """From start to end, as a parabola that swings out to the right of the way by `bend` times its length."""
        way = np.subtract(end, start)
        t = np.linspace(0, 1, 8 if bend else 4)[:, None]
        points = start + t * way + 4 * t * (1 - t) * bend * np.array([-way[1], way[0]])
        return self.wobbly(points, min(1.0, float(np.hypot(*way))))

    def arc(self, centre: Pair, radii: Pair, start: float, end: float) -> Stroke:
        """The part of an ellipse between two angles."""
        angles = np.linspace(start, end, 5 + int(14 * abs(end - start) / TURN))
        points = centre + np.multiply(radii, np.stack([np.cos(angles), np.sin(angles)], axis=1))
        return self.wobbly(points, min(1.0, float(np.mean(radii))))

    def circle(self, centre: Pair, radius: float) -> Stroke:
        """A roundish loop that stays a little open or runs over its start."""
        start, length = self.between(0, TURN), TURN * self.between(0.85, 1.1)
        return self.arc(centre, radius * self.rng.uniform(0.75, 1.25, 2), start, start + length)

    def leaf(self, start: Pair, angle: float, length: float, width: float) -> Stroke:
        """A pointed loop: out along one bow and back along another."""
        tip = start + length * np.array([np.cos(angle), np.sin(angle)])
        return np.concatenate([self.line(start, tip, width), self.line(tip, start, width * self.between(0.3, 1.2))])

    def body(
        self, width: float, square: float = 0.0, taper: float = 0.0, dip: float = 0.0, foot: float = 0.0
    ) -> Stroke:
        """A closed outline from -1 to 1 in y that starts near its top.

        Args:
            width: from the middle to the side.
            square: 0 for an ellipse, towards 1 for a rectangle.
            taper: the share by which the bottom is narrower; below 0, the top is.
            dip: how deep the top sinks in the middle.
            foot: how far the bottom rises in the middle.
        """
        start = self.between(-0.04, 0.04)
        angles = TURN * np.linspace(start, start + self.between(0.94, 1.03), 24)
        x, y = (np.sign(v) * np.abs(v) ** (1 - square) for v in (np.sin(angles), -np.cos(angles)))
        narrower = max(taper, 0) * (1 + y) / 2 + max(-taper, 0) * (1 - y) / 2
        sunk = np.exp(-((x / 0.4) ** 2)) * np.where(y < 0, dip, -foot)
        points = np.stack([self.rng.choice([-1, 1]) * width * x * (1 - narrower), y + sunk], axis=1)
        return self.wobbly(points, 1.5)

    def zigzag(self, left: Pair, right: Pair, height: float, peaks: int) -> Stroke:
        """Peaks above the way from left to right that lean outwards, as a crown is drawn in one go."""
        points = np.linspace(left, right, 2 * peaks + 1) + self.rng.normal(0, 0.02, (2 * peaks + 1, 2))
        tips = points[1::2]  # a view
        tips[:, 0] += self.between(0, 0.8) * (tips[:, 0] - tips[:, 0].mean())
        tips[:, 1] -= height
        tips += self.rng.normal(0, 0.15 * abs(height), tips.shape)
        return self.wobbly(points)

    def fan(self, centre: Pair, length: float, spread: float, n: int, loops: bool) -> list[Stroke]:
        """`n` leaves that rise from one place, as lines or as loops, `spread` to either side."""
        strokes = []
        for angle in UP + np.linspace(-spread, spread, n) + self.rng.normal(0, 0.12, n):
            start, reach = centre + self.rng.normal(0, 0.04, 2), length * self.between(0.7, 1.3)
            if loops:
                strokes.append(self.leaf(start, angle, reach, self.between(0.12, 0.3)))
            else:
                end = start + reach * np.array([np.cos(angle), np.sin(angle)])
                strokes.append(self.line(start, end, self.between(-0.15, 0.15)))
        return strokes

    def seeds(self, n: int, centre: Pair, radii: Pair, taper: float = 0.0) -> list[Stroke]:
        """Dots or little strokes, strewn over an ellipse that may narrow downwards."""
        length = self.between(0.01, 0.14)
        strokes = []
        for radius, angle in zip(np.sqrt(self.rng.random(n)), self.rng.uniform(0, TURN, n), strict=True):
            x, y = radius * np.cos(angle), radius * np.sin(angle)
            place = centre + np.multiply(radii, [x * (1 - taper * (1 + y) / 2), y])
            way = length * np.array([self.rng.normal(0, 0.3), 1])
            strokes.append(np.stack([place - way / 2, place + way / 2]))
        return strokes

    def hatching(self, n: int, angle: float, radii: Pair, bend: float = 0.0) -> list[Stroke]:
        """`n` parallel lines across an ellipse around the origin, some too short, some too long."""
        along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        strokes = []
        for offset in np.linspace(-0.75, 0.75, n + 2)[1:-1] + self.rng.normal(0, 0.06, n):
            half = np.sqrt(1 - min(abs(offset), 0.95) ** 2) * along
            start = offset * across - self.between(0.75, 1.1) * half
            end = offset * across + self.between(0.75, 1.1) * half
            strokes.append(self.line(np.multiply(radii, start), np.multiply(radii, end), bend * offset))
        return strokes


def apple(hand: Hand) -> list[Stroke]:
    """A round line with a dip at the top, a stem, sometimes leaves, sometimes a bite."""
    width, dip = hand.between(0.7, 1.35), hand.between(0, 0.45)
    taper = hand.between(-0.1, 0.55) if hand.chance(0.7) else 0.0
    foot = hand.between(0.05, 0.35) if hand.chance(0.4) else 0.0
    outline = hand.body(width, hand.between(0, 0.25), taper, dip, foot)
    if hand.chance(0.08):  # the bite pushes the outline away from a place outside
        bite, radius = np.array([1.15 * width, hand.between(-0.3, 0.3)]), hand.between(0.4, 0.65)
        away = outline - bite
        distance = np.hypot(away[:, :1], away[:, 1:])
        outline = np.where(distance < radius, bite + away / distance * radius, outline)
    strokes = [outline]
    top = np.array([hand.between(-0.1, 0.1) * width, dip - 1 + hand.between(-0.05, 0.15)])
    end = top + [hand.between(-0.25, 0.45), -hand.between(0.25, 0.85)]
    if hand.chance(0.9):
        strokes.append(hand.line(top, end, hand.between(-0.3, 0.3)))
        if hand.chance(0.25):  # a thick one
            strokes.append(hand.line(top + [0.15, 0], end + [0.15, 0]))
    if hand.chance(0.45):
        knot = top + hand.between(0, 0.8) * (end - top)
        strokes.append(hand.leaf(knot, hand.between(UP, 0.2), hand.between(0.35, 0.8), hand.between(0.2, 0.5)))
        if hand.chance(0.3):
            strokes.append(hand.leaf(knot, UP - hand.between(0.1, 1.2), hand.between(0.3, 0.6), 0.3))
    if hand.chance(0.05):
        strokes += hand.seeds(hand.count(1, 3), (0, 0), (width / 2, 0.5))
    return strokes


def banana(hand: Hand) -> list[Stroke]:
    """A crescent with pointed or blunt ends, often lines along it; sometimes several from one stem."""
    strokes: list[Stroke] = []
    bend, thickness = hand.between(0.2, 0.6), hand.between(0.1, 0.45)
    stem = np.array([-1.0, 0.0])
    for k in range(hand.count(2, 4) if hand.chance(0.12) else 1):
        tip = stem + 2 * np.array([np.cos(0.4 * k), np.sin(0.4 * k)])
        blunt = np.array([0, hand.between(0.05, 0.3) if hand.chance(0.6) else 0.0])
        outer, inner = hand.line(stem + blunt, tip + blunt, bend), hand.line(tip, stem, thickness - bend)
        strokes += [np.concatenate([outer, inner, outer[:1]])] if hand.chance(0.7) else [outer, inner]
        for _ in range(hand.count(1, 3) if hand.chance(0.35) else 0):
            strokes.append(hand.line(stem, tip, bend - thickness * hand.between(0.2, 0.8)))
    if hand.chance(0.5):
        end = stem - hand.rng.uniform(0.05, 0.35, 2)
        strokes.append(hand.line(stem, end))
        if hand.chance(0.5):
            strokes.append(hand.line(end, end + [0.15, 0]))
            strokes.append(hand.line(end + [0.15, 0], stem + [0.12, 0]))
    return turned(strokes, hand.between(-0.35, 0.35) * TURN)  # seldom with the ends down


def grapes(hand: Hand) -> list[Stroke]:
    """A bunch of small circles, in rows or heaped, that hangs from a stem."""
    shape = hand.rng.choice(["triangle", "columns", "row", "heap"], p=[0.35, 0.15, 0.1, 0.4])
    places: list[tuple[float, float]]
    if shape == "triangle":
        n = hand.count(2, 5)
        places = [(j + i / 2, i) for i in range(n) for j in range(n - i)]
    elif shape == "columns":
        across = hand.count(1, 3)
        places = [(j, i) for i in range(hand.count(3, 6)) for j in range(across)]
    elif shape == "row":
        places = [(j, hand.between(-0.7, 0.7)) for j in range(hand.count(3, 7))]
    else:
        hexagons: list[tuple[float, float]] = [(j + 0.5 * (i % 2), i) for i in range(-2, 3) for j in range(-2, 3)]
        places = sorted(hexagons, key=lambda at: np.hypot(*at) + hand.between(0, 1.2))[: hand.count(3, 18)]
    centres = np.array(places) - np.mean(places, axis=0)
    centres = centres * [1, hand.between(0.75, 1.05)] + hand.rng.normal(0, hand.between(0.05, 0.25), centres.shape)
    radius = hand.between(0.35, 0.65)
    strokes = [hand.circle(centre, radius * hand.between(0.7, 1.2)) for centre in centres]
    if hand.chance(0.2):  # drawn without lifting the pen
        strokes = [np.concatenate(strokes)]
    top = np.array([hand.between(-0.3, 0.3), centres[:, 1].min() - radius * hand.between(-0.5, 1)])
    if hand.chance(0.75):
        end = top + [hand.between(-0.8, 0.8), -hand.between(0.5, 2)]
        strokes.append(hand.line(top, end, hand.between(-0.2, 0.2)))
        if hand.chance(0.35):
            strokes.append(hand.line(end - [hand.between(0.2, 0.8), hand.between(-0.2, 0.2)], end + [0.6, 0]))
    if hand.chance(0.2):  # stalks of single grapes
        strokes += [hand.line(top - [0, 0.5], centre) for centre in centres[: hand.count(2, 4)]]
    if hand.chance(0.15):
        strokes.append(hand.leaf(top, hand.between(-TURN / 2, 0), hand.between(0.6, 1.2), 0.4))
    if hand.chance(0.06):  # a line around the bunch
        strokes.append(hand.arc((0, 0), np.abs(centres).max(axis=0) + radius, 0, TURN))
    return strokes


def pineapple(hand: Hand) -> list[Stroke]:
    """A tall oval with crossed lines, dots or nothing in it, and a tuft of leaves."""
    width = hand.between(0.5, 0.95)
    strokes = [hand.body(width, hand.between(0, 0.4), hand.between(-0.4, 0.25))]
    pattern = hand.rng.choice(["none", "crossed", "lines", "dots", "fill"], p=[0.35, 0.28, 0.22, 0.12, 0.03])
    angle = hand.between(0, TURN / 2)
    if pattern in ("crossed", "lines"):
        strokes += hand.hatching(hand.count(1, 5), angle, (width, 1))
    if pattern == "crossed":
        strokes += hand.hatching(hand.count(2, 5), angle + hand.between(0.9, 2.2), (width, 1))
    if pattern == "dots":
        strokes += hand.seeds(hand.count(3, 16), (0, 0), (0.75 * width, 0.75))
    if pattern == "fill":
        strokes.append(np.concatenate(hand.hatching(hand.count(6, 9), angle, (width, 1))))
    height, reach = hand.between(0.45, 1.3), hand.between(0.3, 0.9) * width
    for layer in range(hand.count(1, 2) if hand.chance(0.3) else 1):
        base = -0.95 - 0.3 * layer
        if hand.chance(0.5):
            strokes.append(hand.zigzag((-reach, base), (reach, base), height, hand.count(2, 5)))
        else:
            strokes += hand.fan((0, base), height, hand.between(0.3, 1.3), hand.count(2, 7), hand.chance(0.5))
    return strokes


def strawberry(hand: Hand) -> list[Stroke]:
    """A rounded triangle on its tip, with seeds and a leafy top."""
    width, taper = hand.between(0.65, 1.1), hand.between(0.35, 0.95)
    dip = hand.between(0, 0.3) if hand.chance(0.4) else 0.0
    strokes = [hand.body(width, hand.between(0, 0.3), taper, dip)]
    top, reach, height = dip - hand.between(0.9, 1), hand.between(0.25, 1) * width, hand.between(0.2, 0.6)
    leaves = hand.rng.choice(["zigzag", "lines", "loops", "cap", "none"], p=[0.4, 0.25, 0.17, 0.12, 0.06])
    if leaves == "zigzag":
        rise = height if hand.chance(0.75) else -height  # or they hang over the fruit
        strokes.append(hand.zigzag((-reach, top), (reach, top), rise, hand.count(2, 5)))
        if hand.chance(0.3):
            strokes.append(hand.zigzag((-reach, top), (reach, top), -rise, hand.count(2, 4)))
    elif leaves == "cap":
        strokes.append(hand.line((-reach, top), (reach, top - hand.between(-0.1, 0.2)), hand.between(-0.2, 0.2)))
    elif leaves != "none":
        strokes += hand.fan((0, top), 1.1 * height, hand.between(0.4, 1.6), hand.count(2, 6), leaves == "loops")
    if hand.chance(0.35):
        strokes.append(hand.line((0, top), (hand.between(-0.2, 0.2), top - hand.between(0.2, 0.7))))
    if hand.chance(0.72):
        strokes += hand.seeds(hand.count(1, 18), (0, -0.1), (0.75 * width, 0.7), taper)
    return strokes


def watermelon(hand: Hand) -> list[Stroke]:
    """A slice with rind and seeds, a half disc or a wedge, or a whole one with stripes."""
    shape = hand.rng.choice(["slice", "wedge", "whole"], p=[0.52, 0.13, 0.35])
    n = hand.count(2, 16) if hand.chance(0.5) else 0
    if shape == "slice":
        depth = hand.between(0.45, 1.2)
        outer = hand.arc((0, 0), (1, depth), 0, TURN / 2)
        rim = hand.line(outer[-1], outer[0], hand.between(-0.05, 0.12))
        strokes = [np.concatenate([outer, rim])] if hand.chance(0.6) else [outer, rim]
        if hand.chance(0.55):
            rind = hand.between(0.7, 0.9)
            strokes.append(hand.arc((0, 0), (rind, rind * depth), 0, TURN / 2))
        return strokes + hand.seeds(n, (0, 0.4 * depth), (0.6, 0.3 * depth))
    if shape == "wedge":
        low, sag = hand.between(0.5, 0.9), hand.between(0.05, 0.3)
        left, right, tip = (-1, low), (1, low), (hand.between(-0.2, 0.2), -low)
        strokes = [hand.line(tip, left), hand.line(tip, right), hand.line(left, right, sag)]
        if hand.chance(0.6):
            strokes.append(hand.line((-0.85, low - 0.25), (0.85, low - 0.25), sag))
        return strokes + hand.seeds(n, (0, 0.2 * low), (0.5, 0.5 * low), -0.5)
    height = hand.between(0.5, 1.05)
    strokes = [hand.body(1, hand.between(0, 0.2)) * [1, height]]
    if hand.chance(0.8):
        angle = 0.0 if hand.chance(0.6) else hand.between(0, TURN)
        strokes += hand.hatching(hand.count(1, 6), angle, (1, height), hand.between(0, 0.4))
    if hand.chance(0.2):
        strokes.append(hand.line((0, -height), (hand.between(-0.2, 0.2), -height - 0.3)))
    return strokes


FRUITS: dict[str, Callable[[Hand], list[Stroke]]] = {
    fruit.__name__: fruit for fruit in (apple, banana, grapes, pineapple, strawberry, watermelon)
}


def turned(strokes: list[Stroke], angle: float) -> list[Stroke]:
    """Strokes turned clockwise around the origin."""
    cos, sin = np.cos(angle), np.sin(angle)
    return [stroke @ [[cos, sin], [-sin, cos]] for stroke in strokes]


def sketch(name: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    """One drawing of one of FRUITS, by a new hand: uint8 [28, 28], 0 background, 255 ink."""
    hand = Hand(rng, wobble=rng.uniform(0.01, 0.06))
    strokes = FRUITS[name](hand)
    if len(strokes) > 1 and hand.chance(0.06):  # the twenty seconds were over
        strokes = strokes[:-1]
    stretch = [hand.between(0.85, 1.15), 1]
    return render(turned([stroke * stretch for stroke in strokes], rng.normal(0, 0.15)))


def render(strokes: list[Stroke]) -> NDArray[np.uint8]:
    """Strokes that span more than a point as a bitmap: uint8 [28, 28], 0 background, 255 ink.

    As Google's: moved to the top left corner, scaled to 0..255 in whole numbers, centred by its bounding box and
    drawn with strokes 16 wide and 16 of padding (https://github.com/googlecreativelab/quickdraw-dataset).
    """
    points = np.concatenate(strokes)
    corner, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale = (DRAWING - 1) / extent.max()
    margin = PADDING + STROKE_WIDTH / 2
    zoom = SIDE * SUPERSAMPLING / (DRAWING + 2 * margin)
    centring = (DRAWING - extent * scale) / 2 + margin
    width, radius = round(STROKE_WIDTH * zoom), STROKE_WIDTH * zoom / 2
    image = Image.new("L", (SIDE * SUPERSAMPLING, SIDE * SUPERSAMPLING))
    canvas = ImageDraw.Draw(image)
    for stroke in strokes:
        pixels = (np.rint((stroke - corner) * scale) + centring) * zoom
        canvas.line(pixels.ravel().tolist(), fill=255, width=width)
        for x, y in pixels.tolist():  # round joints and ends
            canvas.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(image.reduce(SUPERSAMPLING))
