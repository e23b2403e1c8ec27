// Query is the Lambda function behind the reading routes. Package query above it says what it answers; here it is put together.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"waymark/functions/query"
	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/bucket"
	"waymark/shared/adapter/dynamo"
	"waymark/shared/adapter/queue"
	"waymark/shared/config"
	"waymark/shared/failed"
	"waymark/shared/model"
)

func main() {
	slog.SetDefault(lambdacontext.NewLogger())
	settings, err := config.Load[config.Query](os.Getenv)
	if err != nil {
		slog.Error("settings are incomplete", "error", err.Error())
		os.Exit(1)
	}
	table := dynamo.New(dynamo.NewClient(os.Getenv), settings.Table)
	queues, buckets := queue.NewClient(os.Getenv), bucket.NewClient(os.Getenv)
	touchpoints, dead := queue.New(queues, settings.QueueURL), queue.New(queues, settings.DeadLetterQueueURL)
	objects := archive.New(bucket.New(buckets, settings.ArchiveBucket))
	h := query.New(query.Config{
		Keys: table, Workspaces: table, Store: table, Links: table, Aggregates: table, Marks: table, Windows: table, Failed: table, Refusals: table, Index: table,
		Persons: objects, Archive: objects, Files: bucket.New(buckets, settings.ExportBucket), Queue: touchpoints, DeadLetters: dead,
		Desk:  failed.Desk{Records: table, Changes: table, Queue: touchpoints, Dead: dead, Decode: queue.Decode, Now: time.Now},
		Model: model.Stages, Names: model.TrackNames(), Decode: queue.Decode, Version: config.Version(), Now: time.Now,
	})
	lambda.Start(h.Handle)
}
