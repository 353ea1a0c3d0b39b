// amqp091-go: as the handbook has it, and with its defaults.
// Packages: golang-go golang-github-rabbitmq-amqp091-go-dev
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func event(id string) []byte {
	return []byte(strings.Replace(os.Getenv("EVENT"), "@ID@", id, 1))
}

func asInTheHandbook(ctx context.Context, channel *amqp.Channel, id string, body []byte) error {
	// handbook: begin
	if err := channel.Confirm(false); err != nil {
		return err
	}
	confirmation, err := channel.PublishWithDeferredConfirmWithContext(ctx, "meddela.realtime", "order_confirmation", true, false,
		amqp.Publishing{MessageId: id, ContentType: "application/json", DeliveryMode: amqp.Persistent, Body: body})
	if err != nil {
		return err
	}
	if !confirmation.Wait() {
		return errors.New("the broker did not take it")
	}
	// handbook: end
	return nil
}

func run() error {
	connection, err := amqp.Dial(os.Getenv("BROKER_URL"))
	if err != nil {
		return err
	}
	defer connection.Close()
	channel, err := connection.Channel()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err = channel.PublishWithContext(ctx, "meddela.realtime", "order_confirmation", false, false,
		amqp.Publishing{Body: event("go-default")})
	if err != nil {
		return err
	}
	fmt.Println("go-default")
	if err := asInTheHandbook(ctx, channel, "go", event("go")); err != nil {
		return err
	}
	fmt.Println("go")
	return nil
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}
