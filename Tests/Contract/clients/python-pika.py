"""pika (PyPI): as the handbook has it, and with pika's defaults."""

import json
import os

import pika


def event(id):
    return json.loads(os.environ["EVENT"].replace("@ID@", id))


def as_in_the_handbook(channel, event):
    # handbook: begin
    channel.confirm_delivery()
    channel.basic_publish("meddela.realtime", "order_confirmation", json.dumps(event), mandatory=True,
                          properties=pika.BasicProperties(content_type="application/json", delivery_mode=2,
                                                          message_id=event["id"]))
    # handbook: end


connection = pika.BlockingConnection(pika.URLParameters(os.environ["BROKER_URL"]))
channel = connection.channel()
channel.basic_publish("meddela.realtime", "order_confirmation", json.dumps(event("pika-default")))
print("pika-default")
as_in_the_handbook(channel, event("pika"))
print("pika")
channel.basic_publish(
    "meddela.realtime", "order_confirmation", json.dumps(event("pika-receipt")), mandatory=True,
    properties=pika.BasicProperties(delivery_mode=2, reply_to=os.environ["REPLIES"]),
)
print("pika-receipt receipt")
connection.close()
