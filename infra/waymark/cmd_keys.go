package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"waymark/shared/adapter/dynamo"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/protocol"
	"waymark/shared/domain/workspace"
)

const keysUsage = `waymark keys list WORKSPACE [--json]
waymark keys create WORKSPACE [--kind site|server] [--source NAME]
                    [--origin URL]... [--alias PROTOCOL:ID]
                    [SETTING]... [--json]             (add says the same)
waymark keys create WORKSPACE --role secret [--json]
waymark keys set WORKSPACE KEY SETTING...
waymark keys rotate WORKSPACE KEY [--overlap 24h] [--json]
waymark keys identity WORKSPACE KEY|SOURCE [--rotate] [--overlap 24h] [--json]

A write key may only send. That of a site, wk_..., is public, for it stands in
the pages: give each site its own, named by --source, and say with --origin
which browsers may use it. That of a server, ws_..., is a secret, and what is
sent with it is believed: the past, refunds, and orders above a site's word. A
source has keys of one kind. A secret key, sk_..., reads and operates.

Rotating makes a new key like the old one, which goes on working for the
overlap. Functions remember keys for a minute. Of secrets only a hash is stored:
they are printed once, and KEY may be what ` + "`keys list`" + ` shows, sha256:...

identity makes the secret with which a site's server signs its users, and shows
it once (docs/signed-users.md). --rotate makes another; the old one is valid
for the overlap.

With --alias the key is the id that a client of another system sends, such as
plausible:shop.example, umami:WEBSITE-ID, ga4:MEASUREMENT-ID:API-SECRET,
snowplow:APP-ID or posthog:TOKEN (docs/protocols.md).

Settings are those of a source, so all of its keys have them:
%s
A tracking plan names the events of a source and the types of their properties;
docs/plans.md has examples. What it is not met by is rejected with its reason,
told to the client, and kept as a failed event. Properties are those of
docs/touchpoints.md (model), all, or those that are named: plan,address.*

Order ids of all sources are one name space: one id is one order, whoever
sends it. A shop that numbers its orders by itself needs --orders own; then its
#1001 is another order than that of the next shop. It holds for what comes from
now on; waymark rebuild applies it to the past.
`

// origins is a flag that may be given more than once.
type origins []string

func (o *origins) String() string { return strings.Join(*o, " ") }

func (o *origins) Set(text string) error {
	if !strings.HasPrefix(text, "https://") && !strings.HasPrefix(text, "http://") {
		return fmt.Errorf("an origin begins with https:// or http://")
	}
	*o = append(*o, strings.TrimSuffix(text, "/"))
	return nil
}

// keyFlags are the flags of `waymark keys`.
type keyFlags struct {
	role, source string
	kind         string            // of the source; "" is that which it has
	alias        string            // that the key is, in the place of a random text
	settings     map[string]string // of the source, by name
	origins      origins
	overlap      time.Duration
	json         bool
	rotate       bool // of an identity secret
}

// cmdKeys lists, adds and rotates the keys of a workspace.
func cmdKeys(ctx context.Context, args []string, io stdio) int {
	var flags keyFlags
	var at place
	set := flag.NewFlagSet("waymark keys", flag.ContinueOnError)
	withUsage(set, fmt.Sprintf(keysUsage, settingsUsage()))
	at.tableFlags(set)
	set.StringVar(&flags.role, "role", "write", "write or secret")
	set.StringVar(&flags.source, "source", "", "the site or system that sends with it; default, or server for a server, when left out")
	set.StringVar(&flags.kind, "kind", "", "site or server; when left out that of the source, and site for a new one")
	flags.settings = map[string]string{}
	for _, setting := range workspace.Settings() {
		set.Func(setting.Name, setting.About, func(text string) error {
			flags.settings[setting.Name] = text
			return nil
		})
	}
	set.StringVar(&flags.alias, "alias", "", "what another system's client sends in the place of a key")
	set.Var(&flags.origins, "origin", "browsers may send from here only; may be repeated")
	set.DurationVar(&flags.overlap, "overlap", 24*time.Hour, "how long the rotated key goes on working")
	set.BoolVar(&flags.json, "json", false, "print JSON")
	set.BoolVar(&flags.rotate, "rotate", false, "make another identity secret")
	words, code, done := parseWords(set, args, io)
	if done {
		return code
	}
	run := keyActions[strings.Join(words[:min(len(words), 1)], "")]
	if wanted := map[bool]int{true: 3, false: 2}[len(words) > 0 && slices.Contains([]string{"rotate", "set", "identity"}, words[0])]; run == nil || len(words) != wanted {
		set.Usage()
		return 2
	}
	getenv, err := at.env(ctx)
	if err == nil {
		err = run(ctx, dynamo.New(dynamo.NewClient(getenv), getenv("TABLE_NAME")), words[1:], flags, io)
	}
	if err != nil {
		fmt.Fprintf(io.Err, "waymark keys: %v\n", err)
		return 1
	}
	return 0
}

// keyActions are the words after `waymark keys`; they get the workspace's name, and what stands behind it.
var keyActions = map[string]func(ctx context.Context, table *dynamo.Table, words []string, flags keyFlags, io stdio) error{
	"list": listKeys, "add": addKey, "create": addKey, "rotate": rotateKey, "set": setKey, "identity": identityKey,
}

func listKeys(ctx context.Context, table *dynamo.Table, words []string, flags keyFlags, io stdio) error {
	w, err := table.Workspace(ctx, words[0])
	if err != nil {
		return err
	}
	if flags.json {
		return json.NewEncoder(io.Out).Encode(map[string]any{"keys": shown(w.Keys)})
	}
	lines := tabwriter.NewWriter(io.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(lines, "KEY\tROLE\tKIND\tSOURCE\tEXPIRES\tORIGINS\tSETTINGS")
	for _, k := range w.Keys {
		expires := "never"
		if k.Expires > 0 {
			expires = k.Expires.Time().Format(time.RFC3339)
		}
		kind, settings := "", ""
		if k.Role == workspace.Write {
			kind, settings = k.Kind.String(), k.Listed()
		}
		fmt.Fprintf(lines, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.Label(), k.Role, kind, k.Source, expires, strings.Join(k.Origins, " "), settings)
	}
	return lines.Flush()
}

func addKey(ctx context.Context, table *dynamo.Table, words []string, flags keyFlags, io stdio) error {
	w, err := table.Workspace(ctx, words[0])
	if err != nil {
		return err
	}
	role := workspace.Role(flags.role)
	if role != workspace.Write && role != workspace.Secret {
		return fault.Newf(fault.Invalid, "bad_role", "the role is write or secret, not %q", flags.role)
	}
	kind, source, err := flags.sourceIn(w)
	if err != nil {
		return err
	}
	k := workspace.Key{Text: cmp.Or(flags.alias, workspace.KeyText(role, kind, rand.Text())), Workspace: w.Name, Role: role}
	if err := flags.checkAlias(w, kind); err != nil {
		return err
	}
	if role == workspace.Write {
		k.Source, k.Kind, k.Origins = source, kind, flags.origins
		k.Policy, k.Secrets = w.PolicyOf(k.Source), w.SecretsOf(k.Source) // another key of the same source
		if !w.Sends(k.Source) {
			k.Policy = workspace.NewPolicy()
		}
		if err := flags.settle(&k.Policy); err != nil {
			return err
		}
		w.SetPolicy(k.Source, k.Policy)
	}
	return storeKey(ctx, table, w, k, flags, io)
}

// sourceIn is the source of a workspace that the flags name for a new key, and its kind. Faults: Invalid bad_kind, Conflict other_kind.
func (f keyFlags) sourceIn(w workspace.Workspace) (kind workspace.Kind, source string, err error) {
	if f.role == string(workspace.Secret) {
		if f.kind+f.source != "" || len(f.origins) > 0 {
			err = fault.New(fault.Invalid, "bad_kind", "a secret key belongs to no source, and is neither a site's nor a server's; leave --kind, --source and --origin out")
		}
		return workspace.Site, "", err
	}
	if source = f.source; source == "" {
		source = map[bool]string{true: serverSource, false: siteSource}[f.kind == string(workspace.ServerSource)]
	}
	if kind = w.KindOf(source); f.kind != "" {
		if kind, err = workspace.ReadKind(f.kind); err != nil {
			return kind, source, err
		}
	}
	if kind == workspace.ServerSource && len(f.origins) > 0 {
		return kind, source, fault.New(fault.Invalid, "bad_kind", "a server's key is refused from every page, so it has no --origin; pages send with the key of a site")
	}
	return kind, source, w.CheckKind(source, kind)
}

// checkAlias checks an alias that is to become a key of a workspace.
func (f keyFlags) checkAlias(w workspace.Workspace, kind workspace.Kind) error {
	switch {
	case f.alias == "":
		return nil
	case f.role != string(workspace.Write):
		return fault.New(fault.Invalid, "bad_alias", "an alias is a write key; leave --role out")
	case kind == workspace.ServerSource:
		return fault.New(fault.Invalid, "bad_alias", "an alias stands in pages, so it is a site's key; name another --source, or leave --kind out")
	case slices.ContainsFunc(w.Keys, func(k workspace.Key) bool { return k.Is(f.alias) }):
		return fault.Newf(fault.Conflict, "key_taken", "%s is a key of workspace %s already; `waymark keys list %s` shows of which source", f.alias, w.Name, w.Name)
	}
	return protocol.CheckAlias(f.alias)
}

// settingsUsage lists the settings of a source for the help.
func settingsUsage() string {
	var out strings.Builder
	for _, s := range workspace.Settings() {
		fmt.Fprintf(&out, "  --%s %s\n", s.Name, s.Values)
		line := ""
		for _, word := range append(strings.Fields(s.About), "") {
			if word == "" || len(line)+1+len(word) > 64 {
				fmt.Fprintf(&out, "       %s\n", line)
				line = ""
			}
			line += " " + word
		}
	}
	return out.String()
}

// settle changes a policy as the flags say.
func (f keyFlags) settle(p *workspace.Policy) error {
	for _, s := range workspace.Settings() {
		text, said := f.settings[s.Name]
		if !said {
			continue
		}
		if s.IsFile && text != "none" {
			var err error
			if text, err = planIn(text); err != nil {
				return err
			}
		}
		if err := p.Set(s.Name, text); err != nil {
			return err
		}
	}
	return nil
}

// setKey changes what is settled for the source of a key.
func setKey(ctx context.Context, table *dynamo.Table, words []string, flags keyFlags, io stdio) error {
	name, text := words[0], words[1]
	w, err := table.Workspace(ctx, name)
	if err != nil {
		return err
	}
	at, err := w.Named(text)
	if err != nil {
		return err
	}
	if w.Keys[at].Role != workspace.Write {
		return fault.New(fault.Invalid, "secret_key", "settings are those of a source, and a secret key has none; name a write key")
	}
	if len(flags.settings) == 0 {
		return fault.New(fault.Invalid, "no_setting", "say what to set, such as --orders own; `waymark keys -h` lists the settings")
	}
	source, policy := w.Keys[at].Source, w.PolicyOf(w.Keys[at].Source)
	if err := flags.settle(&policy); err != nil {
		return err
	}
	w.SetPolicy(source, policy)
	if err := table.PutWorkspace(ctx, w); err != nil {
		return err
	}
	fmt.Fprintf(io.Out, "source %s: %s\n", source, cmp.Or(policy.Listed(), "as a new source"))
	fmt.Fprint(io.Out, unsignable(w, source))
	return nil
}

func rotateKey(ctx context.Context, table *dynamo.Table, words []string, flags keyFlags, io stdio) error {
	name, old := words[0], words[1]
	w, err := table.Workspace(ctx, name)
	if err != nil {
		return err
	}
	at, err := w.Named(old)
	if err != nil {
		return err
	}
	fresh := w.Keys[at]
	fresh.Text, fresh.Expires = workspace.KeyText(fresh.Role, fresh.Kind, rand.Text()), 0
	w.Keys[at].Expires = event.At(time.Now().Add(flags.overlap))
	return storeKey(ctx, table, w, fresh, flags, io)
}

func storeKey(ctx context.Context, table *dynamo.Table, w workspace.Workspace, k workspace.Key, flags keyFlags, io stdio) error {
	w.Keys = append(w.Keys, k)
	if err := table.PutWorkspace(ctx, w); err != nil {
		return err
	}
	if flags.json {
		return json.NewEncoder(io.Out).Encode(map[string]any{"key": k.Shown()})
	}
	switch {
	case k.IsPublic():
		fmt.Fprintf(io.Out, "site key  %s  (public, of the source %s)\n", k.Text, k.Source)
	case k.Role == workspace.Write:
		fmt.Fprintf(io.Out, "server key  %s  (secret, of the source %s; it is shown this once, and belongs into no page)\n", k.Text, k.Source)
	default:
		fmt.Fprintf(io.Out, "secret key  %s  (reads and operates; it is shown this once)\n", k.Text)
	}
	return nil
}
