#!/bin/sh
# A payment with DANA from its creation to its refund, by curl.
#
#     wooshpay-sandbox exec -- sh pay-with-dana.sh
set -eu

base=${WOOSHPAY_BASE_URL:-http://127.0.0.1:6262}
key=${WOOSHPAY_SECRET_KEY:-sk_test_sandbox}

# Prints the answer; the whole script fails when the call is refused.
call () { curl --silent --show-error --fail-with-body --user "$key:" "$base$@"; }
# The first value of a name in a JSON text, without jq.
value () { printf '%s' "$2" | tr ',{' '\n\n' | sed -n "s/^\"$1\":\"\{0,1\}\([^\"}]*\).*/\1/p" | head -n 1; }

echo 'The shop makes a payment of Rp20.000:'
payment=$(call /v1/payment_intents -H 'Content-Type: application/json' -H "Idempotency-Key: order-$$-$(date +%s)" \
  -d '{"amount":20000,"currency":"IDR","confirm":true,"payment_method_data":{"type":"dana"},"return_url":"https://your.website"}')
id=$(value id "$payment")
echo "  $id is $(value status "$payment")"
echo "  the customer is sent to $(value url "$payment")"

# With WooshPay itself, the customer does this in a browser.
echo 'The customer pays:'
call /_sandbox/shopper -d payment_intent="$id" -d outcome=pay >/dev/null

echo 'The shop asks how it stands:'
status=$(value status "$(call "/v1/payment_intents/$id")")
echo "  $id is $status"
test "$status" = succeeded

echo 'The shop gives Rp5.000 back:'
refund=$(call /v1/refunds -H "Idempotency-Key: refund-$id" -d payment_intent="$id" -d amount=5000 -d reason=requested_by_customer)
echo "  $(value id "$refund") is $(value status "$refund")"
