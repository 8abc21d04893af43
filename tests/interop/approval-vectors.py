#!/usr/bin/env python3
"""Makes approval-vectors.json: `approval` objects, their hash and the WebAuthn challenge that commits
to them, by an implementation of RFC 8785 that is not ours (rfc8785 from PyPI, see requirements.txt).

The first is the one of the digest, section 2.6.4, with the values that stand there; the others are
what canonical forms are usually got wrong in: names beyond ASCII sorted by UTF-16, numbers, escapes.

    approval-vectors.py            prints the file
    approval-vectors.py --check    ends with 1 if the file beside it is not that
"""

import base64
import hashlib
import json
import pathlib
import sys

import rfc8785

HERE = pathlib.Path(__file__).parent / "approval-vectors.json"

DIGEST = {
    "v": 1,
    "iss": "https://as.example",
    "aud": ["https://mcp.example/files"],
    "client_id": "agent-cli",
    "txn": "97053963-771d-49cc-a4e3-20aad399c312",
    "iat": 1795000000,
    "exp": 1795000120,
    "authorization_details": [
        {
            "type": "agent_intent",
            "action": {"name": "tools/call"},
            "resource": {
                "type": "mcp-tool",
                "id": "delete_user",
                "properties": {"aud": "https://mcp.example/files", "arguments": {"userId": "alice"}},
            },
        }
    ],
    "reason": "Deleting an account needs a fresh passkey.",
}

HARD = {
    "v": 1,
    "iss": "https://as.example",
    "client_id": "agent-cli",
    "exp": 1795000120,
    "authorization_details": [
        {
            "type": "payment",
            "\u20ac": "Euro Sign",
            "\r": "Carriage Return",
            "\ufb33": "Hebrew Letter Dalet With Dagesh",
            "1": "One",
            "\U0001f600": "Emoji: Grinning Face",
            "\u0080": "Control",
            "\u00f6": "Latin Small Letter O With Diaeresis",
            "amounts": [0, -0.0, 1.0, 4.5, 0.002, 1e21, 1e-7, 333333333.3333333, 9007199254740991],
            "text": "\u20ac$\u000f\nA'B\"\\\\\"/\u2028\u007f",
            "nothing": None,
            "list": [True, False, [], {}],
        }
    ],
    "reason": "Převod peněz \u202e",
}

CASES = [
    (DIGEST, bytes(range(16))),
    (HARD, bytes(range(255, 223, -1))),
]

# What section 2.6.4 prints for the first.
PRINTED = (
    "sha256:9b2b0997a61cc99178cc39c7a923c54c584d1983de5295aa916e3c3db528ce66",
    "OE7yR-wMZs2_li8yDtd3hglo_sPwNWwxOybA_JjDzDs",
)


def b64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def vector(approval, salt):
    canonical = rfc8785.dumps(approval)
    challenge = hashlib.sha256(b"ana-approval-v1\0" + salt + canonical).digest()
    return {
        "approval": approval,
        "salt": b64url(salt),
        "bytes": len(canonical),
        "approval_hash": "sha256:" + hashlib.sha256(canonical).hexdigest(),
        "challenge": b64url(challenge),
    }


def main():
    vectors = [vector(*case) for case in CASES]
    assert (vectors[0]["approval_hash"], vectors[0]["challenge"]) == PRINTED
    text = json.dumps(vectors, indent=1) + "\n"
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if HERE.read_text() == text else 1)
    sys.stdout.write(text)


main()
