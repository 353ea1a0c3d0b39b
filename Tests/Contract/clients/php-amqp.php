<?php
// The extension amqp: as the handbook has it, and with its defaults.
// Packages: php-cli php-amqp

function event(string $id): array
{
    return json_decode(str_replace('@ID@', $id, getenv('EVENT')), true);
}

$connection = new AMQPConnection([
    'host' => getenv('BROKER_HOST'), 'port' => getenv('BROKER_PORT'), 'login' => 'guest', 'password' => 'guest',
]);
$connection->connect();
$channel = new AMQPChannel($connection);
$exchange = new AMQPExchange($channel);
$exchange->setName('meddela.realtime');
$exchange->publish(json_encode(event('php-amqp-default')), 'order_confirmation');
echo "php-amqp-default\n";

$event = event('php-amqp');
// handbook: begin
$channel->confirmSelect();
$channel->setConfirmCallback(fn () => false, fn () => throw new RuntimeException('the broker did not take it'));
$channel->setReturnCallback(fn ($code, $text) => throw new RuntimeException("no queue took it: $text"));
$exchange = new AMQPExchange($channel);
$exchange->setName('meddela.realtime');
$exchange->publish(json_encode($event), 'order_confirmation', AMQP_MANDATORY,
    ['message_id' => $event['id'], 'content_type' => 'application/json', 'delivery_mode' => 2]);
$channel->waitForConfirm(10);
// handbook: end
echo "php-amqp\n";
$connection->disconnect();
