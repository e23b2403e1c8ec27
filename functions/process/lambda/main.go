// Process is the Lambda function behind the touchpoint queue. Package process above it says what it does; here it is put together.
package main

import (
	"crypto/rand"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"waymark/functions/process"
	"waymark/shared/adapter/coldstart"
	"waymark/shared/adapter/dynamo"
	"waymark/shared/adapter/queue/message"
	"waymark/shared/config"
	"waymark/shared/ingest"
	"waymark/shared/model"
)

func main() {
	slog.SetDefault(lambdacontext.NewLogger())
	settings, err := config.Load[config.Process](os.Getenv)
	if err != nil {
		slog.Error("settings are incomplete", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(message.Consumer(coldstart.Deferred((*process.Handler).Handle, func() (*process.Handler, error) { return newHandler(settings) })))
}

func newHandler(settings config.Process) (*process.Handler, error) {
	clock := config.Clock(os.Getenv, time.Now)
	bots, err := model.Bots()
	table := dynamo.New(dynamo.NewClient(os.Getenv), settings.Table)
	return process.New(process.Config{
		Workspaces: table, Failed: table, Refusals: table, Fates: table, Debug: settings.Debug, Properties: model.Keep(), Decode: message.Decode,
		Plans:   model.Plans(),
		Version: config.Version(), Now: clock, Workers: process.Workers,
		Ingest: &ingest.Applier{
			Recorder: ingest.Recorder{Batches: table, Now: clock, NewID: rand.Text},
			Known:    &ingest.Known{}, Store: table, Bot: bots.Of,
		},
	}), err
}
