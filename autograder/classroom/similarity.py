"""Which students' files are equal or nearly equal, for staff to look at; it says nothing about why they are.

Files are compared as sequences of tokens, without comments, docstrings and blank lines. Two are equal if they are the
same once the names that they define are numbered in the order of their first appearance. Two are nearly equal if they
share most of their fingerprints: hashes of K tokens each, in which every defined name is the same token, of which
winnowing keeps the least one of each W (Schleimer, Wilkerson and Aiken, "Winnowing: Local Algorithms for Document
Fingerprinting", SIGMOD 2003). Those of the given skeleton do not count, nor do those that many students share. The
library copydetect is not used, as its fingerprints depend on Python's hash seed.
"""

import ast
import collections
import dataclasses
import hashlib
import io
import itertools
import token
import tokenize
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from autograder.lab import Lab
from autograder.packaging import checkout_files
from autograder.packaging.skeleton import skeletons
from autograder.registry import located

K = 12  # tokens of a fingerprint: about a line and a half; shorter ones are shared by chance
W = 6  # so that any K + W - 1 = 17 common tokens are found
NEAR = 0.6  # the share of fingerprints from which two files are listed; see tests/test_class_similarity.py
FEWEST = 20  # fingerprints; below, a file has too little of its own to compare
COMMON, MANY = 0.25, 4  # fingerprints of more than this share of the students, and of more than four, are the course's
PICTURES = (".png", ".jpg", ".jpeg")
SKIPPED = (token.COMMENT, token.NL, token.ENCODING, token.ENDMARKER)


@dataclasses.dataclass(frozen=True)
class Work:
    """A file of one student, as far as it is compared: hashes of its bytes and of its tokens, and its fingerprints."""

    content: str
    tokens: str = ""
    prints: frozenset[int] = frozenset()


NOTHING = Work("")


@dataclasses.dataclass(frozen=True)
class Pair:
    """A file that two students share; `share` is 1 if it is equal, else that of the fingerprints, from NEAR on."""

    file: str
    students: tuple[str, str]
    share: float


def work(name: str, content: bytes) -> Work:
    """A file as it is compared; one that is not Python, or cannot be parsed, is compared as it is."""
    digest = hashlib.sha256(content).hexdigest()
    if not name.endswith(".py"):
        return Work(digest)
    try:
        source = content.decode("utf-8", "replace")
        own = defined(ast.parse(source))
        words = list(tokens(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError):
        return Work(digest)
    numbers = {name: f"_{k}" for k, name in enumerate(dict.fromkeys(word for word in words if word in own))}
    exact = "\n".join(numbers.get(word, word) for word in words)
    return Work(digest, hashlib.sha256(exact.encode()).hexdigest(), winnowed(["_" if w in own else w for w in words]))


def defined(tree: ast.AST) -> set[str]:
    """The names that a file defines: variables, parameters, functions, classes, attributes, aliases of imports."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.alias) and node.asname:
            found.add(node.asname)
    return found


def tokens(source: str) -> Iterator[str]:
    """The tokens of a program without comments, blank lines and strings that stand alone, such as docstrings."""
    line: list[tokenize.TokenInfo] = []
    for each in tokenize.generate_tokens(io.StringIO(source).readline):
        if each.type in SKIPPED:
            continue
        if each.type in (token.INDENT, token.DEDENT):
            yield token.tok_name[each.type]
        elif each.type != token.NEWLINE:
            line.append(each)
        else:
            if any(part.type != token.STRING for part in line):
                yield from (part.string for part in line)
                yield "NEWLINE"
            line = []


def winnowed(words: Sequence[str]) -> frozenset[int]:
    """The fingerprints of a sequence of tokens: the least hash of each W that follow one another."""
    hashes = [zlib.crc32("\n".join(words[k : k + K]).encode()) for k in range(len(words) - K + 1)]
    return frozenset(min(hashes[k : k + W]) for k in range(max(1, len(hashes) - W + 1)) if hashes)


def of_files(files: Mapping[str, Path]) -> dict[str, Work]:
    """Files as they are compared, by name: not empty ones nor pictures, as the same program draws the same picture."""
    contents = {name: path.read_bytes() for name, path in files.items() if not name.endswith(PICTURES)}
    return {name: work(name, content) for name, content in contents.items() if content.strip()}


def given(lab: Lab) -> dict[str, Work]:
    """The files to hand in as the lab's handout gives them, by name."""
    if lab.handout is None:
        return {}
    sources = {name: located(name).read_bytes() for name in checkout_files.matching(lab.handout.files)}
    sources |= {name: text.encode() for name, text in skeletons(lab.handout).items()}
    by_name = {PurePosixPath(name).name: content for name, content in sources.items()}
    by_name.setdefault("README.md", located(lab.handout.readme).read_bytes())
    names = [hand_in.name for hand_in in lab.hand_in]
    found = {name: by_name.get(PurePosixPath(name).name) for name in names}
    return {name: work(name, content) for name, content in found.items() if content is not None}


def identity(each: Work, start: Work) -> str:
    """A hash that equal files share; "" for one that is as the handout gives it or has too little of its own."""
    if not each.tokens:  # a model file, a text, or a program that cannot be parsed
        return each.content if each.content != start.content else ""
    return each.tokens if len(each.prints - start.prints) >= FEWEST else ""


def pairs(everyone: Mapping[str, Mapping[str, Work]], handout: Mapping[str, Work]) -> list[Pair]:
    """The files that two students share, the most alike first.

    Args:
        everyone: student -> file -> work; members of a group are one of them.
        handout: file -> the work in the handout.
    """
    found = []
    for file in dict.fromkeys(file for works in everyone.values() for file in works):
        start = handout.get(file, NOTHING)
        there = {student: works[file] for student, works in everyone.items() if file in works}
        equal = {student: identity(each, start) for student, each in there.items()}
        own = {student: each.prints - start.prints for student, each in there.items()}
        common = _common(own.values())
        for one, other in itertools.combinations(there, 2):
            share = 1.0 if equal[one] == equal[other] != "" else _share(own[one] - common, own[other] - common)
            if share >= NEAR:
                found.append(Pair(file, (one, other), share))
    return sorted(found, key=lambda pair: -pair.share)


def _common(prints: Collection[frozenset[int]]) -> set[int]:
    """The fingerprints of many students."""
    counts = collections.Counter(value for each in prints for value in each)
    most = max(MANY, COMMON * len(prints))
    return {value for value, count in counts.items() if count > most}


def _share(one: frozenset[int], other: frozenset[int]) -> float:
    """The share of the fingerprints of the file with fewer, below 1; 0 if it has too few."""
    fewest = min(len(one), len(other))
    return min(len(one & other) / fewest, 0.99) if fewest >= FEWEST else 0.0
