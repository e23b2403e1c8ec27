// Collect is the Lambda function behind the collection routes. Package collect above it says what it does; here it is put together.
package main

import (
	"crypto/rand"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"waymark/functions/collect"
	"waymark/shared/adapter/coldstart"
	"waymark/shared/adapter/dynamo"
	"waymark/shared/adapter/geo"
	"waymark/shared/adapter/queue"
	"waymark/shared/config"
	"waymark/shared/model"
)

func main() {
	slog.SetDefault(lambdacontext.NewLogger())
	settings, err := config.Load[config.Collect](os.Getenv)
	if err != nil {
		slog.Error("settings are incomplete", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(coldstart.Bytes(coldstart.Deferred((*collect.Handler).Invoke, func() (*collect.Handler, error) { return newHandler(settings), nil })))
}

func newHandler(settings config.Collect) *collect.Handler {
	clock := config.Clock(os.Getenv, time.Now)
	table := dynamo.New(dynamo.NewClient(os.Getenv), settings.Table)
	return collect.New(collect.Config{
		Keys: table, Documents: table, Spending: table, Salts: table, NewSalt: func() string { return rand.Text() + rand.Text() },
		AddressRate: settings.AddressRate, EdgeProof: settings.EdgeProof,
		Queue: queue.New(queue.NewClient(os.Getenv), settings.QueueURL),
		Now:   clock, NewID: rand.Text, Countries: countries(settings.GeoDatabase),
		Plans: model.Plans(),
	})
}

// countries opens the database of countries, if one is given. Events are taken without it, too.
func countries(file string) collect.Countries {
	if file == "" {
		return nil
	}
	found, err := geo.Open(file)
	if err != nil {
		slog.Error("countries of visitors are not looked up: GeoDatabase names no database", "error", err.Error())
		return nil
	}
	return found
}
