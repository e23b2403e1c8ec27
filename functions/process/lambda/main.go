// Process is the Lambda function behind the touchpoint queue. Package process above it says what it does; here it is put together.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	mathrand "math/rand/v2"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"waymark/functions/process"
	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/bucket"
	"waymark/shared/adapter/dynamo"
	"waymark/shared/adapter/queue"
	"waymark/shared/config"
	"waymark/shared/model"
)

// workers is how many identifiers are written at the same time: the calls wait for the table, not for the processor.
const workers = 16

func main() {
	slog.SetDefault(lambdacontext.NewLogger())
	settings, err := config.Load[config.Process](os.Getenv)
	if err != nil {
		slog.Error("settings are incomplete", "error", err.Error())
		os.Exit(1)
	}
	channels, channelsErr := model.Channels()
	bots, botsErr := model.Bots()
	if err := errors.Join(channelsErr, botsErr); err != nil {
		slog.Error("channel or bot rules are wrong", "error", err.Error())
		os.Exit(1)
	}
	table := dynamo.New(dynamo.NewClient(os.Getenv), settings.Table)
	h := process.New(process.Config{
		Workspaces: table, Timeline: table, History: table, Traits: table, Links: table, Claims: table, Marks: table, Failed: table, Refusals: table, Index: table,
		Archive:  archive.New(bucket.New(bucket.NewClient(os.Getenv), settings.ArchiveBucket)),
		Channels: channels, Bots: bots, Model: model.Stages, Properties: model.Properties(), Decode: queue.Decode, ObjectKey: archive.Key,
		Version: config.Version(), Now: time.Now, NewID: rand.Text, Workers: workers,
		Sleep: sleep, Jitter: func(ceiling time.Duration) time.Duration { return mathrand.N(ceiling) },
	})
	lambda.Start(h.Handle)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
