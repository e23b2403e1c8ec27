package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	goio "io"
	"net/url"
	"slices"
	"strings"
)

const profileUsage = `waymark profile show ID [--json]
waymark profile why ID OTHER [--json]
waymark profile unlink ID [--from OTHER | --all] [--undo] [--reason TEXT]
                       [--json]

An ID is written kind:value, such as user:42, email:a@b.c or anon:7f. "show"
prints the person it belongs to, "why" the chain of links that makes two of them
one person, or what keeps them apart. "unlink" cuts the link to OTHER, or to the
person that ID belongs to, or with --all every link between that person's
identifiers. A cut holds, whatever comes later, until --undo. The next rollup
computes the numbers anew.
`

// profileFlags are the flags of `waymark profile`.
type profileFlags struct {
	*api
	from, reason    string
	all, undo, json bool
}

// cmdProfile shows a person, explains and parts them, over HTTP.
func cmdProfile(ctx context.Context, args []string, io stdio) int {
	var flags profileFlags
	set := flag.NewFlagSet("waymark profile", flag.ContinueOnError)
	withUsage(set, profileUsage)
	flags.api = apiFlags(set)
	set.BoolVar(&flags.json, "json", false, "print JSON")
	set.StringVar(&flags.from, "from", "", "of unlink: the other end of the link")
	set.BoolVar(&flags.all, "all", false, "of unlink: every link between the person's identifiers")
	set.BoolVar(&flags.undo, "undo", false, "of unlink: take the cut back")
	set.StringVar(&flags.reason, "reason", "", "of unlink: kept with the cut, at most 200 bytes")
	words, code, done := parseWords(set, args, io)
	if done {
		return code
	}
	action := strings.Join(words[:min(len(words), 1)], "")
	run, wanted := map[string]func(context.Context, profileFlags, []string, stdio) error{
		"show": showProfile, "why": explainProfile, "unlink": unlinkProfile,
	}[action], map[string]int{"show": 2, "why": 3, "unlink": 2}[action]
	isWrong := action != "unlink" && (flags.from != "" || flags.reason != "" || flags.all || flags.undo)
	if run == nil || len(words) != wanted || isWrong {
		set.Usage()
		return 2
	}
	if err := run(ctx, flags, words[1:], io); err != nil {
		fmt.Fprintf(io.Err, "waymark profile %s: %v\n", action, err)
		return 1
	}
	return 0
}

// ask sends a request and prints its answer as it came, or reads it into a value to be shown.
func (f profileFlags) ask(ctx context.Context, method, path string, body, into any, io stdio) (printed bool, err error) {
	var answer json.RawMessage
	if err := f.do(ctx, method, path, body, &answer); err != nil {
		return false, err
	}
	if f.json {
		_, err := fmt.Fprintf(io.Out, "%s\n", answer)
		return true, err
	}
	return false, json.Unmarshal(answer, into)
}

func showProfile(ctx context.Context, f profileFlags, ids []string, io stdio) error {
	var p struct {
		Person      string
		Identifiers []struct {
			ID     string
			Linked *struct{ To, At, Event string }
		}
		Traits map[string]struct{ Value json.RawMessage }
		Stage  struct {
			Current, Since *string
			History        []struct{ Stage, Entered string }
		}
		FirstSeen   *string `json:"first_seen"`
		LastSeen    *string `json:"last_seen"`
		Touchpoints int
		Channels    map[string]int
		Orders      struct {
			Count   int
			Revenue []struct{ Currency, Amount string }
		}
	}
	if printed, err := f.ask(ctx, "GET", "/v1/profiles/"+url.PathEscape(ids[0]), nil, &p, io); printed || err != nil {
		return err
	}
	line := func(label, format string, args ...any) {
		fmt.Fprintf(io.Out, "%-12s %s\n", label, shortened(fmt.Sprintf(format, args...), 66))
	}
	line("person", "%s", p.Person)
	if p.Stage.Current != nil {
		line("stage", "%s since %s", *p.Stage.Current, minute(p.Stage.Since))
	}
	line("seen", "%s to %s, %d touchpoints", minute(p.FirstSeen), minute(p.LastSeen), p.Touchpoints)
	line("channels", "%s", counts(p.Channels))
	orders := fmt.Sprint(p.Orders.Count)
	for _, amount := range p.Orders.Revenue {
		orders += fmt.Sprintf(", %s %s", amount.Amount, amount.Currency)
	}
	line("orders", "%s", orders)
	for _, name := range sorted(p.Traits) {
		line("trait", "%s = %s", name, p.Traits[name].Value)
	}
	fmt.Fprintln(io.Out)
	for _, id := range p.Identifiers {
		if id.Linked == nil {
			fmt.Fprintf(io.Out, "%s\n", shortened(id.ID, 79))
			continue
		}
		fmt.Fprintf(io.Out, "%s\n  → %s\n    by %s at %s\n", shortened(id.ID, 79), shortened(id.Linked.To, 75), shortened(id.Linked.Event, 46), minute(&id.Linked.At))
	}
	return nil
}

// stepText is one link as the API tells it.
type stepText struct {
	Child, Parent, At, Event, Source string
	Counts                           bool
}

func (s stepText) print(out goio.Writer) {
	spare := ""
	if !s.Counts {
		spare = " (spare: another counts)"
	}
	fmt.Fprintf(out, "%s\n  → %s%s\n    by %s of %s at %s\n", shortened(s.Child, 79), shortened(s.Parent, 50), spare, shortened(s.Event, 34), shortened(s.Source, 15), minute(&s.At))
}

func explainProfile(ctx context.Context, f profileFlags, ids []string, io stdio) error {
	var w struct {
		Same    bool
		Persons []string
		Chain   []stepText
		Apart   *struct {
			Rule, Child, Parent, At, Reason string
			Instead                         *stepText
		}
	}
	path := "/v1/profiles/" + url.PathEscape(ids[0]) + "/why?other=" + url.QueryEscape(ids[1])
	if printed, err := f.ask(ctx, "GET", path, nil, &w, io); printed || err != nil {
		return err
	}
	if w.Same {
		fmt.Fprintf(io.Out, "one person: %s\n\n", shortened(w.Persons[0], 67))
		for _, step := range w.Chain {
			step.print(io.Out)
		}
		return nil
	}
	fmt.Fprintf(io.Out, "two persons:\n  %s\n  %s\n\n", shortened(w.Persons[0], 77), shortened(w.Persons[1], 77))
	if w.Apart == nil {
		fmt.Fprintln(io.Out, "No link ever joined them.")
		return nil
	}
	fmt.Fprintf(io.Out, "%s\n  → %s\n    does not count: %s (%s)\n", shortened(w.Apart.Child, 79), shortened(w.Apart.Parent, 75), rules[w.Apart.Rule], minute(&w.Apart.At))
	if w.Apart.Reason != "" {
		fmt.Fprintf(io.Out, "    %s\n", w.Apart.Reason)
	}
	if w.Apart.Instead != nil {
		fmt.Fprint(io.Out, "\nInstead counts\n")
		w.Apart.Instead.print(io.Out)
	}
	return nil
}

// rules say in words what keeps two persons apart.
var rules = map[string]string{
	"cut": "it was cut", "too_many_parents": "the child has too many parents", "too_many_children": "the parent has too many children",
	"too_many_aliases": "too many users hang together", "earlier_link": "an earlier link does", "too_many_members": "the person has too many identifiers",
}

func unlinkProfile(ctx context.Context, f profileFlags, ids []string, io stdio) error {
	body := map[string]any{"id": ids[0]}
	for name, value := range map[string]any{"from": f.from, "reason": f.reason, "all": f.all, "undo": f.undo} {
		if value != "" && value != false {
			body[name] = value
		}
	}
	var u struct {
		Links []struct {
			Child, Parent string
			Undone        bool
		}
		Persons []struct {
			Person      string
			Members     int
			Identifiers []string
		}
		More bool
	}
	for more := true; more; more = u.More {
		u.More = false
		if printed, err := f.ask(ctx, "POST", "/v1/identities/unlink", body, &u, io); printed || err != nil {
			return err
		}
		for _, l := range u.Links {
			done := "cut"
			if l.Undone {
				done = "counts again"
			}
			fmt.Fprintf(io.Out, "%s\n  → %s: %s\n", shortened(l.Child, 79), shortened(l.Parent, 60), done)
		}
	}
	fmt.Fprint(io.Out, "\nNow there are\n")
	for _, p := range u.Persons {
		fmt.Fprintf(io.Out, "  %s (identifiers: %d)\n", shortened(p.Person, 56), p.Members)
	}
	fmt.Fprint(io.Out, "The next rollup computes the numbers anew.\n")
	return nil
}

// minute is a time of the API without seconds, with its zone; "never" when there is none.
func minute(at *string) string {
	if at == nil || len(*at) < 16 {
		return "never"
	}
	return inUTC(*at)
}

// counts lists the most frequent first.
func counts(of map[string]int) string {
	names := sorted(of)
	slices.SortStableFunc(names, func(a, b string) int { return of[b] - of[a] })
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = fmt.Sprintf("%s %d", cmp.Or(name, "none"), of[name])
	}
	return strings.Join(parts, ", ")
}

func sorted[V any](of map[string]V) []string {
	names := make([]string, 0, len(of))
	for name := range of {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// shortened fits text on a line of that many characters; control characters are shown, not obeyed.
func shortened(text string, most int) string {
	quoted := strings.Trim(fmt.Sprintf("%+q", text), `"`)
	if strings.ToValidUTF8(text, "") == text && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		quoted = text
	}
	runes := []rune(quoted)
	if len(runes) <= most {
		return quoted
	}
	return string(runes[:most-1]) + "…"
}
