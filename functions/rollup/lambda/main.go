// Rollup is the Lambda function that brings numbers up to date on demand, and finishes what is left. Package rollup above it says how; here it is
// put together.
package main

import (
	"crypto/rand"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"waymark/functions/rollup"
	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/bucket"
	"waymark/shared/adapter/coldstart"
	"waymark/shared/adapter/dynamo"
	"waymark/shared/adapter/httpapi"
	"waymark/shared/adapter/steps"
	"waymark/shared/config"
	"waymark/shared/model"
	"waymark/shared/settle"
)

func main() {
	slog.SetDefault(lambdacontext.NewLogger())
	settings, err := config.Load[config.Rollup](os.Getenv)
	if err != nil {
		slog.Error("settings are incomplete", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(coldstart.Deferred((*rollup.Handler).Handle, func() (*rollup.Handler, error) { return newHandler(settings) }))
}

// objects are those of the archive bucket.
type objects struct {
	*archive.Archive
	*steps.Table
}

func newHandler(settings config.Rollup) (*rollup.Handler, error) {
	clock := config.Clock(os.Getenv, time.Now)
	definitions, err := model.Metrics()
	table, archived := dynamo.New(dynamo.NewClient(os.Getenv), settings.Table), bucket.New(bucket.NewClient(os.Getenv), settings.ArchiveBucket)
	both := objects{archive.New(archived), steps.New(archived)}
	return rollup.New(rollup.Config{
		Workspaces: table, Store: table, Compactor: both, Reader: httpapi.NewKeyring(table, clock).Reader, Now: clock, Sleep: config.Sleep,
		Settler: &settle.Settler{
			Store: table, Objects: both, Rules: model.Rules, Definitions: definitions,
			Now: clock, NewID: rand.Text, Workers: settle.Workers,
		},
	}), err
}
