# amqp-publish of rabbitmq-c: as the handbook has it, and with its defaults.
# Packages: amqp-tools
set -euo pipefail

event() { printf '%s' "${EVENT//@ID@/$1}"; }
url=$BROKER_URL

amqp-publish --url="$url" --exchange=meddela.realtime --routing-key=order_confirmation --body="$(event amqp-publish-default)"
echo amqp-publish-default

event=$(event amqp-publish)
# handbook: begin
amqp-publish --url="$url" --exchange=meddela.realtime --routing-key=order_confirmation --persistent \
  --content-type=application/json --body="$event"
# handbook: end
echo amqp-publish
