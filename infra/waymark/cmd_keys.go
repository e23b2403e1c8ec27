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
waymark keys add WORKSPACE [--role write|secret] [--source NAME]
                 [--origin URL]... [--alias PROTOCOL:ID]
                 [SETTING]... [--json]
waymark keys set WORKSPACE KEY SETTING...
waymark keys rotate WORKSPACE KEY [--overlap 24h] [--json]
waymark keys identity WORKSPACE KEY|SOURCE [--rotate] [--overlap 24h] [--json]

A write key is public and may only send; give each site its own, named by
--source, and say with --origin which browsers may use it. A secret key reads
and operates. Rotating makes a new key like the old one, which goes on working
for the overlap. Functions remember keys for a minute.

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
	set.StringVar(&flags.source, "source", "default", "the site or system that sends with it")
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
	"list": listKeys, "add": addKey, "rotate": rotateKey, "set": setKey, "identity": identityKey,
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
	fmt.Fprintln(lines, "KEY\tROLE\tSOURCE\tEXPIRES\tORIGINS\tSETTINGS")
	for _, k := range w.Keys {
		expires := "never"
		if k.Expires > 0 {
			expires = k.Expires.Time().Format(time.RFC3339)
		}
		text := k.Text
		if k.Role == workspace.Secret {
			text = "(stored as its hash)"
		}
		fmt.Fprintf(lines, "%s\t%s\t%s\t%s\t%s\t%s\n", text, k.Role, k.Source, expires, strings.Join(k.Origins, " "), k.Listed())
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
	k := workspace.Key{Text: cmp.Or(flags.alias, workspace.KeyText(role, workspace.Site, rand.Text())), Workspace: w.Name, Role: role}
	if err := flags.checkAlias(w); err != nil {
		return err
	}
	if role == workspace.Write {
		k.Source, k.Origins = flags.source, flags.origins
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

// checkAlias checks an alias that is to become a key of a workspace.
func (f keyFlags) checkAlias(w workspace.Workspace) error {
	switch {
	case f.alias == "":
		return nil
	case f.role != string(workspace.Write):
		return fault.New(fault.Invalid, "bad_alias", "an alias is a write key; leave --role out")
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
	at := slices.IndexFunc(w.Keys, func(k workspace.Key) bool { return k.Is(text) && k.Role == workspace.Write })
	if at < 0 {
		return fault.Newf(fault.NotFound, "unknown_key", "workspace %s has no such write key; `waymark keys list %s` shows what it has", name, name)
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
	return nil
}

func rotateKey(ctx context.Context, table *dynamo.Table, words []string, flags keyFlags, io stdio) error {
	name, old := words[0], words[1]
	w, err := table.Workspace(ctx, name)
	if err != nil {
		return err
	}
	stored, err := table.Key(ctx, old)
	if err != nil || stored.Workspace != name {
		return fault.Newf(fault.NotFound, "unknown_key", "workspace %s has no such key; `waymark keys list %s` shows what it has", name, name)
	}
	fresh := stored
	fresh.Text, fresh.Expires = workspace.KeyText(stored.Role, stored.Kind, rand.Text()), 0
	for i, k := range w.Keys {
		if k.Is(old) {
			w.Keys[i].Expires = event.At(time.Now().Add(flags.overlap))
		}
	}
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
	fmt.Fprintf(io.Out, "%s key  %s\n", k.Role, k.Text)
	return nil
}
