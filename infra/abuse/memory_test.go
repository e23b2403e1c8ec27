package abuse_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/infra/abuse"
	"waymark/infra/client"
	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

// memoryWorld is the system in memory. Its clock moves when it is told to.
type memoryWorld struct {
	t  testing.TB
	mu sync.Mutex // the system is one for all
	*system.System
}

func (m *memoryWorld) Open(ctx context.Context, name string, mode abuse.Mode) (abuse.Keys, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := system.Shop()
	w.Name, w.Zone, w.Created = name, "UTC", event.At(m.Now)
	k := abuse.Keys{Site: "wk_" + name, Server: "ws_" + name, Secret: "sk_" + name, Source: "default"}
	w.Keys = []workspace.Key{
		{Text: k.Site, Workspace: name, Role: workspace.Write, Source: k.Source, Policy: workspace.NewPolicy()},
		{Text: k.Server, Workspace: name, Role: workspace.Write, Source: "server", Kind: workspace.ServerSource, Policy: workspace.NewPolicy()},
		{Text: k.Secret, Workspace: name, Role: workspace.Secret},
	}
	if mode == abuse.SignedUsers {
		k.Identity = workspace.IdentityText("0123456789")
	}
	return k, errors.Join(mode.Settle(&w, k.Source, k.Identity), m.Table.PutWorkspace(ctx, w))
}

func (m *memoryWorld) Post(_ context.Context, key string, events []abuse.Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var texts []string
	for _, e := range events {
		text, err := json.Marshal(e)
		if err != nil {
			return err
		}
		texts = append(texts, string(text))
	}
	m.Send(key, texts...)
	m.Advance(time.Second)
	return nil
}

func (m *memoryWorld) Ask(_ context.Context, secret, method, path string, body any) (json.RawMessage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	text := ""
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		text = string(encoded)
	}
	status, said := m.System.Ask(method, path, secret, text)
	if status != http.StatusOK {
		return nil, &client.Refusal{Status: status, Message: said}
	}
	return json.RawMessage(said), nil
}

func (m *memoryWorld) Count(ctx context.Context, secret string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Advance(time.Minute)
	raw, err := json.Marshal(m.Request(http.MethodPost, "/v1/rollups", "Bearer "+secret, ""))
	if err != nil {
		return err
	}
	said, err := m.Rollup(m.Ports()).Handle(ctx, raw)
	if err != nil {
		return err
	}
	answer, err := json.Marshal(said)
	if err != nil {
		return err
	}
	var response events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(answer, &response); err != nil || !strings.Contains(response.Body, `"done":true`) {
		return errors.Join(err, errors.New("POST /v1/rollups answers "+string(answer)))
	}
	return nil
}

func (m *memoryWorld) Drain(context.Context, string) error { return nil }
func (m *memoryWorld) Longest() (time.Duration, error)     { return 0, nil }
func (m *memoryWorld) Step(context.Context) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Advance(time.Minute)
	defer m.Advance(time.Minute)
	return m.Now, nil
}
