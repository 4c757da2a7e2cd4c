"""The same page and the same sequence as classes of the peers.

Steps are told apart by ``type`` alone, which is all that the peers' unions take.
"""

# ruff: noqa: N815 - members are spelled as the answers spell them
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Struct
from pydantic import BaseModel, Field, TypeAdapter


class PydanticDisposition(BaseModel):
    """Disposition."""

    isReplied: bool | None = None
    isBounced: bool | None = None


class PydanticCurrentStep(BaseModel):
    """Current step."""

    stepId: int | None = None
    displayName: str | None = None


class PydanticContact(BaseModel):
    """Contact."""

    contactId: int | None = None
    sequenceId: int | None = None
    email: str | None = None
    firstName: str | None = None
    lastName: str | None = None
    company: str | None = None
    title: str | None = None
    statusInSequence: str | None = None
    isOptedOut: bool | None = None
    callStatus: str | None = None
    meetingStatus: str | None = None
    emailDisposition: PydanticDisposition | None = None
    currentStep: PydanticCurrentStep | None = None
    addingDate: datetime | None = None
    emailAccountId: int | None = None
    linkedInAccountId: int | None = None


class PydanticPage(BaseModel):
    """Page."""

    items: list[PydanticContact] | None = None
    hasMore: bool | None = None


class PydanticVariant(BaseModel):
    """Variant."""

    id: int | None = None
    subject: str | None = None
    message: str | None = None
    isEnabled: bool | None = None
    hasAttachments: bool | None = None


class PydanticRule(BaseModel):
    """Rule."""

    operator: str | None = None
    value: str | None = None


class PydanticStepCondition(BaseModel):
    """Step condition."""

    property: str | None = None
    rules: list[PydanticRule] | None = None


class PydanticEmail(BaseModel):
    """Email."""

    type: Literal["email"]
    id: int | None = None
    parentId: int | None = None
    ifConditionPositive: bool | None = None
    delayInMinutes: int | None = None
    executionMode: str | None = None
    variants: list[PydanticVariant] | None = None


class PydanticLinkedIn(BaseModel):
    """Linked in."""

    type: Literal["linkedIn"]
    id: int | None = None
    parentId: int | None = None
    ifConditionPositive: bool | None = None
    delayInMinutes: int | None = None
    actionType: str | None = None
    executionMode: str | None = None
    variants: list[PydanticVariant] | None = None


class PydanticCall(BaseModel):
    """Call."""

    type: Literal["call"]
    id: int | None = None
    parentId: int | None = None
    ifConditionPositive: bool | None = None
    delayInMinutes: int | None = None
    message: str | None = None


class PydanticTask(BaseModel):
    """Task."""

    type: Literal["task"]
    id: int | None = None
    parentId: int | None = None
    ifConditionPositive: bool | None = None
    delayInMinutes: int | None = None
    actionType: str | None = None
    description: str | None = None


class PydanticCondition(BaseModel):
    """Condition."""

    type: Literal["condition"]
    id: int | None = None
    parentId: int | None = None
    ifConditionPositive: bool | None = None
    delayInMinutes: int | None = None
    waitInMinutes: int | None = None
    conditions: list[PydanticStepCondition] | None = None


class PydanticAccount(BaseModel):
    """Account."""

    id: int | None = None
    email: str | None = None


class PydanticProfile(BaseModel):
    """Profile."""

    id: int | None = None
    name: str | None = None
    profileUrl: str | None = None
    status: str | None = None


class PydanticSettings(BaseModel):
    """Settings."""

    emailsCountPerDay: int | None = None
    daysToFinishProspect: int | None = None
    emailSendingDelaySeconds: int | None = None
    dailyThrottling: int | None = None
    disableOpensTracking: bool | None = None
    repliesHandlingType: str | None = None
    enableLinksTracking: bool | None = None


PydanticStep = Annotated[
    PydanticEmail | PydanticLinkedIn | PydanticCall | PydanticTask | PydanticCondition,
    Field(discriminator="type"),
]


class PydanticSequence(BaseModel):
    """Sequence."""

    id: int | None = None
    ownerUserId: int | None = None
    name: str | None = None
    created: datetime | None = None
    status: str | None = None
    isArchived: bool | None = None
    health: str | None = None
    scheduleId: int | None = None
    emailAccounts: list[PydanticAccount] | None = None
    linkedInAccounts: list[PydanticProfile] | None = None
    settings: PydanticSettings | None = None
    steps: list[PydanticStep] | None = None


class MsgspecDisposition(Struct):
    """Disposition."""

    isReplied: bool | None = None
    isBounced: bool | None = None


class MsgspecCurrentStep(Struct):
    """Current step."""

    stepId: int | None = None
    displayName: str | None = None


class MsgspecContact(Struct):
    """Contact."""

    contactId: int | None = None
    sequenceId: int | None = None
    email: str | None = None
    firstName: str | None = None
    lastName: str | None = None
    company: str | None = None
    title: str | None = None
    statusInSequence: str | None = None
    isOptedOut: bool | None = None
    callStatus: str | None = None
    meetingStatus: str | None = None
    emailDisposition: MsgspecDisposition | None = None
    currentStep: MsgspecCurrentStep | None = None
    addingDate: datetime | None = None
    emailAccountId: int | None = None
    linkedInAccountId: int | None = None


class MsgspecPage(Struct):
    """Page."""

    items: list[MsgspecContact] | None = None
    hasMore: bool | None = None


class MsgspecVariant(Struct):
    """Variant."""

    id: int | None = None
    subject: str | None = None
    message: str | None = None
    isEnabled: bool | None = None
    hasAttachments: bool | None = None


class MsgspecRule(Struct):
    """Rule."""

    operator: str | None = None
    value: str | None = None


class MsgspecStepCondition(Struct):
    """Step condition."""

    property: str | None = None
    rules: list[MsgspecRule] | None = None


class MsgspecEmail(Struct, tag_field="type", tag="email"):
    """Email."""

    id: int | None = None
    parentId: int | None = None
    ifConditionPositive: bool | None = None
    delayInMinutes: int | None = None
    executionMode: str | None = None
    variants: list[MsgspecVariant] | None = None


class MsgspecLinkedIn(Struct, tag_field="type", tag="linkedIn"):
    """Linked in."""

    id: int | None = None
    parentId: int | None = None
    ifConditionPositive: bool | None = None
    delayInMinutes: int | None = None
    actionType: str | None = None
    executionMode: str | None = None
    variants: list[MsgspecVariant] | None = None


class MsgspecCall(Struct, tag_field="type", tag="call"):
    """Call."""

    id: int | None = None
    parentId: int | None = None
    ifConditionPositive: bool | None = None
    delayInMinutes: int | None = None
    message: str | None = None


class MsgspecTask(Struct, tag_field="type", tag="task"):
    """Task."""

    id: int | None = None
    parentId: int | None = None
    ifConditionPositive: bool | None = None
    delayInMinutes: int | None = None
    actionType: str | None = None
    description: str | None = None


class MsgspecCondition(Struct, tag_field="type", tag="condition"):
    """Condition."""

    id: int | None = None
    parentId: int | None = None
    ifConditionPositive: bool | None = None
    delayInMinutes: int | None = None
    waitInMinutes: int | None = None
    conditions: list[MsgspecStepCondition] | None = None


class MsgspecAccount(Struct):
    """Account."""

    id: int | None = None
    email: str | None = None


class MsgspecProfile(Struct):
    """Profile."""

    id: int | None = None
    name: str | None = None
    profileUrl: str | None = None
    status: str | None = None


class MsgspecSettings(Struct):
    """Settings."""

    emailsCountPerDay: int | None = None
    daysToFinishProspect: int | None = None
    emailSendingDelaySeconds: int | None = None
    dailyThrottling: int | None = None
    disableOpensTracking: bool | None = None
    repliesHandlingType: str | None = None
    enableLinksTracking: bool | None = None


MsgspecStep = MsgspecEmail | MsgspecLinkedIn | MsgspecCall | MsgspecTask | MsgspecCondition


class MsgspecSequence(Struct):
    """Sequence."""

    id: int | None = None
    ownerUserId: int | None = None
    name: str | None = None
    created: datetime | None = None
    status: str | None = None
    isArchived: bool | None = None
    health: str | None = None
    scheduleId: int | None = None
    emailAccounts: list[MsgspecAccount] | None = None
    linkedInAccounts: list[MsgspecProfile] | None = None
    settings: MsgspecSettings | None = None
    steps: list[MsgspecStep] | None = None


LOADS: dict[str, dict[str, Callable[[bytes], object]]] = {
    "page": {
        "pydantic v2": TypeAdapter(PydanticPage).validate_json,
        "msgspec": msgspec.json.Decoder(MsgspecPage).decode,
    },
    "sequence": {
        "pydantic v2": TypeAdapter(PydanticSequence).validate_json,
        "msgspec": msgspec.json.Decoder(MsgspecSequence).decode,
    },
}
