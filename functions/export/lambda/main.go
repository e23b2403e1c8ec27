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
	"waymark/shared/adapter/dynamo"
	"waymark/shared/adapter/httpapi"
	"waymark/shared/config"
)

func main() {
	slog.SetDefault(lambdacontext.NewLogger())
	settings, err := config.Load[config.Export](os.Getenv)
	if err != nil {
		slog.Error("settings are incomplete", "error", err.Error())
		os.Exit(1)
	}
	table := dynamo.New(dynamo.NewClient(os.Getenv), settings.Table)
	h := export.New(export.Config{
		Workspaces: table, Windows: table, Restated: table, Claims: table, Bucket: bucket.New(bucket.NewClient(os.Getenv), settings.ExportBucket), CSV: export.WriteCSV,
		Reader: httpapi.NewKeyring(table, time.Now).Reader, Now: time.Now,
	})
	lambda.Start(h.Handle)
}
