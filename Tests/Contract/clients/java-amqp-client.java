// RabbitMQ's client for Java: as the handbook has it, and with properties that are often used.
// Packages: default-jdk-headless librabbitmq-client-java

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.MessageProperties;
import java.nio.charset.StandardCharsets;

class JavaClient {
    static String event(String id) {
        return System.getenv("EVENT").replace("@ID@", id);
    }

    static void asInTheHandbook(Channel channel, String id, String json) throws Exception {
        // handbook: begin
        channel.confirmSelect();
        AMQP.BasicProperties properties = new AMQP.BasicProperties.Builder()
            .messageId(id).contentType("application/json").deliveryMode(2).build();
        channel.basicPublish("meddela.realtime", "order_confirmation", true, properties, json.getBytes(StandardCharsets.UTF_8));
        channel.waitForConfirmsOrDie(10_000);
        // handbook: end
    }

    static void publish(Channel channel, String id, AMQP.BasicProperties properties) throws Exception {
        byte[] body = event(id).getBytes(StandardCharsets.UTF_8);
        channel.basicPublish("meddela.realtime", "order_confirmation", properties, body);
        System.out.println(id);
    }

    public static void main(String[] arguments) throws Exception {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setUri(System.getenv("BROKER_URL"));
        try (Connection connection = factory.newConnection()) {
            Channel channel = connection.createChannel();
            publish(channel, "java-default", null);
            publish(channel, "java-basic", MessageProperties.PERSISTENT_BASIC);
            publish(channel, "java-text", MessageProperties.PERSISTENT_TEXT_PLAIN);
            asInTheHandbook(channel, "java", event("java"));
            System.out.println("java");
        }
    }
}
