"""aio-pika (PyPI): as the handbook has it, and with aio-pika's defaults."""

import asyncio
import json
import os

import aio_pika


def event(id):
    return json.loads(os.environ["EVENT"].replace("@ID@", id))


async def as_in_the_handbook(connection, event):
    # handbook: begin
    channel = await connection.channel(publisher_confirms=True)
    exchange = await channel.get_exchange("meddela.realtime")
    await exchange.publish(aio_pika.Message(json.dumps(event).encode(), content_type="application/json",
                                            message_id=event["id"], delivery_mode=2),
                           routing_key="order_confirmation", mandatory=True)
    # handbook: end


async def main():
    connection = await aio_pika.connect(os.environ["BROKER_URL"])
    await as_in_the_handbook(connection, event("aio-pika"))
    print("aio-pika")
    channel = await connection.channel()
    exchange = await channel.get_exchange("meddela.realtime")
    body = json.dumps(event("aio-pika-default")).encode()
    await exchange.publish(aio_pika.Message(body), routing_key="order_confirmation")
    print("aio-pika-default")
    await connection.close()


asyncio.run(main())
