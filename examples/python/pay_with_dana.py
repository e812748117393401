"""A payment with DANA, its webhook and its refund, with Python's standard library.

    wooshpay-sandbox exec -- python3 pay_with_dana.py
"""
import base64
import hashlib
import hmac
import json
import os
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer

BASE_URL = os.environ.get('WOOSHPAY_BASE_URL', 'http://127.0.0.1:6262')
SECRET_KEY = os.environ.get('WOOSHPAY_SECRET_KEY', 'sk_test_sandbox')


def call(method, path, body=None, idempotency_key=None):
    """Returns the answer; raises urllib.error.HTTPError when the call is refused."""
    request = urllib.request.Request(BASE_URL + path, method=method)
    request.add_header('Authorization', 'Basic ' + base64.b64encode(f'{SECRET_KEY}:'.encode()).decode())
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header('Content-Type', 'application/json')
    if idempotency_key is not None:
        request.add_header('Idempotency-Key', idempotency_key)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def is_signed(raw_body, header, secret):
    """Whether a webhook is genuine; takes the bytes that came, before they are parsed."""
    parts = dict(part.strip().split('=', 1) for part in header.split(',') if '=' in part)
    expected = hmac.new(secret.encode(), parts.get('t', '').encode() + b'.' + raw_body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), parts.get('v1', '').encode())


class Webhooks(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        genuine = is_signed(body, self.headers.get('Wooshpay-Signature', ''), endpoint['secret'])
        print('webhook', json.loads(body)['type'] if genuine else 'of a stranger')
        self.send_response(200 if genuine else 400)
        self.end_headers()

    def log_message(self, *_):
        pass


webhooks = HTTPServer(('127.0.0.1', 0), Webhooks)
webhooks.timeout = 10
endpoint = call('POST', '/v1/webhook_endpoints', {
    'url': f'http://127.0.0.1:{webhooks.server_port}/webhooks', 'enabled_events': ['payment_intent.succeeded'],
})

payment = call('POST', '/v1/payment_intents', {
    'amount': 20000, 'currency': 'IDR', 'confirm': True,
    'payment_method_data': {'type': 'dana'}, 'return_url': 'https://your.website',
}, idempotency_key=f'order-{uuid.uuid4()}')
print('payment', payment['status'], payment['next_action']['dana_handle_redirect']['url'])

# With WooshPay itself, the customer pays in a browser, at that address.
call('POST', '/_sandbox/shopper', {'payment_intent': payment['id'], 'outcome': 'pay'})
webhooks.handle_request()
print('payment', call('GET', f"/v1/payment_intents/{payment['id']}")['status'])

refund = call('POST', '/v1/refunds', {'payment_intent': payment['id'], 'amount': 5000}, f"refund-{payment['id']}")
print('refund', refund['status'])
