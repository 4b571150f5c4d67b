"""The names that the platform reads as identities, and what people write instead. Data, with its sources.

Reserved column names of user pipelines: V1-SQL, https://docs.mparticle.com/developers/warehouse-sync-api/sql/ as the
2023 docs source has it. Compared without case. ``alias`` stands in the batch schema but not on that list.
"""

from __future__ import annotations

USER = (
    "mpid",
    "customer_id",
    "customerid",
    "facebook",
    "twitter",
    "google",
    "microsoft",
    "yahoo",
    "email",
    "facebook_custom_audience_id",
    "other",
    *(f"other_id_{number}" for number in range(2, 11)),
    "mobile_number",
    "phone_number_2",
    "phone_number_3",
)
DEVICE = (
    "android_uuid",
    "ios_advertising_id",
    "push_token",
    "ios_idfv",
    "android_advertising_id",
    "amp_id",
    "roku_advertising_id",
    "roku_publisher_id",
    "microsoft_advertising_id",
    "microsoft_publisher_id",
    "fire_advertising_id",
    "mp_deviceid",
)
RESERVED = frozenset(USER + DEVICE)

SYNONYMS = {
    "cust_id": "customer_id",
    "customer": "customer_id",
    "customer id": "customer_id",
    "customer_no": "customer_id",
    "customer_number": "customer_id",
    "client_id": "customer_id",
    "user_id": "customer_id",
    "userid": "customer_id",
    "uid": "customer_id",
    "e_mail": "email",
    "e-mail": "email",
    "mail": "email",
    "email_address": "email",
    "emailaddress": "email",
    "email_addr": "email",
    "phone": "mobile_number",
    "mobile": "mobile_number",
    "phone_number": "mobile_number",
    "phonenumber": "mobile_number",
    "mobile_phone": "mobile_number",
    "cell": "mobile_number",
    "msisdn": "mobile_number",
    "other_id": "other",
    "other_id_1": "other",
    "other1": "other",
    "other2": "other_id_2",
    "idfa": "ios_advertising_id",
    "idfv": "ios_idfv",
    "gaid": "android_advertising_id",
    "aaid": "android_advertising_id",
    "fb_id": "facebook",
    "facebook_id": "facebook",
    "google_id": "google",
    "twitter_id": "twitter",
    "device_id": "mp_deviceid",
    "mparticle_id": "mpid",
}
"""What people write for an identity, to the reserved name that was probably meant."""

PLACEHOLDERS = (
    "0",
    "-1",
    "-",
    "null",
    "none",
    "nil",
    "nan",
    "n/a",
    "na",
    "undefined",
    "unknown",
    "anonymous",
    "guest",
    "test",
    "test@test.com",
    "test@example.com",
    "none@none.com",
    "na@na.com",
    "noemail@noemail.com",
    "unknown@unknown.com",
    "00000000-0000-0000-0000-000000000000",
)
"""What people write where they know no identity, trimmed and in lower case. INF: no page lists them."""

EMAIL = r"[^@\s,;]+@[^@\s,;.]+(\.[^@\s,;.]+)+"
E164 = r"\+[1-9][0-9]{1,14}"
UUID = r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
FORMS = {
    "email": EMAIL,
    "mobile_number": E164,
    "phone_number_2": E164,
    "phone_number_3": E164,
    "mp_deviceid": UUID,
}
"""The form of an identity's values as a pattern that every warehouse's engine reads, for the whole trimmed value."""


def nearest(name: str) -> str | None:
    """The reserved name that ``name`` was probably meant to be; None where it is one, or is near to none.

    Near means: a known synonym, the same letters with other separators, or one slip of the keyboard (a letter dropped,
    doubled, replaced, or two swapped) in a name of six letters or more.
    """
    folded = name.casefold()
    if folded in RESERVED:
        return None
    if folded in SYNONYMS:
        return SYNONYMS[folded]
    bare = _bare(folded)
    for reserved in USER + DEVICE:
        target = _bare(reserved)
        if bare == target or (len(target) >= 6 and _one_slip(bare, target)):
            return reserved
    return None


def _bare(name: str) -> str:
    return "".join(char for char in name if char.isalnum())


def _one_slip(word: str, target: str) -> bool:
    """Whether one dropped, added, replaced or swapped letter turns ``word`` into ``target``; digits must agree."""
    if [c for c in word if c.isdigit()] != [c for c in target if c.isdigit()]:
        return False
    if abs(len(word) - len(target)) > 1:
        return False
    start = 0
    while start < min(len(word), len(target)) and word[start] == target[start]:
        start += 1
    left, right = word[start:], target[start:]
    if len(left) == len(right):
        swapped = len(left) > 1 and left[0] == right[1] and left[1] == right[0] and left[2:] == right[2:]
        return left[1:] == right[1:] or swapped
    return left[1:] == right if len(left) > len(right) else left == right[1:]
