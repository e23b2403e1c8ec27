// Rollup is the Lambda function that computes dirty windows, on a schedule and on demand. Package rollup above it says how; here it is put
// together.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"waymark/functions/rollup"
	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/bucket"
	"waymark/shared/adapter/dynamo"
	"waymark/shared/adapter/httpapi"
	"waymark/shared/config"
	"waymark/shared/model"
)

func main() {
	slog.SetDefault(lambdacontext.NewLogger())
	settings, err := config.Load[config.Rollup](os.Getenv)
	if err != nil {
		slog.Error("settings are incomplete", "error", err.Error())
		os.Exit(1)
	}
	table := dynamo.New(dynamo.NewClient(os.Getenv), settings.Table)
	facts := archive.New(bucket.New(bucket.NewClient(os.Getenv), settings.ArchiveBucket))
	h := rollup.New(rollup.Config{
		Workspaces: table, Marks: table, Windows: table, Restated: table, Times: table, Store: table, Facts: facts, Persons: facts,
		Reader: httpapi.NewKeyring(table, time.Now).Reader, Model: model.Stages, Now: time.Now,
	})
	lambda.Start(h.Handle)
}
