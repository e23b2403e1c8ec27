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
                         [--week-start monday|sunday|saturday] [--json]
waymark workspace set NAME [--time-zone ZONE] [--currency CODE] [--model MODEL]
                      [--week-start monday|sunday|saturday]
                      [--orders any|server] [--latest TRAIT,TRAIT|none]
waymark workspace list [--json]

A workspace is one tenant: its own keys, persons, KPIs, time zone, week start,
currency and stage model. What is set holds for the past too: the next settles
count everybody anew, and ` + "`recounting`" + ` of GET /v1/status says until when.

Whoever reads a site's key in its pages can send orders with it. With --orders
server the orders, their money and the stages that they make come from server
keys alone; a site's order then tells by which session and channel it came.
A trait that a server has set stays as the server set it, but of the traits
that --latest names the latest value holds, whoever sent it.
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
	set.StringVar(&w.weekStart, "week-start", "monday", "day on which weeks begin: monday, sunday or saturday")
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
	fmt.Fprintf(io.Out, "workspace   %s  (%s, %s, stage model %s)\n%s", w.name, w.zone, strings.ToUpper(w.currency), w.model, keys.lines(""))
	fmt.Fprintln(io.Out, "The last two are shown this once: keep them where no page and no repository has them.")
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
	weekStart := set.String("week-start", "", "day on which weeks begin: monday, sunday or saturday")
	orders := set.String("orders", "", "whose word makes orders: any source's, or that of server sources")
	latest := set.String("latest", "", "traits whose latest value holds, whoever sent it, with commas between; or none")
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
	for _, change := range []struct {
		text string
		with func(workspace.Workspace, string) (workspace.Workspace, error)
	}{
		{*weekStart, workspace.Workspace.WithWeekStart}, {*orders, workspace.Workspace.WithOrders}, {*latest, workspace.Workspace.WithLatest},
	} {
		if change.text == "" {
			continue
		}
		if w, err = change.with(w, change.text); err != nil {
			return 1, err
		}
	}
	if err := table.PutWorkspace(ctx, w); err != nil {
		return 1, err
	}
	fmt.Fprintf(io.Out, "workspace  %s  (%s, weeks from %s, %s, stage model %s, orders from %s, latest value of %s)\n",
		w.Name, w.Zone, cmp.Or(w.WeekStart, "monday"), w.Currency, w.Model, ordersFrom(w), latestOf(w))
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
	fmt.Fprintln(table, "NAME\tTIME ZONE\tWEEKS FROM\tCURRENCY\tMODEL\tORDERS\tLATEST\tKEYS")
	for _, w := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\n", w.Name, w.Zone, cmp.Or(w.WeekStart, "monday"), w.Currency, w.Model, w.Orders, latestOf(w), len(w.Keys))
	}
	return 0, table.Flush()
}

func ordersFrom(w workspace.Workspace) string {
	if w.Orders == workspace.FromServers {
		return "servers alone"
	}
	return "any source"
}

func latestOf(w workspace.Workspace) string { return cmp.Or(strings.Join(w.Latest, ","), "no trait") }

// demoWorkspaces makes the workspaces of `waymark demo`, with keys that follow from their names, so that a second run finds them again.
func demoWorkspaces(env map[string]string) demo.CreateWorkspace {
	getenv := func(variable string) string { return cmp.Or(env[variable], os.Getenv(variable)) }
	return func(ctx context.Context, name, zone, currency, model string) (server, secret string, err error) {
		keys, err := createWorkspace(ctx, getenv, wanted{
			name: name, zone: zone, currency: currency, model: model, write: "wk_" + name, server: "ws_" + name, secret: "sk_" + name,
		})
		return keys.Server, keys.Secret, err
	}
}
