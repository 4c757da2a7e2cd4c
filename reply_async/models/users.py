"""Who a key acts as."""

from attrs import frozen


@frozen(kw_only=True)
class WhoAmI:
    """The user whose key is used; older answers carry ``user_id`` only.

    API page: user-account/whoami.
    """

    user_id: int
    username: str | None = None
    team_id: int | None = None
