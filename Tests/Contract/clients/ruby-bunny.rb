# Bunny: as the handbook has it, and with its defaults.
# Packages: ruby ruby-bunny

require "bunny"
require "json"

def event(id)
  JSON.parse(ENV.fetch("EVENT").sub("@ID@", id), symbolize_names: true)
end

connection = Bunny.new(ENV.fetch("BROKER_URL")).start
channel = connection.create_channel
exchange = channel.topic("meddela.realtime", passive: true)
exchange.publish(event("bunny-default").to_json, routing_key: "order_confirmation")
puts "bunny-default"

event = event("bunny")
# handbook: begin
channel.confirm_select
exchange = channel.topic("meddela.realtime", passive: true)
exchange.on_return { |info, _properties, _body| raise "no queue took it: #{info.reply_text}" }
exchange.publish(event.to_json, routing_key: "order_confirmation", message_id: event[:id], content_type: "application/json",
                                persistent: true, mandatory: true)
channel.wait_for_confirms or raise "the broker did not take it"
# handbook: end
puts "bunny"
connection.close
