"""Who a key acts as, and with whom."""

from attrs import frozen


@frozen(kw_only=True)
class WhoAmI:
    """The user whose key is used; older answers carry ``user_id`` only.

    API page: user-account/whoami.
    """

    user_id: int
    username: str | None = None
    team_id: int | None = None


@frozen(kw_only=True)
class TeamUser:
    """A user of one team; whoever is in several teams stands in each.

    API page: user-account/list-team-users.
    """

    team_id: int
    user_id: int
    team_name: str | None = None
    user_name: str | None = None
    user_email: str | None = None
