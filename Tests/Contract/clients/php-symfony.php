<?php
// Symfony Messenger on the extension amqp: as the handbook has it, with Symfony's serializer and
// its defaults, and with PHP's own serialization, which is no event.
// Packages: php-cli php-xml php-amqp php-symfony-amqp-messenger php-symfony-serializer php-symfony-property-access

require_once 'Symfony/Component/Messenger/autoload.php';
require_once 'Symfony/Component/Messenger/Bridge/Amqp/autoload.php';
require_once 'Symfony/Component/PropertyAccess/autoload.php';
require_once 'Symfony/Component/Serializer/autoload.php';

use Symfony\Component\Messenger\Bridge\Amqp\Transport\AmqpStamp;
use Symfony\Component\Messenger\Bridge\Amqp\Transport\AmqpTransportFactory;
use Symfony\Component\Messenger\Envelope;
use Symfony\Component\Messenger\Transport\Serialization\PhpSerializer;
use Symfony\Component\Messenger\Transport\Serialization\Serializer;

final class OrderConfirmed
{
    public string $type = 'order_confirmation';
    public ?string $scheduled = null;

    public function __construct(public string $id, public string $email, public string $language, public array $ctx)
    {
    }
}

function event(string $id): OrderConfirmed
{
    $event = json_decode(str_replace('@ID@', $id, getenv('EVENT')), true);
    return new OrderConfirmed($event['id'], $event['email'], $event['language'], $event['ctx']);
}

// What the framework does with messenger.yaml and the message bus.
$options = [
    'exchange' => ['name' => 'meddela.realtime', 'type' => 'topic', 'default_publish_routing_key' => 'order_confirmation'],
    'queues' => [],
    'auto_setup' => false,
    'confirm_timeout' => 10,
];
$factory = new AmqpTransportFactory();
$native = $factory->createTransport(getenv('BROKER_URL'), $options, new PhpSerializer());
$transport = $factory->createTransport(getenv('BROKER_URL'), $options, Serializer::create());
$bus = new class($transport) {
    public function __construct(private $transport)
    {
    }

    public function dispatch(object $message, array $stamps = []): Envelope
    {
        return $this->transport->send(Envelope::wrap($message, $stamps));
    }
};

$native->send(Envelope::wrap(event('symfony-native')));
echo "symfony-native parked unsupported-content-type\n";
$bus->dispatch(event('symfony-default'));
echo "symfony-default\n";

$event = event('symfony');
// handbook: begin
$bus->dispatch($event, [new AmqpStamp('order_confirmation', AMQP_MANDATORY, ['message_id' => $event->id])]);
// handbook: end
echo "symfony\n";
