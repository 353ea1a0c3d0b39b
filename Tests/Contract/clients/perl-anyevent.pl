# AnyEvent::RabbitMQ: as the handbook has it, and with its defaults.
# Packages: perl libanyevent-rabbitmq-perl

use strict;
use warnings;
use AnyEvent;
use AnyEvent::RabbitMQ;
use JSON::PP;

sub event {
    my ($id) = @_;
    return decode_json($ENV{EVENT} =~ s/\@ID\@/$id/r);
}

my $done = AnyEvent->condvar;
my $event = event('anyevent');

sub as_in_the_handbook {
    my ($channel) = @_;
    # handbook: begin
    $channel->confirm(on_success => sub {
        $channel->publish(
            exchange => 'meddela.realtime', routing_key => 'order_confirmation', mandatory => 1, body => encode_json($event),
            header => {message_id => $event->{id}, content_type => 'application/json', delivery_mode => 2},
            on_ack => sub { $done->send }, on_nack => sub { $done->croak('the broker did not take it') },
            on_return => sub { $done->croak('no queue took it') });
    });
    # handbook: end
}

my $client = AnyEvent::RabbitMQ->new->load_xml_spec;
$client->connect(
    host => $ENV{BROKER_HOST}, port => $ENV{BROKER_PORT}, user => 'guest', pass => 'guest', vhost => '/',
    timeout => 10,
    on_success => sub {
        $client->open_channel(
            on_success => sub {
                my ($channel) = @_;
                $channel->publish(
                    exchange => 'meddela.realtime', routing_key => 'order_confirmation',
                    body => encode_json(event('anyevent-default')));
                as_in_the_handbook($channel);
            },
            on_failure => sub { $done->croak("no channel: @_") },
        );
    },
    on_failure => sub { $done->croak("no connection: @_") },
    on_read_failure => sub { $done->croak("the connection broke: @_") },
);
$done->recv;
print "anyevent-default\nanyevent\n";
