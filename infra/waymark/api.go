package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"os"

	"waymark/infra/client"
)

// api reads and operates one workspace over HTTP with its secret key.
type api struct{ client.Client }

// apiFlags adds --url and --key to a command's flags. Their defaults are the environment's WAYMARK_URL and WAYMARK_SECRET_KEY, else those of
// the system that `waymark dev` runs in this folder or one above.
func apiFlags(set *flag.FlagSet) *api {
	a := &api{client.Client{URL: os.Getenv("WAYMARK_URL"), Key: os.Getenv("WAYMARK_SECRET_KEY"), Sleep: sleep}}
	if text, err := os.ReadFile(readyFile()); err == nil && a.URL == "" {
		var ready struct {
			URL  string `json:"url"`
			Keys struct {
				Secret string `json:"secret"`
			} `json:"keys"`
		}
		_ = json.Unmarshal(text, &ready) // a file that is no JSON tells nothing
		a.URL, a.Key = ready.URL, cmp.Or(a.Key, ready.Keys.Secret)
	}
	set.StringVar(&a.URL, "url", a.URL, "address of the system")
	set.StringVar(&a.Key, "key", a.Key, "secret key of the workspace, sk_…")
	return a
}

// do is client.Client.Do.
func (a *api) do(ctx context.Context, method, path string, body, into any) error {
	return a.Do(ctx, method, path, body, into)
}
