package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"waymark/infra/client"
	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
)

const quarantineUsage = `waymark quarantine preview --source NAME --from TIME --to TIME [condition]
waymark quarantine apply --source NAME --from TIME --to TIME [condition]
                         [--reason TEXT] [--wait 10m]
waymark quarantine list
waymark quarantine lift ID [--wait 10m]

Takes events out of everything that is counted, as if they had never come: an
attack with a site's public key, a test campaign, an import that ran twice, a
broken release. Nothing is deleted, and lift brings everything back.

The events are those that one source sent and that were received from --from to
--to, which is not included. Conditions narrow that. Each that is given must
hold; one that is given several times holds for any of its values. preview tells
what would change. apply and lift wait until everybody is counted anew, and what
was exported is restated.

  waymark quarantine preview --source site --from 2026-11-20T09:00:00Z \
    --to 2026-11-20T11:00:00Z --grade public --network 203.0.113.0/24
  waymark quarantine apply --source till --from 2026-11-20 --to 2026-11-21 \
    --reason "imported twice"
  waymark quarantine apply --source site --from 2026-11-20 --to 2026-11-22 \
    --campaign "test *" --property release=2.4.0
  waymark quarantine lift q-20261121-1

exit code: 0 done · 1 it failed, or takes longer than --wait · 2 wrong usage
`

// texts is a flag that may be repeated.
type texts []string

// String is for package flag.
func (t *texts) String() string { return strings.Join(*t, ",") }

// Set takes the next value.
func (t *texts) Set(text string) error {
	*t = append(*t, text)
	return nil
}

// quarantineFlags are what `waymark quarantine` is told.
type quarantineFlags struct {
	source, from, to, reason string
	when                     [8]texts // in the order of conditions
	wait                     time.Duration
	asJSON                   bool
}

// conditions are the flags of a condition with their help.
var conditions = [8][2]string{
	{"type", "`type` of event: track, page, screen, identify, group or alias"},
	{"name", "`name` of an event, exact or a beginning as in \"Product *\""},
	{"page", "beginning of the page's `path`, such as /shop/"},
	{"property", "property as `name=value`, one that the source keeps"},
	{"grade", "`grade` of an event: server, signed or public"},
	{"device", "`class` of the user agent: desktop, mobile, tablet, other or bot"},
	{"campaign", "`campaign`, exact or a beginning as in \"test *\""},
	{"network", "`network` that events keep, such as 203.0.113.0/24 or 2001:db8:7::/48"},
}

func (f *quarantineFlags) add(set *flag.FlagSet) {
	set.StringVar(&f.source, "source", "", "the `source` whose events it is about")
	set.StringVar(&f.from, "from", "", "received from this `time` on, a local date or an instant")
	set.StringVar(&f.to, "to", "", "received before this `time`, a local date or an instant")
	for i, c := range conditions {
		set.Var(&f.when[i], c[0], c[1])
	}
	set.StringVar(&f.reason, "reason", "", "why, kept with the quarantine and named in exports")
	set.DurationVar(&f.wait, "wait", 10*time.Minute, "how long to wait until everybody is counted anew; 0 for not at all")
	set.BoolVar(&f.asJSON, "json", false, "print JSON")
}

// quarantineBody is what POST /v1/quarantines takes.
type quarantineBody struct {
	Source   string              `json:"source"`
	Received receivedBody        `json:"received"`
	When     workspace.Condition `json:"when,omitzero"`
	Reason   string              `json:"reason,omitempty"`
	Preview  bool                `json:"preview"`
}

type receivedBody struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// body is the order that the flags make. Error: of a property that is not written name=value.
func (f *quarantineFlags) body(isPreview bool) (quarantineBody, error) {
	w := workspace.Condition{
		Names: f.when[1], Pages: f.when[2], Grades: f.when[4], Devices: f.when[5], Campaigns: f.when[6], Networks: f.when[7],
	}
	for _, t := range f.when[0] {
		w.Types = append(w.Types, event.Type(t))
	}
	for _, said := range f.when[3] {
		name, value, isPair := strings.Cut(said, "=")
		if !isPair || name == "" {
			return quarantineBody{}, fmt.Errorf("--property is written name=value, not %q", said)
		}
		at := slices.IndexFunc(w.Properties, func(p workspace.PropertyIs) bool { return p.Name == name })
		if at < 0 {
			at, w.Properties = len(w.Properties), append(w.Properties, workspace.PropertyIs{Name: name, Op: "in"})
		}
		w.Properties[at].Values = append(w.Properties[at].Values, value)
	}
	return quarantineBody{f.source, receivedBody{f.from, f.to}, w, f.reason, isPreview}, nil
}

// cmdQuarantine takes events out of everything that is counted, and brings them back.
func cmdQuarantine(ctx context.Context, args []string, io stdio) int {
	set := flag.NewFlagSet("waymark quarantine", flag.ContinueOnError)
	withUsage(set, quarantineUsage)
	system := apiFlags(set)
	var f quarantineFlags
	f.add(set)
	words, code, done := parseWords(set, args, io)
	if done {
		return code
	}
	action := strings.Join(words, " ")
	isAbout := f.source != "" && f.from != "" && f.to != ""
	var err error
	switch {
	case action == "preview" && isAbout:
		err = quarantinePreview(ctx, system, f, io)
	case action == "apply" && isAbout && f.wait >= 0:
		err = quarantineApply(ctx, system, f, io)
	case action == "list":
		err = quarantineList(ctx, system, f, io)
	case len(words) == 2 && words[0] == "lift" && f.wait >= 0:
		action = "lift"
		err = quarantineLift(ctx, system, words[1], f, io)
	case (action == "preview" || action == "apply") && !isAbout:
		fmt.Fprintf(io.Err, "waymark quarantine %s: give --source, --from and --to; -h explains them\n", action)
		return 2
	default:
		set.SetOutput(io.Err)
		set.Usage()
		return 2
	}
	if err != nil {
		fmt.Fprintf(io.Err, "waymark quarantine %s: %v\n", action, err)
		return 1
	}
	return 0
}

const quarantinesPath = "/v1/quarantines"

func quarantinePreview(ctx context.Context, system *api, f quarantineFlags, io stdio) error {
	body, err := f.body(true)
	if err != nil {
		return err
	}
	var text json.RawMessage
	if err := system.do(ctx, http.MethodPost, quarantinesPath, body, &text); err != nil {
		return err
	}
	if f.asJSON {
		_, err := fmt.Fprintf(io.Out, "%s\n", text)
		return err
	}
	var said quarantinePreviewed
	if err := json.Unmarshal(text, &said); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	said.print(io.Out)
	return nil
}

func quarantineApply(ctx context.Context, system *api, f quarantineFlags, io stdio) error {
	body, err := f.body(false)
	if err != nil {
		return err
	}
	return quarantineChange(ctx, system, http.MethodPost, quarantinesPath, body, f, io)
}

func quarantineLift(ctx context.Context, system *api, id string, f quarantineFlags, io stdio) error {
	return quarantineChange(ctx, system, http.MethodDelete, quarantinesPath+"/"+url.PathEscape(id), nil, f, io)
}

// quarantineChange applies or lifts, and waits until everybody is counted anew.
func quarantineChange(ctx context.Context, system *api, method, path string, body any, f quarantineFlags, io stdio) error {
	var text json.RawMessage
	if err := system.do(ctx, method, path, body, &text); err != nil {
		return err
	}
	var said struct {
		Quarantine quarantineShown `json:"quarantine"`
		Counted    bool            `json:"counted"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	if f.asJSON {
		if _, err := fmt.Fprintf(io.Out, "%s\n", text); err != nil {
			return err
		}
	} else {
		said.Quarantine.print(io.Out)
	}
	if said.Counted {
		return nil
	}
	if f.wait == 0 {
		_, err := fmt.Fprintln(io.Err, "Everybody is counted anew by the next runs; `waymark rollup run` waits for it.")
		return err
	}
	return recount(ctx, system, f.wait, said.Quarantine.ID, io)
}

// recount waits until everybody is counted anew.
func recount(ctx context.Context, system *api, wait time.Duration, id string, io stdio) error {
	begun := time.Now()
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	line := newProgressLine(io, "counting everybody anew")
	done, err := system.RollUp(limited, "", func(r client.Rollup) {
		line.say(-1, grouped(r.Persons)+" persons counted anew")
	})
	line.end()
	if limited.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("%s stands, and not everybody is counted anew after %s. The system goes on with it by itself; `waymark rollup run --wait 1h` waits for it", id, wait)
	}
	if err != nil {
		return fmt.Errorf("%s stands, and everybody is counted anew later: %w", id, err)
	}
	_, err = fmt.Fprintf(io.Err, "counted anew in %.1f s: %s persons, %s windows with other numbers\n",
		time.Since(begun).Seconds(), grouped(done.Persons), grouped(done.Changed))
	return err
}

func quarantineList(ctx context.Context, system *api, f quarantineFlags, io stdio) error {
	var text json.RawMessage
	if err := system.do(ctx, http.MethodGet, quarantinesPath, nil, &text); err != nil {
		return err
	}
	if f.asJSON {
		_, err := fmt.Fprintf(io.Out, "%s\n", text)
		return err
	}
	var said struct {
		Counted bool              `json:"counted"`
		Items   []quarantineShown `json:"items"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	for i, q := range said.Items {
		if i > 0 {
			fmt.Fprintln(io.Out)
		}
		q.print(io.Out)
	}
	if len(said.Items) == 0 {
		fmt.Fprintln(io.Out, "nothing is in quarantine")
	}
	if !said.Counted {
		fmt.Fprint(io.Out, "\nEverybody is being counted anew, and numbers hold both until that is done:\n`waymark rollup run` waits for it.\n")
	}
	return nil
}
