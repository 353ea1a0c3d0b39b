"""Celery (PyPI): its producers as the handbook has them, and a task, which is no event."""

import json
import os

from celery import Celery


def event(id):
    return json.loads(os.environ["EVENT"].replace("@ID@", id))


def as_in_the_handbook(app, event):
    # handbook: begin
    app.conf.broker_transport_options = {"confirm_publish": True}
    with app.producer_pool.acquire(block=True) as producer:
        producer.publish(event, exchange="meddela.realtime", routing_key="order_confirmation", serializer="json",
                         message_id=event["id"], delivery_mode=2, mandatory=True, declare=[])
    # handbook: end


app = Celery(broker=os.environ["BROKER_URL"])
as_in_the_handbook(app, event("celery"))
print("celery")
app.send_task(
    "order.confirmed", args=[event("celery-task")], exchange="meddela.realtime",
    routing_key="order_confirmation",
)
print("celery-task parked not-an-object")
app.close()
