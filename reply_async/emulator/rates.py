"""How often people react to messages, set for all, a sequence, a step or a wording.

The most specific rate that is set wins. What is set nowhere has its usual value,
which for opens, clicks and replies is drawn by the wording. Pure: no chance here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import asdict, evolve, field, fields, frozen

from reply_async.emulator.chance import draws

if TYPE_CHECKING:
    from collections.abc import Mapping

LEVELS = ("sequence_id", "step_id", "variant_id")
_FADE = 0.75


def _share(_rates: Rates, attribute: Any, value: object) -> None:  # noqa: ANN401 - attrs hands over its own class
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"{attribute.name} is a share from 0 to 1, not {value!r}")


def _rate() -> Any:  # noqa: ANN401 - attrs turns it into the field's type
    return field(default=None, validator=_share)


@frozen(kw_only=True)
class Rates:
    """Shares of messages, from 0 to 1; None leaves a rate to the level above.

    ``fade`` is the factor by which each further step of a sequence is answered less;
    unless set it is 0.75, and 1 where ``replied`` is set; LinkedIn has it only there.
    ``interested`` is of those who reply and ``meetings_booked`` of those who are
    interested. ``accepted`` is of LinkedIn invitations; ``replied`` holds for LinkedIn
    messages as well.
    """

    opened: float | None = _rate()
    clicked: float | None = _rate()
    replied: float | None = _rate()
    fade: float | None = _rate()
    interested: float | None = _rate()
    meetings_booked: float | None = _rate()
    bounced: float | None = _rate()
    opted_out: float | None = _rate()
    out_of_office: float | None = _rate()
    auto_replied: float | None = _rate()
    accepted: float | None = _rate()

    def over(self, other: Rates) -> Rates:
        """Return these rates, with the other's where none is set."""
        return evolve(other, **self.given())

    def given(self) -> dict[str, float]:
        """Return the rates that are set, by name."""
        return {name: rate for name, rate in asdict(self).items() if rate is not None}


RATES = tuple(attribute.name for attribute in fields(Rates))
USUAL = Rates(
    interested=0.45,
    meetings_booked=0.4,
    bounced=0.025,
    opted_out=0.012,
    out_of_office=0.02,
    auto_replied=0.015,
    accepted=0.32,
)


@frozen
class Reach:
    """What one wording gets, every rate known; the middle ones are of LinkedIn."""

    opened: float
    clicked: float
    replied: float
    message_replied: float
    in_mail_replied: float
    note_replied: float
    others: Rates


def rates_of(body: Mapping[str, Any]) -> tuple[Rates, dict[str, int]]:
    """Return the rates that a JSON object gives and the place they are for.

    ValueError for unknown names, for values that are no share and for two places.
    """
    place = {name: value for name, value in body.items() if name in LEVELS}
    _require_one_place(place)
    for name, number in place.items():
        if type(number) is not int:
            raise ValueError(f"{name} must be a number, not {number!r}")
    rates = {name: value for name, value in body.items() if name not in LEVELS}
    if unknown := [name for name in rates if name not in RATES]:
        raise ValueError(f"no rate {unknown[0]!r}; there are {', '.join(RATES)}")
    return Rates(**rates), place


def _require_one_place(place: Mapping[str, object]) -> None:
    if len(place) > 1 or not place.keys() <= set(LEVELS):
        raise ValueError(f"rates are set for one of {', '.join(LEVELS)}, or for all")


def _checked(rates: object) -> Rates:
    if not isinstance(rates, Rates):
        raise ValueError(f"rates are made by Rates(...), {rates!r} is none")  # noqa: TRY004 - one kind of error for callers
    return rates


class RateBook:
    """The rates in force. They hold for messages sent from the time they are set."""

    def __init__(self, seed: int, default: Rates | None = None) -> None:
        self._seed = seed
        default = Rates() if default is None else _checked(default)
        self._set: dict[tuple[str, int], Rates] = {("default", 0): default}
        self._known: dict[tuple[int, int, int | None, int], Reach] = {}

    def set(self, rates: Rates, **place: int | None) -> None:
        """Replace the rates of one place: a sequence, a step or a variant, else of all."""
        given = {level: number for level, number in place.items() if number is not None}
        _require_one_place(given)
        self._set[next(iter(given.items()), ("default", 0))] = _checked(rates)
        self._known.clear()

    def shown(self) -> dict[str, Any]:
        """Return what is set, by place, without what is not."""
        found: dict[str, Any] = {"default": {}, **{level: {} for level in LEVELS}}
        for (level, number), rates in self._set.items():
            if level == "default":
                found[level] = rates.given()
            else:
                found[level][str(number)] = rates.given()
        return found

    def reach(
        self, sequence_id: int, step_id: int, variant_id: int | None, step_number: int
    ) -> Reach:
        """Return the rates of a message; steps are counted from 1."""
        key = (sequence_id, step_id, variant_id, step_number)
        if key not in self._known:
            self._known[key] = self._reach(*key)
        return self._known[key]

    def _reach(
        self, sequence_id: int, step_id: int, variant_id: int | None, step_number: int
    ) -> Reach:
        rates = Rates()
        places = (("variant_id", variant_id), ("step_id", step_id), ("sequence_id", sequence_id))
        for level, number in (*places, ("default", 0)):
            if number is not None and (level, number) in self._set:
                rates = rates.over(self._set[level, number])
        opened, clicked, drawn = draws(self._seed, variant_id or step_id)[:3]
        usual = 0.02 + 0.10 * drawn
        if rates.replied is None:
            base, fade, linkedin = usual, _FADE, (usual * 1.5, usual, 0.2)
        else:
            base, fade, linkedin = rates.replied, 1.0, None
        faded = base * (fade if rates.fade is None else rates.fade) ** (step_number - 1)
        message, in_mail, note = linkedin or (faded,) * 3
        return Reach(
            opened=0.35 + 0.35 * opened if rates.opened is None else rates.opened,
            clicked=0.03 + 0.12 * clicked if rates.clicked is None else rates.clicked,
            replied=faded,
            message_replied=message,
            in_mail_replied=in_mail,
            note_replied=note,
            others=rates.over(USUAL),
        )
