package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"iter"
	"time"

	"waymark/infra/client"
	"waymark/infra/rebuild"
	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/bucket"
	"waymark/shared/adapter/dynamo"
	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
	"waymark/shared/ingest"
	"waymark/shared/model"
	"waymark/shared/settle"
)

const rebuildUsage = `waymark rebuild [--model MODEL] [--swap if-equal|always|never] [--json]
waymark rebuild --back [--json]
waymark rebuild --drop-old [--json]

Makes profiles, timelines, links and KPI windows of a workspace anew from the
archive, under today's rules for channels and bots, beside what is in use;
compares the two and swaps them. Nothing stops meanwhile, and nothing that comes
in is lost. Under another stage model they differ: look, then say --swap always.
The former generation is kept for the way back until --drop-old deletes it.
docs/adr/0012 says how it works.
`

// rebuildFlags are the flags of `waymark rebuild`.
type rebuildFlags struct {
	api           *api
	model, swap   string
	back, dropOld bool
	settle        time.Duration
	json          bool
}

// How much is held in memory at a time: at most about 100 MB each.
const (
	eventsAtOnce = 20_000
	namesAtOnce  = 1_000_000
)

// cmdRebuild rebuilds the workspace that the secret key opens. It talks to the table, the archive and the HTTP API of the running system, or of
// the environment.
func cmdRebuild(ctx context.Context, args []string, io stdio) int {
	var f rebuildFlags
	set := flag.NewFlagSet("waymark rebuild", flag.ContinueOnError)
	withUsage(set, rebuildUsage)
	f.api = apiFlags(set)
	set.StringVar(&f.model, "model", "", "stage model to rebuild under; that of the workspace when left out")
	set.StringVar(&f.swap, "swap", string(rebuild.IfEqual), "when the new generation is put into use: if-equal, always or never")
	set.BoolVar(&f.back, "back", false, "put the former generation into use again")
	set.BoolVar(&f.dropOld, "drop-old", false, "delete every generation that is not in use; there is no way back then")
	set.DurationVar(&f.settle, "settle", 2*time.Minute, "wait after a swap until every function knows of it: a minute, and the longest run of Process")
	set.BoolVar(&f.json, "json", false, "print JSON")
	if code, done := parseFlags(set, args, io); done {
		return code
	}
	swap := rebuild.Swap(f.swap)
	if set.NArg() > 0 || (f.back && f.dropOld) || (swap != rebuild.IfEqual && swap != rebuild.Always && swap != rebuild.Never) {
		set.Usage()
		return 2
	}
	bar := &phaseLine{out: io.Err, terminal: isTerminal(io.Err)}
	report, err := f.run(ctx, bar)
	bar.end()
	if err != nil {
		fmt.Fprintf(io.Err, "waymark rebuild: %v\n", err)
		return 1
	}
	if err := f.print(report, io.Out); err != nil {
		fmt.Fprintf(io.Err, "waymark rebuild: %v\n", err)
		return 1
	}
	if !f.dropOld && swap == rebuild.IfEqual && !report.Swapped {
		return 1
	}
	return 0
}

func (f rebuildFlags) run(ctx context.Context, bar *phaseLine) (rebuild.Report, error) {
	getenv, err := f.api.place.env(ctx)
	if err == nil {
		err = f.api.find(ctx)
	}
	if err != nil {
		return rebuild.Report{}, err
	}
	table := dynamo.New(dynamo.NewClient(getenv), getenv("TABLE_NAME"))
	key, err := table.Key(ctx, f.api.Key)
	if err != nil || key.Role != workspace.Secret {
		return rebuild.Report{}, errors.Join(errors.New("the workspace to rebuild is that of a secret key: set WAYMARK_SECRET_KEY or give --key sk_…"), err)
	}
	if err := f.api.do(ctx, "GET", "/v1/status", nil, nil); err != nil {
		return rebuild.Report{}, err // better now than after an hour of reading
	}
	bots, err := model.Bots()
	if err != nil {
		return rebuild.Report{}, err
	}
	objects := bucket.New(bucket.NewClient(getenv), getenv("ARCHIVE_BUCKET"))
	c := rebuild.Config{
		Workspace: key.Workspace, Table: table, Archive: archived{archive.New(objects), objects}, Rollup: f.rollUp, Rules: model.Rules,
		Now: time.Now, Sleep: sleep, Settle: f.settle, AtOnce: eventsAtOnce, Names: namesAtOnce, Workers: settle.Workers, Progress: bar.show,
		Ingest: &ingest.Applier{
			Recorder: ingest.Recorder{Batches: table, Now: time.Now, NewID: rand.Text}, Store: table, Bot: bots.Of,
		},
	}
	switch {
	case f.back:
		return rebuild.Back(ctx, c)
	case f.dropOld:
		return rebuild.Drop(ctx, c)
	}
	return rebuild.Run(ctx, c, rebuild.Order{Model: f.model, Swap: rebuild.Swap(f.swap)})
}

// rollUp is done when all is counted that was stored before the call.
func (f rebuildFlags) rollUp(ctx context.Context, of rebuild.Generation, waiting func(int)) error {
	_, err := f.api.RollUp(ctx, string(of), func(r client.Rollup) { waiting(r.Waiting) })
	return err
}

// archived is the archive with the times at which its objects were written.
type archived struct {
	*archive.Archive
	objects *bucket.Bucket
}

// KeysSince is bucket.Bucket.KeysSince.
func (a archived) KeysSince(ctx context.Context, prefix string, since event.Millis) iter.Seq2[string, error] {
	return a.objects.KeysSince(ctx, prefix, since.Time())
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
