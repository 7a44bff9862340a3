"""Names and presence."""

import pytest

from core.errors import InvalidInputError
from core.people import EXPIRY_S, Presence, Visit, check_tab, person_name


@pytest.mark.parametrize("text", ["", "  \n", "x" * 41, "a\x00b", "a\u202eb"])
def test_what_is_no_name_is_refused(text):
    with pytest.raises(InvalidInputError):
        person_name(text)


def test_who_looks_no_longer_is_forgotten_and_who_moves_is_seen_once():
    now = 0.0
    presence = Presence(clock=lambda: now)
    presence.meet("stack", Visit("a", "Ann", 1))
    presence.meet("stack", Visit("a", "Ann", 2))
    assert presence.meet("stack", Visit("b", "Ben", 0)) == [Visit("a", "Ann", 2)]
    assert presence.meet("other", Visit("b", "Ben", 0)) == []
    now = EXPIRY_S - 1
    presence.meet("stack", Visit("b", "Ben", 0))
    now = EXPIRY_S
    assert presence.meet("stack", Visit("b", "Ben", 0)) == []


@pytest.mark.parametrize("text", ["", "x" * 37, "a\nb", "ä"])
def test_what_names_no_window_is_refused(text):
    with pytest.raises(InvalidInputError):
        check_tab(text)
