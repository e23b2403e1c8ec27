package scenarios_test

import (
	"context"
	"testing"
	"time"

	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
	"waymark/tests/gateway"
	"waymark/tests/scenarios"
)

// TestHTTP runs every scenario through the handlers that Lambda runs, behind the laptop's gateway: what the whole system adds to the pure core,
// from protocol and queue to settle and JSON, must change nothing.
func TestHTTP(t *testing.T) {
	t.Parallel()
	for _, s := range read(t) {
		for _, name := range s.Workspace.Models {
			t.Run(s.File+"/"+name, func(t *testing.T) {
				t.Parallel()
				h, err := scenarios.NewHTTP(t.Context(), reach(t, newSystem(t)), s, name)
				if err != nil {
					t.Fatal(err)
				}
				if err := scenarios.Run(t.Context(), s, name, h); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// newSystem is a system after the time of all scenarios.
func newSystem(t *testing.T) *system.System {
	t.Helper()
	s := system.New(t)
	s.Now = time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)
	return s
}

// reach reaches a system. Its queue is emptied whenever somebody waits for it.
func reach(t *testing.T, s *system.System) scenarios.HTTPConfig {
	t.Helper()
	return scenarios.HTTPConfig{
		URL: "http://waymark.test", Run: "test", Client: gateway.Client(t, s), Now: func() time.Time { return s.Now },
		Pause: func(context.Context, time.Duration) error { s.Drain(); return nil },
		CreateWorkspace: func(ctx context.Context, w scenarios.Workspace, model string) (scenarios.Keys, error) {
			made, err := workspace.New(w.Name, w.Zone, w.Currency, model)
			keys := scenarios.Keys{Write: "wk_" + w.Name, Secret: "sk_" + w.Name}
			made.Keys = []workspace.Key{
				{Text: keys.Write, Workspace: w.Name, Role: workspace.Write, Source: "web", Kind: workspace.ServerSource}, {Text: keys.Secret, Workspace: w.Name, Role: workspace.Secret},
			}
			if err != nil {
				return scenarios.Keys{}, err
			}
			return keys, s.Table.PutWorkspace(ctx, made)
		},
	}
}
