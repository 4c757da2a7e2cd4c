"""Files that were uploaded, to be named by their ids."""

from attrs import frozen


@frozen(kw_only=True)
class Attachment:
    """A file for mails of sequences.

    Sources differ on whether ``size`` is in bytes or in kilobytes: do not compute with it.
    API page: attachments/upload-an-attachment.
    """

    id: int
    file_name: str
    size: int


@frozen(kw_only=True)
class VoiceAttachment:
    """A recording for voice messages, of at most 60 seconds.

    API page: attachments/upload-a-voice-attachment.
    """

    id: int
    file_name: str | None = None
    length_in_seconds: float | None = None


@frozen(kw_only=True)
class EmailTemplateAttachment:
    """A file of an e-mail template; ``size`` is in bytes.

    API page: email-templates/upload-an-email-template-attachment.
    """

    id: int
    file_name: str | None = None
    url: str | None = None
    size: int | None = None
