package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"waymark/shared/adapter/dynamo"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
)

// workspaceKeys are a workspace's keys, as the ready file and `waymark workspace create --json` give them.
type workspaceKeys struct {
	Workspace string `json:"workspace"`
	Write     string `json:"write"`  // of a site, in its pages
	Server    string `json:"server"` // of the shop's server and of imports
	Secret    string `json:"secret"`
}

// lines says of each key, in a line of its own behind an indent, what it is for.
func (k workspaceKeys) lines(indent string) string {
	var out strings.Builder
	for _, line := range [][3]string{
		{"site key", k.Write, "public: stands in the pages of the site, and sends what browsers see"},
		{"server key", k.Server, "secret: the shop's server and imports send with it, the past too"},
		{"secret key", k.Secret, "secret: reads and operates"},
	} {
		fmt.Fprintf(&out, "%s%-10s  %s  (%s)\n", indent, line[0], line[1], line[2])
	}
	return out.String()
}

// wanted is a workspace to be made. Empty keys are made at random.
type wanted struct {
	name, zone, currency, model string
	weekStart                   string // "" = monday
	write, server, secret       string
}

// The sources that a new workspace has: a site, whose key everybody can read in its pages, and a server, whose key is a secret.
const (
	siteSource   = "default"
	serverSource = "server"
)

// createWorkspace makes a workspace with a site's key, a server's key and a secret key. One of that name is left as it is when it has these very keys;
// otherwise Conflict, because the secret key of an existing workspace is stored nowhere and cannot be shown again.
func createWorkspace(ctx context.Context, getenv func(string) string, w wanted) (workspaceKeys, error) {
	name := getenv("TABLE_NAME")
	if name == "" {
		return workspaceKeys{}, fault.New(fault.Invalid, "no_table",
			"TABLE_NAME is not set: start the system with `waymark dev`, or set the variables of the one to talk to (the ready file lists them)")
	}
	table := dynamo.New(dynamo.NewClient(getenv), name)
	made, err := workspace.New(w.name, w.zone, w.currency, w.model)
	if err != nil {
		return workspaceKeys{}, err
	}
	if made, err = made.WithWeekStart(cmp.Or(w.weekStart, "monday")); err != nil {
		return workspaceKeys{}, err
	}
	if _, err := model.Stages(w.model); err != nil {
		return workspaceKeys{}, err
	}
	keys := workspaceKeys{Workspace: w.name}
	keys.Write = cmp.Or(w.write, workspace.KeyText(workspace.Write, workspace.Site, rand.Text()))
	keys.Server = cmp.Or(w.server, workspace.KeyText(workspace.Write, workspace.ServerSource, rand.Text()))
	keys.Secret = cmp.Or(w.secret, workspace.KeyText(workspace.Secret, workspace.Site, rand.Text()))
	if there, err := table.Workspace(ctx, w.name); fault.KindOf(err) != fault.NotFound {
		if err != nil {
			return workspaceKeys{}, fmt.Errorf("read workspace %s: %w", w.name, err)
		}
		if err := isOpenedBy(ctx, table, keys); err != nil || there.Sends(serverSource) {
			return keys, err
		}
		there.Keys = append(there.Keys, serverKey(keys)) // an earlier release made none
		return keys, table.PutWorkspace(ctx, there)
	}
	made.Created = event.At(time.Now())
	made.Keys = []workspace.Key{
		{Text: keys.Write, Workspace: w.name, Role: workspace.Write, Source: siteSource, Policy: workspace.NewPolicy()},
		serverKey(keys),
		{Text: keys.Secret, Workspace: w.name, Role: workspace.Secret},
	}
	return keys, table.PutWorkspace(ctx, made)
}

func serverKey(keys workspaceKeys) workspace.Key {
	return workspace.Key{
		Text: keys.Server, Workspace: keys.Workspace, Role: workspace.Write, Source: serverSource, Kind: workspace.ServerSource, Policy: workspace.NewPolicy(),
	}
}

// isOpenedBy says whether the site's key and the secret key open the workspace.
func isOpenedBy(ctx context.Context, table *dynamo.Table, keys workspaceKeys) error {
	for _, text := range []string{keys.Write, keys.Secret} {
		key, err := table.Key(ctx, text)
		if fault.KindOf(err) == fault.NotFound || (err == nil && key.Workspace != keys.Workspace) {
			return fault.Newf(fault.Conflict, "workspace_exists",
				"there is a workspace %s already, and its secret key is stored nowhere; choose another name", keys.Workspace)
		}
		if err != nil {
			return fmt.Errorf("look up key: %w", err)
		}
	}
	return nil
}

// seedDemo makes sure that the workspace demo and its keys exist, and returns them.
func seedDemo(ctx context.Context, env map[string]string) (workspaceKeys, error) {
	keys, err := createWorkspace(ctx, func(name string) string { return env[name] }, wanted{
		name: "demo", zone: "UTC", currency: "EUR", model: "default", write: "wk_demo", server: "ws_demo", secret: "sk_demo",
	})
	if err != nil {
		return workspaceKeys{}, fmt.Errorf("make the workspace demo: %w", err)
	}
	return keys, nil
}
