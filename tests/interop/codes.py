"""Prints the one-time code of an otpauth: URI, as pyotp computes it.

Reads one JSON line, {"otpauth": URI, "steps": N}, and prints the code N steps from now.
The URI comes on standard input, so that the secret is in no process list.
"""

import json
import sys
import time

import pyotp

asked = json.loads(sys.stdin.readline())
totp = pyotp.parse_uri(asked["otpauth"])
print(totp.at(int(time.time()) + asked.get("steps", 0) * totp.interval))
