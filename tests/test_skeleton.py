"""Making a student's skeleton from a working file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.packaging.skeleton import skeleton

SOURCE = '''"""A module."""

import numpy as np  # kept


def helper(x):
    return x + 1  # our own idea


class Linear:
    """y = x W + b."""

    def __init__(self, n: int) -> None:
        self.W = np.zeros(n)

    @property
    def size(self) -> int:
        """How many."""
        # by the way
        if self.W is None:
            return 0
        return len(self.W)

    def forward(self, x):
        """Shapes [B, in]
        -> [B, out].
        """
        y = helper(x)
        return y


def given(x):
    return x
'''


def test_bodies_go_and_docstrings_stay() -> None:
    assert skeleton(SOURCE, ("Linear.__init__", "Linear.size", "Linear.forward"), ("helper",), {"": "Yours."}) == (
        '''"""Yours."""

import numpy as np  # kept


class Linear:
    """y = x W + b."""

    def __init__(self, n: int) -> None:
        raise NotImplementedError

    @property
    def size(self) -> int:
        """How many."""
        raise NotImplementedError

    def forward(self, x):
        """Shapes [B, in]
        -> [B, out].
        """
        raise NotImplementedError


def given(x):
    return x
'''
    )


def test_a_decorated_definition_goes_with_its_decorator() -> None:
    found = skeleton(SOURCE, (), ("Linear.size",), {"Linear": "Other\nwords."})
    assert "@property" not in found and "by the way" not in found
    assert '    """Other\n    words."""\n' in found
    compile(found, "skeleton", "exec")


def test_a_body_that_is_its_docstring_alone_gets_a_statement() -> None:
    assert skeleton('def f():\n    """Do."""\n', ("f",), (), {}) == (
        'def f():\n    """Do."""\n    raise NotImplementedError\n'
    )


@given(st.sets(st.sampled_from(["helper", "Linear.__init__", "Linear.size", "Linear.forward", "given"])))
def test_what_is_named_raises_and_the_rest_works(blanks: set[str]) -> None:
    names: dict[str, object] = {}
    exec(skeleton(SOURCE, tuple(blanks), (), {}), names)
    for name in ("helper", "given"):
        function = names[name]
        assert callable(function)
        if name in blanks:
            with pytest.raises(NotImplementedError):
                function(1)
        else:
            assert function(1) == (2 if name == "helper" else 1)


@pytest.mark.parametrize(
    ("blanks", "drops", "says", "message"),
    [
        (("nothing",), (), {}, "expected a definition of nothing, got none"),
        ((), ("Linear.backward",), {}, "expected a definition of Linear.backward, got none"),
        ((), (), {"given": "Words."}, "expected given to have a docstring to replace, got none"),
    ],
)
def test_a_declaration_that_is_out_of_date_is_refused(
    blanks: tuple[str, ...], drops: tuple[str, ...], says: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        skeleton(SOURCE, blanks, drops, says)


def test_a_body_on_the_line_of_its_def_is_refused() -> None:
    with pytest.raises(ValueError, match="expected f to have its body on lines of its own"):
        skeleton("def f(): return 1\n", ("f",), (), {})
