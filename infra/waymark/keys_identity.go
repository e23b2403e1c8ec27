package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"waymark/shared/adapter/dynamo"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// workspaces reads and writes a workspace.
type workspaces interface {
	Workspace(ctx context.Context, name string) (workspace.Workspace, error)
	PutWorkspace(ctx context.Context, w workspace.Workspace) error
}

func identityKey(ctx context.Context, table *dynamo.Table, words []string, flags keyFlags, io stdio) error {
	return makeIdentity(ctx, table, words, flags, io)
}

// made is an identity secret as `waymark keys identity --json` prints it, once.
type made struct {
	Source   string `json:"source"`
	Secret   string `json:"identity_secret"`
	OldUntil string `json:"old_until,omitempty"` // when proofs made with the secret before it end; "" when there is none
}

// makeIdentity makes the identity secret of a site, given by one of its keys or by its name, and prints it this once.
func makeIdentity(ctx context.Context, store workspaces, words []string, flags keyFlags, io stdio) error {
	name, said := words[0], words[1]
	w, err := store.Workspace(ctx, name)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(w.Keys, func(k workspace.Key) bool { return k.Role == workspace.Write && (k.Is(said) || k.Source == said) })
	if at < 0 {
		return fault.Newf(fault.NotFound, "unknown_key", "workspace %s has no such write key or source; `waymark keys list %s` shows what it has", name, name)
	}
	source := w.Keys[at].Source
	before := w.SecretsOf(source)
	switch {
	case w.KindOf(source) == workspace.ServerSource:
		return fault.Newf(fault.Invalid, "server_source", "source %s is a server, whose key is a secret: its events need no proof; name a site", source)
	case len(before) > 0 && !flags.rotate:
		return fault.Newf(fault.Conflict, "secret_exists",
			"source %s has an identity secret, which was shown once; --rotate makes another, and the old one stays valid for --overlap", source)
	case flags.overlap < 0:
		return fault.New(fault.Invalid, "bad_overlap", "the overlap is a time such as 24h, or 0 to end the old secret at once")
	}
	now := time.Now()
	secret := made{Source: source, Secret: workspace.IdentityText(rand.Text())}
	w.AddSecret(source, secret.Secret, now, flags.overlap)
	if err := store.PutWorkspace(ctx, w); err != nil {
		return err
	}
	if secrets := w.SecretsOf(source); len(secrets) > 1 {
		secret.OldUntil = secrets[1].Expires.Time().Format(time.RFC3339)
	}
	if flags.json {
		return json.NewEncoder(io.Out).Encode(secret)
	}
	printIdentity(io, secret, w.PolicyOf(source), event.At(now))
	return nil
}

func printIdentity(io stdio, made made, policy workspace.Policy, now event.Millis) {
	fmt.Fprintf(io.Out, "identity secret of source %s, shown this once  %s\n", made.Source, made.Secret)
	if made.OldUntil != "" {
		fmt.Fprintf(io.Out, "proofs made with the secret before it are valid until %s\n", made.OldUntil)
	}
	fmt.Fprintf(io.Out, `
Keep it on the site's server, as WAYMARK_IDENTITY. The server makes the proof,
here in Node; docs/signed-users.md has other languages:

  const proof = require("crypto").createHmac("sha256", process.env.WAYMARK_IDENTITY).update(userId, "utf8").digest("hex")

and the page passes it on:

  waymark.identify(userId, traits, { context: { proof } })

Functions remember keys for a minute: %s is when the secret works everywhere.
`, now.Add(time.Minute).Time().Format(time.RFC3339))
	if policy.Identity != workspace.SignedUsers {
		fmt.Fprintln(io.Out, "Once the pages send proofs, `waymark keys set WORKSPACE KEY --identity signed` believes nobody else.")
	}
}

// shown are keys as they may be shown.
func shown(keys []workspace.Key) []workspace.Key {
	out := make([]workspace.Key, len(keys))
	for i, k := range keys {
		out[i] = k.Shown()
	}
	return out
}

// unsignable says that a site takes signed users alone and that nobody can sign any; "" where that is not so.
func unsignable(w workspace.Workspace, source string) string {
	if w.KindOf(source) == workspace.ServerSource || w.PolicyOf(source).Identity != workspace.SignedUsers || len(w.SecretsOf(source)) > 0 {
		return ""
	}
	return fmt.Sprintf("It has no identity secret yet, so every user is unproven: `waymark keys identity %s %s` makes it.\n", w.Name, source)
}
