package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
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
	Write     string `json:"write"`
	Secret    string `json:"secret"`
}

// wanted is a workspace to be made. Empty keys are made at random.
type wanted struct {
	name, zone, currency, model string
	weekStart                   string // "" = monday
	write, secret               string
}

// createWorkspace makes a workspace with one write key and one secret key. One of that name is left as it is when it has these very keys;
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
	keys := workspaceKeys{Workspace: w.name, Write: w.write, Secret: w.secret}
	if keys.Write == "" {
		keys.Write = workspace.KeyText(workspace.Write, rand.Text())
	}
	if keys.Secret == "" {
		keys.Secret = workspace.KeyText(workspace.Secret, rand.Text())
	}
	if _, err := table.Workspace(ctx, w.name); fault.KindOf(err) != fault.NotFound {
		if err != nil {
			return workspaceKeys{}, fmt.Errorf("read workspace %s: %w", w.name, err)
		}
		return keys, isOpenedBy(ctx, table, keys)
	}
	made.Created = event.At(time.Now())
	made.Keys = []workspace.Key{
		{Text: keys.Write, Workspace: w.name, Role: workspace.Write, Source: "default", Policy: workspace.NewPolicy()},
		{Text: keys.Secret, Workspace: w.name, Role: workspace.Secret},
	}
	return keys, table.PutWorkspace(ctx, made)
}

// isOpenedBy says whether both keys open the workspace.
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
		name: "demo", zone: "UTC", currency: "EUR", model: "default", write: "wk_demo", secret: "sk_demo",
	})
	if err != nil {
		return workspaceKeys{}, fmt.Errorf("make the workspace demo: %w", err)
	}
	return keys, nil
}
