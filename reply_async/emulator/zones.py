"""Time zones by their Windows names, as schedules have them.

The names and their places are those of the Unicode CLDR. A name that is not known is
read as UTC, and so are all where the machine has no zone files.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_OFFSET = re.compile(r"UTC([+-]\d{2})")
# Without the words " Standard Time" at the end of each.
PLACES = {
    "AUS Central": "Australia/Darwin",
    "AUS Eastern": "Australia/Sydney",
    "Afghanistan": "Asia/Kabul",
    "Alaskan": "America/Anchorage",
    "Aleutian": "America/Adak",
    "Altai": "Asia/Barnaul",
    "Arab": "Asia/Riyadh",
    "Arabian": "Asia/Dubai",
    "Arabic": "Asia/Baghdad",
    "Argentina": "America/Argentina/Buenos_Aires",
    "Astrakhan": "Europe/Astrakhan",
    "Atlantic": "America/Halifax",
    "Aus Central W.": "Australia/Eucla",
    "Azerbaijan": "Asia/Baku",
    "Azores": "Atlantic/Azores",
    "Bahia": "America/Bahia",
    "Bangladesh": "Asia/Dhaka",
    "Belarus": "Europe/Minsk",
    "Bougainville": "Pacific/Bougainville",
    "Canada Central": "America/Regina",
    "Cape Verde": "Atlantic/Cape_Verde",
    "Caucasus": "Asia/Yerevan",
    "Cen. Australia": "Australia/Adelaide",
    "Central America": "America/Guatemala",
    "Central Asia": "Asia/Bishkek",
    "Central Brazilian": "America/Cuiaba",
    "Central Europe": "Europe/Budapest",
    "Central European": "Europe/Warsaw",
    "Central Pacific": "Pacific/Guadalcanal",
    "Central": "America/Chicago",
    "Chatham Islands": "Pacific/Chatham",
    "China": "Asia/Shanghai",
    "Cuba": "America/Havana",
    "E. Africa": "Africa/Nairobi",
    "E. Australia": "Australia/Brisbane",
    "E. Europe": "Europe/Chisinau",
    "E. South America": "America/Sao_Paulo",
    "Easter Island": "Pacific/Easter",
    "Eastern": "America/New_York",
    "Egypt": "Africa/Cairo",
    "Ekaterinburg": "Asia/Yekaterinburg",
    "FLE": "Europe/Kiev",
    "Fiji": "Pacific/Fiji",
    "GMT": "Europe/London",
    "GTB": "Europe/Bucharest",
    "Georgian": "Asia/Tbilisi",
    "Greenland": "America/Godthab",
    "Greenwich": "Atlantic/Reykjavik",
    "Haiti": "America/Port-au-Prince",
    "Hawaiian": "Pacific/Honolulu",
    "India": "Asia/Kolkata",
    "Iran": "Asia/Tehran",
    "Israel": "Asia/Jerusalem",
    "Jordan": "Asia/Amman",
    "Kaliningrad": "Europe/Kaliningrad",
    "Korea": "Asia/Seoul",
    "Libya": "Africa/Tripoli",
    "Line Islands": "Pacific/Kiritimati",
    "Lord Howe": "Australia/Lord_Howe",
    "Magadan": "Asia/Magadan",
    "Magallanes": "America/Punta_Arenas",
    "Marquesas": "Pacific/Marquesas",
    "Mauritius": "Indian/Mauritius",
    "Middle East": "Asia/Beirut",
    "Montevideo": "America/Montevideo",
    "Morocco": "Africa/Casablanca",
    "Mountain": "America/Denver",
    "Myanmar": "Asia/Yangon",
    "N. Central Asia": "Asia/Novosibirsk",
    "Namibia": "Africa/Windhoek",
    "Nepal": "Asia/Kathmandu",
    "New Zealand": "Pacific/Auckland",
    "Newfoundland": "America/St_Johns",
    "Norfolk": "Pacific/Norfolk",
    "North Asia East": "Asia/Irkutsk",
    "North Asia": "Asia/Krasnoyarsk",
    "North Korea": "Asia/Pyongyang",
    "Omsk": "Asia/Omsk",
    "Pacific SA": "America/Santiago",
    "Pacific": "America/Los_Angeles",
    "Pakistan": "Asia/Karachi",
    "Paraguay": "America/Asuncion",
    "Qyzylorda": "Asia/Qyzylorda",
    "Romance": "Europe/Paris",
    "Russia Time Zone 10": "Asia/Srednekolymsk",
    "Russia Time Zone 11": "Asia/Kamchatka",
    "Russia Time Zone 3": "Europe/Samara",
    "Russian": "Europe/Moscow",
    "SA Eastern": "America/Cayenne",
    "SA Pacific": "America/Bogota",
    "SA Western": "America/La_Paz",
    "SE Asia": "Asia/Bangkok",
    "Saint Pierre": "America/Miquelon",
    "Sakhalin": "Asia/Sakhalin",
    "Samoa": "Pacific/Apia",
    "Sao Tome": "Africa/Sao_Tome",
    "Saratov": "Europe/Saratov",
    "Singapore": "Asia/Singapore",
    "South Africa": "Africa/Johannesburg",
    "South Sudan": "Africa/Juba",
    "Sri Lanka": "Asia/Colombo",
    "Sudan": "Africa/Khartoum",
    "Syria": "Asia/Damascus",
    "Taipei": "Asia/Taipei",
    "Tasmania": "Australia/Hobart",
    "Tocantins": "America/Araguaina",
    "Tokyo": "Asia/Tokyo",
    "Tomsk": "Asia/Tomsk",
    "Tonga": "Pacific/Tongatapu",
    "Transbaikal": "Asia/Chita",
    "Turkey": "Europe/Istanbul",
    "Turks And Caicos": "America/Grand_Turk",
    "US Eastern": "America/Indiana/Indianapolis",
    "US Mountain": "America/Phoenix",
    "Ulaanbaatar": "Asia/Ulaanbaatar",
    "Venezuela": "America/Caracas",
    "Vladivostok": "Asia/Vladivostok",
    "Volgograd": "Europe/Volgograd",
    "W. Australia": "Australia/Perth",
    "W. Central Africa": "Africa/Lagos",
    "W. Europe": "Europe/Berlin",
    "W. Mongolia": "Asia/Hovd",
    "West Asia": "Asia/Tashkent",
    "West Bank": "Asia/Hebron",
    "West Pacific": "Pacific/Port_Moresby",
    "Yakutsk": "Asia/Yakutsk",
    "Yukon": "America/Whitehorse",
}


@lru_cache(maxsize=256)
def zone(windows_name: str) -> tzinfo:
    """Return the zone that a Windows name stands for."""
    offset = _OFFSET.fullmatch(windows_name)
    if offset is not None:
        hours = int(offset[1])
        return timezone(timedelta(hours=hours)) if abs(hours) < 24 else UTC  # noqa: PLR2004 - a day
    place = PLACES.get(windows_name.removesuffix(" Standard Time"))
    try:
        return UTC if place is None else ZoneInfo(place)
    except ZoneInfoNotFoundError:
        return UTC
