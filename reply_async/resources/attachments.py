"""Files and recordings, uploaded to be named by their ids in steps.

Wraps the API pages filed under "Attachments". The API lists no attachments, so a lost
upload cannot be read back.
"""

from __future__ import annotations

from functools import partial

from attrs import frozen

from reply_async.converter import decode
from reply_async.models.attachments import Attachment, VoiceAttachment
from reply_async.resources.uploads import FileContent, upload_request
from reply_async.transport.sender import Sender


@frozen
class Attachments:
    """Files for steps of sequences."""

    _sender: Sender

    async def upload(self, file_name: str, content: FileContent) -> Attachment:
        """Upload a file for mails and return it with its id.

        ``file_name`` is what recipients see, without a path.

        Costs: 1 request. Lost answer: OutcomeUnknown, there is nothing to read it back by;
        a second upload leaves at worst an unused file.
        Raises: InvalidUse (no content), ApiError, Forbidden, RateLimitWait, OutcomeUnknown.
        API page: attachments/upload-an-attachment.
        """
        request = upload_request("/v3/attachments", file_name, content)
        return await self._sender.send(request, partial(decode, kind=Attachment))

    async def upload_voice(self, file_name: str, content: FileContent) -> VoiceAttachment:
        """Upload a recording of at most 60 seconds and return it with its length.

        Costs: 1 request. Lost answer: OutcomeUnknown, there is nothing to read it back by;
        a second upload leaves at worst an unused file.
        Raises: InvalidUse (no content), ApiError (too long, cannot be converted),
        Forbidden, RateLimitWait, OutcomeUnknown.
        API page: attachments/upload-a-voice-attachment.
        """
        request = upload_request("/v3/attachments/voice", file_name, content)
        return await self._sender.send(request, partial(decode, kind=VoiceAttachment))
