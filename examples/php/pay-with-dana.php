<?php
// A payment with DANA, its webhook and its refund, by PHP's own functions, without the curl extension.
//
//     wooshpay-sandbox exec -- php pay-with-dana.php

declare(strict_types=1);

const PATIENCE_SECONDS = 10;
define('BASE_URL', getenv('WOOSHPAY_BASE_URL') ?: 'http://127.0.0.1:6262');
define('SECRET_KEY', getenv('WOOSHPAY_SECRET_KEY') ?: 'sk_test_sandbox');

/** Returns the answer; throws when the call is refused. */
function call(string $method, string $path, ?array $body = null, ?string $idempotencyKey = null): array
{
    $headers = ['Authorization: Basic ' . base64_encode(SECRET_KEY . ':'), 'Content-Type: application/json'];
    if ($idempotencyKey !== null) {
        $headers[] = "Idempotency-Key: $idempotencyKey";
    }
    $options = ['method' => $method, 'header' => $headers, 'timeout' => PATIENCE_SECONDS, 'ignore_errors' => true];
    if ($body !== null) {
        $options['content'] = json_encode($body, JSON_THROW_ON_ERROR);
    }
    $answer = file_get_contents(BASE_URL . $path, false, stream_context_create(['http' => $options]));
    $content = json_decode((string) $answer, true, 512, JSON_THROW_ON_ERROR);
    return isset($content['error']) ? throw new RuntimeException($content['error']['message']) : $content;
}

/** Whether a webhook is genuine; takes the bytes that came, before they are parsed. */
function isSigned(string $rawBody, string $header, string $secret): bool
{
    parse_str(strtr($header, [',' => '&', ' ' => '']), $parts);
    return hash_equals(hash_hmac('sha256', ($parts['t'] ?? '') . ".$rawBody", $secret), $parts['v1'] ?? '');
}

$webhooks = stream_socket_server('tcp://127.0.0.1:0');
$url = 'http://' . stream_socket_get_name($webhooks, false) . '/webhooks';
$endpoint = call('POST', '/v1/webhook_endpoints', ['url' => $url, 'enabled_events' => ['payment_intent.succeeded']]);

$payment = call('POST', '/v1/payment_intents', [
    'amount' => 20000, 'currency' => 'IDR', 'confirm' => true,
    'payment_method_data' => ['type' => 'dana'], 'return_url' => 'https://your.website',
], 'order-' . bin2hex(random_bytes(16)));
echo "payment $payment[status] {$payment['next_action']['dana_handle_redirect']['url']}\n";

// With WooshPay itself, the customer pays in a browser, at that address.
call('POST', '/_sandbox/shopper', ['payment_intent' => $payment['id'], 'outcome' => 'pay']);

// A shop reads the body from php://input and the header from $_SERVER['HTTP_WOOSHPAY_SIGNATURE'].
$request = stream_socket_accept($webhooks, PATIENCE_SECONDS);
$headers = stream_get_line($request, 65536, "\r\n\r\n");
preg_match('/^content-length: (\d+)/mi', $headers, $length);
preg_match('/^wooshpay-signature: (\S+)/mi', $headers, $signature);
$body = stream_get_contents($request, (int) $length[1]);
$genuine = isSigned($body, $signature[1], $endpoint['secret']);
echo 'webhook ', $genuine ? json_decode($body)->type : 'of a stranger', "\n";
fwrite($request, $genuine ? "HTTP/1.1 204 No Content\r\n\r\n" : "HTTP/1.1 400 Bad Request\r\n\r\n");
fclose($request);

echo 'payment ', call('GET', "/v1/payment_intents/$payment[id]")['status'], "\n";
echo 'refund ', call('POST', '/v1/refunds', ['payment_intent' => $payment['id'], 'amount' => 5000], "refund-$payment[id]")['status'], "\n";
