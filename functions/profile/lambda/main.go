// Profile is the Lambda function that brings stored profiles, stages and numbers up to date on a schedule. Package profile above it says how; here
// it is put together.
package main

import (
	"crypto/rand"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"waymark/functions/profile"
	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/bucket"
	"waymark/shared/adapter/coldstart"
	"waymark/shared/adapter/dynamo"
	"waymark/shared/adapter/steps"
	"waymark/shared/config"
	"waymark/shared/model"
	"waymark/shared/settle"
)

func main() {
	slog.SetDefault(lambdacontext.NewLogger())
	settings, err := config.Load[config.Profile](os.Getenv)
	if err != nil {
		slog.Error("settings are incomplete", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(coldstart.Deferred((*profile.Handler).Handle, func() (*profile.Handler, error) { return newHandler(settings) }))
}

// objects are those of the archive bucket.
type objects struct {
	*archive.Archive
	*steps.Table
}

func newHandler(settings config.Profile) (*profile.Handler, error) {
	clock := config.Clock(os.Getenv, time.Now)
	definitions, err := model.Metrics()
	table, archived := dynamo.New(dynamo.NewClient(os.Getenv), settings.Table), bucket.New(bucket.NewClient(os.Getenv), settings.ArchiveBucket)
	return profile.New(profile.Config{
		Workspaces: table, Now: clock,
		Settler: &settle.Settler{
			Store: table, Objects: objects{archive.New(archived), steps.New(archived)}, Rules: model.Rules, Definitions: definitions,
			Now: clock, NewID: rand.Text, Workers: settle.Workers,
		},
	}), err
}
