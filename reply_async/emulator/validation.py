"""Check a request against the contract and speak of faults as the API does.

Path and query values come as text and leave typed; the body is parsed and
checked with the compiled schema. All faults are collected before anything is
refused. Knows the contract, not the state.
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import TYPE_CHECKING, Any

from attrs import frozen

from reply_async.emulator import multipart
from reply_async.emulator.problems import Fault, Problem, bare, invalid, refusal
from reply_async.emulator.request_rules import body_validator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reply_async.emulator.contract import Json, Operation, Parameter
    from reply_async.emulator.dialects import Dialects

REQUIRED = "Field is required."
WRONG_TYPE = "Value has an invalid type."
WRONG_FORMAT = "Value has an invalid format."
NOT_JSON = "Request body is not valid JSON."
NO_BODY = "The request body is required and cannot be empty."
MAX_FAULTS = 1_000
MAX_EXACT = 2**53  # above it a float no longer tells its neighbours apart

_FORMAT_TEXTS = {
    "email": "'{name}' is not a valid email address.",
    "date-time": "'{name}' must be a valid ISO 8601 date.",
}
_LIMIT_TEXTS = {
    "minItems": "'{name}' must not be empty.",
    "minLength": "'{name}' must not be empty.",
    "maxItems": "'{name}' must contain at most {limit} items.",
    "maxLength": "'{name}' must have at most {limit} characters.",
    "minimum": "'{name}' must be greater than or equal to {limit}.",
    "maximum": "'{name}' must be less than or equal to {limit}.",
}

# Faults of the body that the documents show as business problems instead.
_CODED = {
    ("import_contacts", "/items", "maxItems"): (
        "contact.limitExceeded",
        "Maximum 1000 items per import request.",
    ),
    ("create_contact", "", "anyOf"): (
        "contact.invalidInput",
        "A contact must have at least an email or a LinkedIn URL.",
    ),
}
_WEBHOOK_CODES = {
    ("/eventType", "enum"): ("webHook.invalidEvent", "Unknown webhook event '{value}'."),
    ("/scope", "enum"): ("webHook.invalidScope", "Unknown webhook scope '{value}'."),
    ("/url", "format"): ("webHook.invalidUrl", "Url must be an absolute http address."),
    ("/url", "maxLength"): ("webHook.invalidUrl", "Url is too long."),
}
_CODED |= {
    (operation_id, *place): coded
    for operation_id in ("create_webhook", "update_webhook")
    for place, coded in _WEBHOOK_CODES.items()
}

_CODED |= {
    (operation_id, "/attachmentIds", "maxItems"): (
        "emailTemplate.tooManyAttachments",
        "Maximum 3 attachments allowed per template.",
    )
    for operation_id in ("create_email_template", "update_email_template")
}

_GENERIC = {REQUIRED, WRONG_TYPE, WRONG_FORMAT}

# Said of the sequences' bulk calls, true in the dialect `bulk_sequence_max` alone.
MAX_IDS = 100
_AT_MOST_100 = "'ids' must contain between 1 and 100 items."


@frozen
class Checked:
    """A request in which every value has its documented type."""

    path: dict[str, Any]
    query: dict[str, Any]
    body: Any


@frozen
class _Unfit:
    """A path or query value that the schema does not allow."""

    name: str
    text: str
    keyword: str
    schema: Json


def check(
    operation: Operation,
    dialects: Dialects,
    path_values: list[str],
    query_values: Mapping[str, str],
    content_type: str,
    body: bytes,
) -> Checked:
    """Return the typed request, or raise the documented refusal."""
    path, query, unfit = _read_parameters(operation, path_values, query_values)
    slash = "/" if dialects["query_pointer"] == "slash" else ""
    faults = [Fault(f"{slash}{entry.name}", _parameter_text(operation, entry)) for entry in unfit]
    content: Any = None
    if operation.takes_body:
        media_type = content_type.partition(";")[0].strip().lower()
        if body and media_type != operation.body_type:
            raise bare(415)
        if operation.body_type == multipart.MEDIA_TYPE:
            content, body_faults = _read_form(operation, content_type, body)
        else:
            content, body_faults = _read_body(operation, body_validator(operation, dialects), body)
        if faults and body_faults:
            raise invalid(*faults, *body_faults, detail="The request contains validation errors.")
        faults += body_faults
    for entry in unfit:
        business = _parameter_refusal(operation, entry)
        if business is not None:
            raise business
    if faults:
        raise invalid(*faults)
    return Checked(path, query, content)


def _read_parameters(
    operation: Operation, path_values: list[str], query_values: Mapping[str, str]
) -> tuple[Json, Json, list[_Unfit]]:
    path: Json = {}
    query: Json = {}
    unfit: list[_Unfit] = []
    given = dict(zip(operation.path_names, path_values, strict=True))
    for parameter in operation.parameters:
        is_path = parameter.place == "path"
        text = given[parameter.name] if is_path else query_values.get(parameter.name)
        if text is None:
            query[parameter.name] = parameter.schema.get("default")
            if parameter.is_required:
                unfit.append(_Unfit(parameter.name, "", "required", parameter.schema))
            continue
        value, keyword = _typed(parameter, text)
        if keyword is not None:
            unfit.append(_Unfit(parameter.name, text, keyword, parameter.schema))
        (path if is_path else query)[parameter.name] = value
    for direction, member in (("sortDirection", "sortBy"), ("sort_direction", "sort_by")):
        if direction in query and direction in query_values and member not in query_values:
            unfit.append(_Unfit(direction, query_values[direction], "alone", {}))
    return path, query, unfit


def _typed(parameter: Parameter, text: str) -> tuple[Any, str | None]:
    """Return the value of a text and the schema keyword it breaks, if any."""
    schema = parameter.schema
    value: Any = text
    if schema.get("type") == "integer":
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 19):  # noqa: PLR2004 - int64
            return None, "type"
        value = int(text)
    elif schema.get("type") == "boolean":
        value = {"true": True, "false": False}.get(text.lower())
        if value is None:
            return None, "type"
    error = next(iter(parameter.validator.iter_errors(value)), None)
    return value, None if error is None else str(list(error.schema_path)[-1])


def _parameter_text(operation: Operation, entry: _Unfit) -> str:
    if entry.keyword == "type":
        return WRONG_TYPE
    if entry.keyword == "required":
        return f"Query parameter '{entry.name}' is required."
    sample = operation.samples.get(entry.name, WRONG_TYPE)
    if sample not in _GENERIC:
        return sample
    if entry.keyword in {"minimum", "maximum"}:
        low, high = entry.schema.get("minimum"), entry.schema.get("maximum")
        if high is None:
            return f"The field {entry.name} must be at least {low}."
        return f"The field {entry.name} must be between {low} and {high}."
    return WRONG_FORMAT


def _parameter_refusal(operation: Operation, entry: _Unfit) -> Problem | None:
    """Return the coded refusal that the operation documents for a parameter."""
    texts: dict[str, str] = {
        "invalidPagination": "Invalid requested page view.",
        "invalidInput": "Invalid filter parameters.",
        "invalidJobId": "Job id must be a non-empty GUID.",
    }
    if entry.name in {"top", "skip"} and entry.keyword != "type":
        variant = "invalidPagination"
        if operation.id == "list_folder_sequences":  # the one with a text of its own
            rule = "between 1 and 1000" if entry.name == "top" else "at least 0"
            texts[variant] = f"Parameter '{entry.name}' must be {rule}."
    elif entry.name.lower().startswith("sort"):
        variant = "invalidSort"
        texts[variant] = _sort_text(entry)
    elif entry.name == "jobId":
        variant = "invalidJobId"
    elif operation.id.startswith("count_") and entry.name != "id":
        variant = "invalidInput"
    else:
        return None
    code = operation.code(400, variant)
    return refusal(400, code, texts[variant]) if code else None


def _sort_text(entry: _Unfit) -> str:
    if entry.keyword == "alone":
        return f"{entry.name} needs a member to sort by."
    allowed = ", ".join(entry.schema.get("enum", ()))
    return f"Invalid {entry.name} value '{entry.text}'. Allowed values: {allowed}."


def _read_form(operation: Operation, content_type: str, body: bytes) -> tuple[Any, list[Fault]]:
    """Return the uploaded file; a missing one is a coded refusal where one is documented.

    Elsewhere the description speaks of a bare problem, but the schema of that
    400 asks for the faulty places, and an answer must fit its schema.
    """
    upload = multipart.read_file(content_type, body)
    if upload is not None and upload.content:
        return {multipart.PART_NAME: upload}, []
    code = operation.code(400, "emptyFile")
    if code:
        raise refusal(400, code, "The file is missing or empty.")
    return None, [Fault(f"/{multipart.PART_NAME}", REQUIRED)]


def _read_body(
    operation: Operation,
    validator: Any,  # noqa: ANN401 - the library's validator has no public base type
    body: bytes,
) -> tuple[Any, list[Fault]]:
    if not body.strip():
        if operation.raw["requestBody"].get("required", False):
            return None, [Fault("", NO_BODY)]
        return None, [Fault("", NOT_JSON)] if body else []
    try:
        content = json.loads(body, parse_constant=_refuse_constant, parse_float=_number)
        if b"\\u" in body:  # half a surrogate pair is no text and could not be sent back
            json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None, [Fault("", NOT_JSON)]
    if validator.is_valid(content):
        return content, []
    faults: dict[str, Fault] = {}
    for error in _single_faults(validator.iter_errors(content)):
        fault = _body_fault(operation, error)
        if fault.detail == WRONG_TYPE or fault.pointer not in faults:  # one word per place
            faults[fault.pointer] = fault
        if len(faults) >= MAX_FAULTS:
            break
    return content, list(faults.values())


def _single_faults(errors: Iterable[Any]) -> Iterator[Any]:
    """Go through the errors; of a union of objects, those of the closest form."""
    for error in errors:
        if "oneOf" in list(error.schema_path)[-1:] and isinstance(error.instance, dict):
            yield from min(error.kind.context, key=_distance)
        else:
            yield error


def _distance(errors: list[Any]) -> tuple[int, int]:
    """Return how far a form of a union is off: first by its fixed values."""
    fixed = sum(list(error.schema_path)[-1] == "const" for error in errors)
    return fixed, len(errors)


def _refuse_constant(name: str) -> object:
    raise ValueError(name)


def _number(text: str) -> float:
    """Return a number with a fraction, or the integer that it is, as 7.0 is 7."""
    value = float(text)
    if not isfinite(value):  # 1e999 could not be sent back
        raise ValueError(text)
    return int(value) if value.is_integer() and abs(value) <= MAX_EXACT else value


def _body_fault(operation: Operation, error: Any) -> Fault:  # noqa: ANN401 - library's error
    keyword = str(list(error.schema_path)[-1])
    parts = list(error.instance_path)
    if keyword == "required":
        pointer = _pointer([*parts, error.kind.property])
        of_item = operation.samples.get(f"/{error.kind.property}", REQUIRED)
        sample = operation.samples.get(pointer, of_item)
        is_other = sample in _GENERIC or sample.startswith("Invalid ")  # said of a value
        return Fault(pointer, REQUIRED if is_other else sample)
    pointer = _pointer(parts)
    coded = _CODED.get((operation.id, pointer, keyword))
    if coded is not None:
        code, text = coded
        raise refusal(400, code, text.format(value=error.instance))
    if keyword in {"type", "oneOf", "anyOf"}:
        return Fault(pointer, WRONG_TYPE)
    sample = operation.samples.get(pointer, "")
    is_said = sample != _AT_MOST_100 or (keyword == "maxItems" and error.kind.limit == MAX_IDS)
    if sample and sample not in _GENERIC and is_said:
        return Fault(pointer, _of_value(sample, keyword, error))
    return Fault(pointer, _text(keyword, str(parts[-1]) if parts else "value", error))


def _of_value(sample: str, keyword: str, error: Any) -> str:  # noqa: ANN401 - library's error
    """Return a documented text, about the value that was sent where it quotes one."""
    if keyword != "enum" or not sample.startswith("Invalid "):
        return sample
    return re.sub("'[^']*'", lambda _: f"'{error.instance}'", sample, count=1)


def _text(keyword: str, name: str, error: Any) -> str:  # noqa: ANN401 - library's error
    if keyword == "format":
        text = _FORMAT_TEXTS.get(error.kind.format, WRONG_FORMAT)
        return text.format(name=name)
    text = _LIMIT_TEXTS.get(keyword, WRONG_FORMAT)
    return text.format(name=name, limit=getattr(error.kind, "limit", ""))


def _pointer(parts: list[Any]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
