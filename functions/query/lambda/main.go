// Query is the Lambda function behind the reading routes. Package query above it says what it answers; here it is put together.
package main

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"waymark/functions/query"
	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/bucket"
	"waymark/shared/adapter/coldstart"
	"waymark/shared/adapter/dynamo"
	"waymark/shared/adapter/queue"
	"waymark/shared/adapter/queue/message"
	"waymark/shared/adapter/steps"
	"waymark/shared/config"
	"waymark/shared/failed"
	"waymark/shared/ingest"
	"waymark/shared/model"
	"waymark/shared/settle"
)

func main() {
	slog.SetDefault(lambdacontext.NewLogger())
	settings, err := config.Load[config.Query](os.Getenv)
	if err != nil {
		slog.Error("settings are incomplete", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(coldstart.Deferred((*query.Handler).Handle, func() (*query.Handler, error) { return newHandler(settings) }))
}

func newHandler(settings config.Query) (*query.Handler, error) {
	clock := config.Clock(os.Getenv, time.Now)
	definitions, definitionsErr := model.Metrics()
	bots, botsErr := model.Bots()
	table := dynamo.New(dynamo.NewClient(os.Getenv), settings.Table)
	queues, buckets := queue.NewClient(os.Getenv), bucket.NewClient(os.Getenv)
	touchpoints, dead := queue.New(queues, settings.QueueURL), queue.New(queues, settings.DeadLetterQueueURL)
	archived := bucket.New(buckets, settings.ArchiveBucket)
	return query.New(query.Config{
		Keys: table, Workspaces: table, Store: table, Links: table, Quarantines: table, Windows: table, Ledger: table, Failed: table, Refusals: table, Index: table,
		Settler:  &settle.Settler{Store: table, Rules: model.Rules, Definitions: definitions, Now: clock},
		Recorder: &ingest.Recorder{Batches: table, Now: clock, NewID: rand.Text},
		Archive:  archive.New(archived), Steps: steps.New(archived), Files: bucket.New(buckets, settings.ExportBucket),
		Queue: touchpoints, DeadLetters: dead,
		FailedService: failed.Service{Records: table, Changes: table, Queue: touchpoints, Dead: dead, Decode: message.Decode, Now: clock, Workspaces: table, Plans: model.Plans()},
		Rules:         model.Rules, Definitions: definitions, Bot: bots.Of, Kinds: model.Kinds(), Decode: message.Decode, Version: config.Version(),
		Now: clock, Sleep: config.Sleep, Fates: table, Debug: settings.Debug, ShowKeys: settings.ShowKeys,
	}), errors.Join(definitionsErr, botsErr)
}
