// Export is the Lambda function that writes KPI files, on schedules and on demand. Package export above it says how; here it is put together.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"waymark/functions/export"
	"waymark/shared/adapter/bucket"
	"waymark/shared/adapter/coldstart"
	"waymark/shared/adapter/dynamo"
	"waymark/shared/adapter/httpapi"
	"waymark/shared/config"
	"waymark/shared/model"
)

func main() {
	slog.SetDefault(lambdacontext.NewLogger())
	settings, err := config.Load[config.Export](os.Getenv)
	if err != nil {
		slog.Error("settings are incomplete", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(coldstart.Deferred((*export.Handler).Handle, func() (*export.Handler, error) { return newHandler(settings) }))
}

func newHandler(settings config.Export) (*export.Handler, error) {
	clock := config.Clock(os.Getenv, time.Now)
	definitions, err := model.Metrics()
	table := dynamo.New(dynamo.NewClient(os.Getenv), settings.Table)
	return export.New(export.Config{
		Workspaces: table, Windows: table, Restated: table, Claims: table, Definitions: definitions,
		Bucket: bucket.New(bucket.NewClient(os.Getenv), settings.ExportBucket), CSV: export.WriteCSV,
		Reader: httpapi.NewKeyring(table, clock).Reader, Now: clock,
	}), err
}
