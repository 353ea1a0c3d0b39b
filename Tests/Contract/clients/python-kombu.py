"""kombu (PyPI): as the handbook has it, with kombu's defaults, and compressed."""

import json
import os

from kombu import Connection


def event(id):
    return json.loads(os.environ["EVENT"].replace("@ID@", id))


def as_in_the_handbook(url, event):
    # handbook: begin
    with Connection(url, transport_options={"confirm_publish": True}) as connection, connection.Producer() as producer:
        producer.publish(event, exchange="meddela.realtime", routing_key="order_confirmation", serializer="json",
                         message_id=event["id"], delivery_mode=2, mandatory=True, declare=[])
    # handbook: end


url = os.environ["BROKER_URL"]
as_in_the_handbook(url, event("kombu"))
print("kombu")
with Connection(url) as connection, connection.Producer() as producer:
    target = {"exchange": "meddela.realtime", "routing_key": "order_confirmation"}
    producer.publish(event("kombu-default"), **target)
    print("kombu-default")
    for compression in ("gzip", "zlib"):
        id = f"kombu-{compression}"
        producer.publish(event(id), compression=compression, message_id=id, **target)
        print(id)
