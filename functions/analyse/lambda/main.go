// Analyse is the Lambda function behind /v1/analyses and /v1/definitions. Package analyse above it says what it answers; here it is put together.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"waymark/functions/analyse"
	"waymark/shared/adapter/bucket"
	"waymark/shared/adapter/coldstart"
	"waymark/shared/adapter/dynamo"
	"waymark/shared/adapter/steps"
	shared "waymark/shared/analyse"
	"waymark/shared/config"
	"waymark/shared/model"
)

func main() {
	slog.SetDefault(lambdacontext.NewLogger())
	settings, err := config.Load[config.Analyse](os.Getenv)
	if err != nil {
		slog.Error("settings are incomplete", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(coldstart.Deferred((*analyse.Handler).Handle, func() (*analyse.Handler, error) { return newHandler(settings) }))
}

func newHandler(settings config.Analyse) (*analyse.Handler, error) {
	clock := config.Clock(os.Getenv, time.Now)
	metrics, err := model.Metrics()
	table := dynamo.New(dynamo.NewClient(os.Getenv), settings.Table)
	archive := steps.New(bucket.New(bucket.NewClient(os.Getenv), settings.ArchiveBucket))
	return analyse.New(analyse.Config{
		Keys: table, Workspaces: table, Documents: table, Kinds: shared.Kinds(), Now: clock,
		Analyser: &shared.Analyser{
			Steps: archive, Documents: table, Windows: table, Ledger: table, Rules: model.Rules, Definitions: metrics, Analyses: shared.Analyses(),
			Now: clock, MaxSteps: shared.MaxSteps,
		},
	}), err
}
