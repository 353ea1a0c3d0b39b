<?php
// php-amqplib: as the handbook has it, and with its defaults.
// Packages: php-cli php-amqplib

require_once 'PhpAmqpLib/autoload.php';

use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Message\AMQPMessage;

function event(string $id): array
{
    return json_decode(str_replace('@ID@', $id, getenv('EVENT')), true);
}

$connection = new AMQPStreamConnection(getenv('BROKER_HOST'), getenv('BROKER_PORT'), 'guest', 'guest');
$channel = $connection->channel();
$channel->basic_publish(
    new AMQPMessage(json_encode(event('php-amqplib-default'))), 'meddela.realtime', 'order_confirmation'
);
echo "php-amqplib-default\n";

$event = event('php-amqplib');
// handbook: begin
$channel->confirm_select();
$channel->set_nack_handler(function () { throw new RuntimeException('the broker did not take it'); });
$channel->set_return_listener(function ($code, $text) { throw new RuntimeException("no queue took it: $text"); });
$properties = ['message_id' => $event['id'], 'content_type' => 'application/json', 'delivery_mode' => AMQPMessage::DELIVERY_MODE_PERSISTENT];
$channel->basic_publish(new AMQPMessage(json_encode($event), $properties), 'meddela.realtime', 'order_confirmation', true);
$channel->wait_for_pending_acks_returns(10);
// handbook: end
echo "php-amqplib\n";
$connection->close();
