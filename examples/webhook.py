#!/usr/bin/env python3
"""Receives the messages of a webhook, checks their signatures, and prints what changed.

    examples/webhook.py SECRET [PORT]

SECRET is what the webhook was made with (whsec_...). Needs nothing but Python. A target must answer within 15 seconds, and with a status
of 2xx: what is not received so is sent again. Messages of one collection come in order; one may come twice, with the same Webhook-Id.
"""

import base64
import hashlib
import hmac
import http.server
import json
import sys
import time

# Seconds by which a message may be old: who records one cannot send it again later.
TOLERANCE = 300


def is_genuine(secret, headers, body):
    """Whether a message was signed with the secret, and not long ago. `body` is the bytes as they came."""
    message, timestamp = headers.get("Webhook-Id", ""), headers.get("Webhook-Timestamp", "")
    if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > TOLERANCE:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message}.{timestamp}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    # Two signatures come while the secret is replaced.
    given = [one.removeprefix("v1,") for one in headers.get("Webhook-Signature", "").split() if one.startswith("v1,")]
    return any(hmac.compare_digest(one, expected) for one in given)


class Receiver(http.server.BaseHTTPRequestHandler):
    secret = ""
    seen = set()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        genuine = is_genuine(self.secret, self.headers, body)
        if genuine and self.headers["Webhook-Id"] not in self.seen:
            # What takes long belongs into a queue of one's own.
            self.seen.add(self.headers["Webhook-Id"])
            message = json.loads(body)
            print(message["type"], message["collection"] and message["collection"]["id"], flush=True)
            for change in message["changes"]:
                print(" ", "gone" if change["removed"] else "changed", change["id"], flush=True)
        self.send_response(204 if genuine else 401)
        self.end_headers()

    def log_message(self, *_):
        pass


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    Receiver.secret = sys.argv[1]
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 8080
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    print("listening on port", server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
