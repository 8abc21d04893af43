"""Uses the stage's played key with a client that is not ours: Yubico's python-fido2.

Plays the card reader in front of `stage-key` and lets the library do what Placet does: read what the
key is, spend a wrong PIN, verify with the right one in both PIN protocols, make a passkey, sign, and
check the signature. What both clients agree on is the standard, and not a mistake of one of them.

Called with the path of a built `stage-key`. Prints a line for each thing that holds.
"""

import hashlib
import json
import socket
import struct
import subprocess
import sys

from fido2.ctap import CtapDevice, CtapError
from fido2.ctap2 import Ctap2
from fido2.ctap2.pin import ClientPin, PinProtocolV1, PinProtocolV2
from fido2.hid import CTAPHID, CAPABILITY

RP = "as.example"
PIN = "2580"


class Reader(CtapDevice):
    """The reader's side of the virtual reader's frames, and CTAP's APDUs."""

    def __init__(self, card):
        self.card = card
        answer = self.apdu(bytes.fromhex("00a4040008a0000006472f000100"))
        assert answer == b"U2F_V2", answer

    @property
    def capabilities(self):
        return CAPABILITY.CBOR

    @classmethod
    def list_devices(cls):
        return iter(())

    def close(self):
        self.card.close()

    def frame(self, frame):
        self.card.sendall(struct.pack(">H", len(frame)) + frame)
        (length,) = struct.unpack(">H", self.exactly(2))
        return self.exactly(length)

    def exactly(self, length):
        data = b""
        while len(data) < length:
            more = self.card.recv(length - len(data))
            assert more, "the card is gone"
            data += more
        return data

    def apdu(self, apdu):
        answer = self.frame(apdu)
        data = answer[:-2]
        while answer[-2] == 0x61:
            answer = self.frame(b"\x80\xc0\x00\x00" + answer[-1:])
            data += answer[:-2]
        assert answer[-2:] == b"\x90\x00", answer.hex()
        return data

    def call(self, cmd, data=b"", event=None, on_keepalive=None):
        assert cmd == CTAPHID.CBOR
        while len(data) > 240:
            self.apdu(b"\x90\x10\x00\x00" + bytes([240]) + data[:240])
            data = data[240:]
        return self.apdu(b"\x80\x10\x00\x00" + bytes([len(data)]) + data + b"\x00")


def holds(what):
    print(f"ok {what}", flush=True)


def main(program):
    listener = socket.create_server(("127.0.0.1", 0))
    key = subprocess.Popen(
        [program, "--port", str(listener.getsockname()[1]), "--no-touch", "--pin", PIN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert json.loads(key.stdout.readline())["event"] == "ready"
        card, _ = listener.accept()
        ctap = Ctap2(Reader(card))
        assert "FIDO_2_1" in ctap.info.versions and ctap.info.options["clientPin"]
        holds("what the key is")
        for protocol in (PinProtocolV1(), PinProtocolV2()):
            pin = ClientPin(ctap, protocol)
            before = pin.get_pin_retries()[0]
            try:
                pin.get_pin_token("0000", ClientPin.PERMISSION.MAKE_CREDENTIAL, RP)
                raise AssertionError("a wrong PIN was taken")
            except CtapError as error:
                assert error.code == CtapError.ERR.PIN_INVALID, error
            assert pin.get_pin_retries()[0] == before - 1
            holds(f"a wrong PIN costs a try, protocol {protocol.VERSION}")
            asked = hashlib.sha256(b"create").digest()
            token = pin.get_pin_token(PIN, ClientPin.PERMISSION.MAKE_CREDENTIAL, RP)
            made = ctap.make_credential(
                asked,
                {"id": RP, "name": "Example"},
                {"id": b"sam", "name": "sam"},
                [{"type": "public-key", "alg": -7}],
                pin_uv_param=protocol.authenticate(token, asked),
                pin_uv_protocol=protocol.VERSION,
            )
            credential = made.auth_data.credential_data
            assert made.auth_data.rp_id_hash == hashlib.sha256(RP.encode()).digest()
            holds(f"a new passkey, protocol {protocol.VERSION}")
            asked = hashlib.sha256(b"get").digest()
            token = pin.get_pin_token(PIN, ClientPin.PERMISSION.GET_ASSERTION, RP)
            signed = ctap.get_assertion(
                RP,
                asked,
                [{"type": "public-key", "id": credential.credential_id}],
                pin_uv_param=protocol.authenticate(token, asked),
                pin_uv_protocol=protocol.VERSION,
            )
            assert signed.auth_data.is_user_verified() and signed.auth_data.is_user_present()
            assert signed.user["id"] == b"sam"
            signed.verify(asked, credential.public_key)
            holds(f"its signature, protocol {protocol.VERSION}")
    finally:
        key.kill()
        key.wait()


main(sys.argv[1])
