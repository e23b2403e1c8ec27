package main

import (
	"context"
	"flag"
	"fmt"

	"waymark/infra/client"
)

// api reads and operates one workspace over HTTP with its secret key. Its first request is made by do, which finds the
// system.
type api struct {
	client.Client
	place place
}

// apiFlags adds --url, --key and --data to a command's flags.
func apiFlags(set *flag.FlagSet) *api {
	a := &api{Client: client.Client{Sleep: sleep}}
	a.place.flags(set, "secret `key` of the workspace, sk_…; WAYMARK_SECRET_KEY or WAYMARK_KEY when left out, else that of a running `waymark dev`")
	return a
}

// find finds the system and the key, once.
func (a *api) find(ctx context.Context) error {
	if a.URL != "" {
		return nil
	}
	s, err := a.place.find(ctx)
	if err != nil {
		return err
	}
	key := a.place.keyOf(ctx, &s, []string{"WAYMARK_SECRET_KEY", "WAYMARK_KEY"}, func(k workspaceKeys) string { return k.Secret })
	if key == "" {
		return fmt.Errorf("no secret key is known for %s: set WAYMARK_KEY or give --key sk_…", s.URL)
	}
	a.URL, a.Key = s.URL, key
	a.Hint = fmt.Sprintf("\nThe address is that of %s. Is the system running? `waymark dev` starts one", s.from)
	return nil
}

// do is client.Client.Do.
func (a *api) do(ctx context.Context, method, path string, body, into any) error {
	if err := a.find(ctx); err != nil {
		return err
	}
	return a.Do(ctx, method, path, body, into)
}
