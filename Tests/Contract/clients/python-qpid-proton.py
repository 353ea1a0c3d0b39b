"""qpid-proton (PyPI), AMQP 1.0: as the handbook has it, and its other kinds of bodies."""

import json
import os

from proton import Message
from proton.utils import BlockingConnection


def event(id):
    return json.loads(os.environ["EVENT"].replace("@ID@", id))


def as_in_the_handbook_for_4(connection, event):
    # handbook: begin
    # RabbitMQ 4; for 3 with the plugin rabbitmq_amqp1_0 the address is /exchange/meddela.realtime/order_confirmation
    sender = connection.create_sender("/exchanges/meddela.realtime/order_confirmation")
    sender.send(Message(body=json.dumps(event).encode(), inferred=True, durable=True, id=event["id"]))
    # handbook: end


is_new = int(os.environ["BROKER_MAJOR"]) >= 4
connection = BlockingConnection(
    f"{os.environ['BROKER_HOST']}:{os.environ['BROKER_PORT']}", user="guest", password="guest",
    allowed_mechs="PLAIN",
)
if is_new:
    as_in_the_handbook_for_4(connection, event("proton"))
    print("proton")
# A name, since RabbitMQ 4 refuses a second sender to an address that has the same.
sender = connection.create_sender(
    f"/{'exchanges' if is_new else 'exchange'}/meddela.realtime/order_confirmation", name="second"
)
queue = f"/{'queues' if is_new else 'queue'}/{os.environ['REPLIES']}"
bodies = {
    "proton-data": (json.dumps(event("proton-data")).encode(), True),
    "proton-text": (json.dumps(event("proton-text")), False),
    "proton-binary": (json.dumps(event("proton-binary")).encode(), False),
    "proton-map": (event("proton-map"), False),
}
for id, (body, inferred) in bodies.items():
    sender.send(
        Message(
            body=body, inferred=inferred, durable=True, id=id, correlation_id=id, reply_to=queue
        )
    )
    print(id, "refused data section" if id == "proton-map" else "receipt")
sender.send(Message(body=json.dumps(event("proton-default"))))
print("proton-default")
connection.close()
