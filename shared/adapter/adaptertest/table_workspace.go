package adaptertest

import (
	"testing"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

func workspacesAndKeys(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	_, err := table.Key(ctx, "wk_nobody")
	wantFault(t, "Key of nobody", err, fault.NotFound, "unknown_key")
	_, err = table.Workspace(ctx, "nowhere")
	wantFault(t, "Workspace nowhere", err, fault.NotFound, "unknown_workspace")

	write := workspace.Key{Text: "wk_shop", Workspace: "shop", Role: workspace.Write, Source: "web", Origins: []string{"https://shop.example"}}
	till := workspace.Key{Text: "ws_till", Workspace: "shop", Role: workspace.Write, Source: "till", Kind: workspace.ServerSource, Expires: noon}
	secret := workspace.Key{Text: "sk_shop", Workspace: "shop", Role: workspace.Secret}
	shop := workspace.Workspace{
		Name: "shop", Zone: "Asia/Kolkata", Currency: "INR", Model: "s3@1", Created: noon, Keys: []workspace.Key{write, till, secret},
		Orders: workspace.FromServers, Latest: []string{"cart", "theme"},
	}
	atlas := workspace.Workspace{
		Name: "atlas", Zone: "Europe/London", Currency: "GBP", Model: "default", Created: noon,
		Keys: []workspace.Key{{Text: "wk_atlas", Workspace: "atlas", Role: workspace.Write, Source: "web"}},
	}
	must(t, table.PutWorkspace(ctx, shop))
	must(t, table.PutWorkspace(ctx, atlas))

	for _, want := range []workspace.Key{write, till, secret, atlas.Keys[0]} {
		got, err := table.Key(ctx, want.Text)
		must(t, err)
		equal(t, "Key "+want.Text, got, want)
	}
	stored := shop
	hidden, hiddenTill := secret, till
	hidden.Text = "sha256:" + workspace.Fingerprint("sk_shop")
	hiddenTill.Text = "sha256:" + workspace.Fingerprint("ws_till")
	stored.Keys = []workspace.Key{write, hiddenTill, hidden}
	wantWorkspace(t, table, stored)
	all, err := table.Workspaces(ctx)
	must(t, err)
	equal(t, "Workspaces", all, []workspace.Workspace{atlas, stored})

	// A rotation by one who does not know the keys: the secret key runs out, the till's is withdrawn.
	hidden.Expires = noon + day
	stored.Keys = []workspace.Key{write, hidden, {Text: "sk_next", Workspace: "shop", Role: workspace.Secret}}
	must(t, table.PutWorkspace(ctx, stored))
	secret.Expires = noon + day
	got, err := table.Key(ctx, "sk_shop")
	must(t, err)
	equal(t, "Key sk_shop after rotation", got, secret)
	_, err = table.Key(ctx, "ws_till")
	wantFault(t, "Key ws_till after rotation", err, fault.NotFound, "unknown_key")
	_, err = table.Key(ctx, hidden.Text)
	wantFault(t, "Key by its fingerprint", err, fault.NotFound, "unknown_key")
	stored.Keys[2].Text = "sha256:" + workspace.Fingerprint("sk_next")
	wantWorkspace(t, table, stored)

	thief := workspace.Workspace{Name: "thief", Keys: []workspace.Key{
		{Text: "wk_thief", Workspace: "thief", Role: workspace.Write}, {Text: "wk_shop", Workspace: "thief", Role: workspace.Write},
	}}
	wantFault(t, "PutWorkspace with another's key", table.PutWorkspace(ctx, thief), fault.Conflict, "key_taken")
	_, err = table.Key(ctx, "wk_thief")
	wantFault(t, "Key wk_thief", err, fault.NotFound, "unknown_key")
	_, err = table.Workspace(ctx, "thief")
	wantFault(t, "Workspace thief", err, fault.NotFound, "unknown_workspace")
	wantWorkspace(t, table, stored)
}

func wantWorkspace(t *testing.T, table TableUnderTest, want workspace.Workspace) {
	t.Helper()
	got, err := table.Workspace(t.Context(), want.Name)
	must(t, err)
	equal(t, "Workspace "+want.Name, got, want)
}
