package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"waymark/infra/demo"
	"waymark/shared/adapter/dynamo"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
)

const workspaceUsage = `waymark workspace create NAME --time-zone ZONE --currency CODE [--model MODEL]
                              [--json]
waymark workspace set NAME [--time-zone ZONE] [--currency CODE] [--model MODEL]
waymark workspace list [--json]

A workspace is one tenant: its own keys, persons, KPIs, time zone, currency and
stage model. What is set holds for the past too: the next settles count
everybody anew, and ` + "`recounting`" + ` of GET /v1/status says until when.
`

// cmdWorkspace makes, changes and lists workspaces. It talks to the table of the running system, or of the environment.
func cmdWorkspace(ctx context.Context, args []string, io stdio) int {
	action := ""
	if len(args) > 0 {
		action = args[0]
	}
	var err error
	switch action {
	case "create":
		code := 0
		if code, err = workspaceCreate(ctx, args[1:], io); err == nil {
			return code
		}
	case "set":
		code := 0
		if code, err = workspaceSet(ctx, args[1:], io); err == nil {
			return code
		}
	case "list":
		code := 0
		if code, err = workspaceList(ctx, args[1:], io); err == nil {
			return code
		}
	default:
		set := flag.NewFlagSet("waymark workspace", flag.ContinueOnError)
		withUsage(set, workspaceUsage)
		if code, done := parseFlags(set, args, io); done {
			return code
		}
		fmt.Fprint(io.Err, workspaceUsage)
		return 2
	}
	if err != nil {
		fmt.Fprintf(io.Err, "waymark workspace %s: %v\n", action, err)
		return 1
	}
	return 0
}

func workspaceCreate(ctx context.Context, args []string, io stdio) (int, error) {
	w := wanted{}
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		w.name, args = args[0], args[1:]
	}
	set := flag.NewFlagSet("waymark workspace create", flag.ContinueOnError)
	var at place
	at.tableFlags(set)
	withUsage(set, workspaceUsage)
	set.StringVar(&w.zone, "time-zone", "UTC", "IANA time zone in which days begin, such as Europe/London")
	set.StringVar(&w.currency, "currency", "EUR", "currency of orders that name none, three letters")
	set.StringVar(&w.model, "model", "default", "stage model: default, five or four")
	asJSON := set.Bool("json", false, "print JSON")
	if code, done := parseFlags(set, args, io); done {
		return code, nil
	}
	if w.name == "" {
		w.name = set.Arg(0)
	}
	if w.name == "" {
		fmt.Fprint(io.Err, workspaceUsage)
		return 2, nil
	}
	getenv, err := at.env(ctx)
	if err != nil {
		return 1, err
	}
	keys, err := createWorkspace(ctx, getenv, w)
	if err != nil {
		return 1, err
	}
	if *asJSON {
		return 0, json.NewEncoder(io.Out).Encode(map[string]any{
			"workspace": w.name, "time_zone": w.zone, "currency": strings.ToUpper(w.currency), "model": w.model, "keys": keys,
		})
	}
	fmt.Fprintf(io.Out, "workspace   %s  (%s, %s, stage model %s)\nwrite key   %s  (public: websites send with it)\nsecret key  %s  (reads and operates; it is shown this once)\n",
		w.name, w.zone, strings.ToUpper(w.currency), w.model, keys.Write, keys.Secret)
	return 0, nil
}

// workspaceSet changes settings of a workspace; those that are not named stay.
func workspaceSet(ctx context.Context, args []string, io stdio) (int, error) {
	set := flag.NewFlagSet("waymark workspace set", flag.ContinueOnError)
	var at place
	at.tableFlags(set)
	withUsage(set, workspaceUsage)
	zone := set.String("time-zone", "", "IANA time zone in which days begin, such as Europe/London")
	currency := set.String("currency", "", "currency of orders that name none, three letters")
	stages := set.String("model", "", "stage model: default, five or four")
	words, code, done := parseWords(set, args, io)
	if done {
		return code, nil
	}
	if len(words) != 1 {
		fmt.Fprint(io.Err, workspaceUsage)
		return 2, nil
	}
	getenv, err := at.env(ctx)
	if err != nil {
		return 1, err
	}
	table := dynamo.New(dynamo.NewClient(getenv), getenv("TABLE_NAME"))
	w, err := table.Workspace(ctx, words[0])
	if err != nil {
		return 1, err
	}
	is, err := workspace.New(w.Name, cmp.Or(*zone, w.Zone), cmp.Or(*currency, w.Currency), cmp.Or(*stages, w.Model))
	if err != nil {
		return 1, err
	}
	if _, err := model.Stages(is.Model); err != nil {
		return 1, err
	}
	w.Zone, w.Currency, w.Model = is.Zone, is.Currency, is.Model
	if err := table.PutWorkspace(ctx, w); err != nil {
		return 1, err
	}
	fmt.Fprintf(io.Out, "workspace  %s  (%s, %s, stage model %s)\n", w.Name, w.Zone, w.Currency, w.Model)
	return 0, nil
}

func workspaceList(ctx context.Context, args []string, io stdio) (int, error) {
	set := flag.NewFlagSet("waymark workspace list", flag.ContinueOnError)
	var at place
	at.tableFlags(set)
	withUsage(set, workspaceUsage)
	asJSON := set.Bool("json", false, "print JSON")
	if code, done := parseFlags(set, args, io); done {
		return code, nil
	}
	getenv, err := at.env(ctx)
	if err != nil {
		return 1, err
	}
	all, err := dynamo.New(dynamo.NewClient(getenv), getenv("TABLE_NAME")).Workspaces(ctx)
	if err != nil {
		return 1, err
	}
	if *asJSON {
		return 0, json.NewEncoder(io.Out).Encode(map[string]any{"workspaces": all})
	}
	table := tabwriter.NewWriter(io.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tTIME ZONE\tCURRENCY\tMODEL\tKEYS")
	for _, w := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\n", w.Name, w.Zone, w.Currency, w.Model, len(w.Keys))
	}
	return 0, table.Flush()
}

// demoWorkspaces makes the workspaces of `waymark demo`, with keys that follow from their names, so that a second run finds them again.
func demoWorkspaces(env map[string]string) demo.CreateWorkspace {
	getenv := func(variable string) string { return cmp.Or(env[variable], os.Getenv(variable)) }
	return func(ctx context.Context, name, zone, currency, model string) (write, secret string, err error) {
		keys, err := createWorkspace(ctx, getenv, wanted{
			name: name, zone: zone, currency: currency, model: model, write: "wk_" + name, secret: "sk_" + name,
		})
		return keys.Write, keys.Secret, err
	}
}
