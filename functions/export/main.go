// Export is the Lambda function that writes KPI files, on schedules and on demand. Package handler beside it says how; here it is put together.
package main

import (
	"cmp"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"waymark/functions/export/handler"
	"waymark/shared/adapter/bucket"
	"waymark/shared/adapter/dynamo"
	"waymark/shared/adapter/httpapi"
	"waymark/shared/adapter/tablefile"
	"waymark/shared/config"
	"waymark/shared/domain/report"
)

func main() {
	slog.SetDefault(lambdacontext.NewLogger())
	settings, err := config.Load[config.Export](os.Getenv)
	if err != nil {
		slog.Error("settings are incomplete", "error", err.Error())
		os.Exit(1)
	}
	table := dynamo.New(dynamo.NewClient(os.Getenv), settings.Table)
	h := handler.New(handler.Config{
		Workspaces: table, Windows: table, Bucket: bucket.New(bucket.NewClient(os.Getenv), settings.ExportBucket), CSV: writeCSV,
		Reader: httpapi.NewKeyring(table, time.Now).Reader, Now: time.Now,
	})
	lambda.Start(h.Handle)
}

// kinds says which columns hold numbers and times; the others are text, which is made safe for spreadsheets.
var kinds = map[string]tablefile.Kind{
	"start": tablefile.Time, "end": tablefile.Time, "computed_at": tablefile.Time, "value": tablefile.Number, "numerator": tablefile.Number,
	"denominator": tablefile.Number, "n": tablefile.Number, "revision": tablefile.Number,
}

func writeCSV(w io.Writer, lines [][]string) (int, error) {
	columns := make([]tablefile.Column, len(report.Columns))
	for i, name := range report.Columns {
		columns[i] = tablefile.Column{Name: name, Kind: cmp.Or(kinds[name], tablefile.Text)}
	}
	summary, err := tablefile.WriteCSV(w, columns, slices.Values(lines))
	return summary.Rows, err
}
