package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	goio "io" // io is the command's stdio
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"waymark/infra/client"
	"waymark/shared/domain/fate"
	"waymark/shared/domain/workspace"
)

const tailUsage = `waymark tail [--bad] [--json] [--source NAME]

Follows what comes into a workspace from now on, until Ctrl-C: each event with
what became of it and why. What is rejected is kept (` + "`waymark failed list`" + `),
what is refused is not. No identifier and no property is shown. A request with a
key that nobody has belongs to no workspace: its client is told, nobody here.

exit code: 0 it was ended · 1 the system ended, or is none · 2 wrong usage
`

// seenEvent is an event as GET /v1/debug/events tells it.
type seenEvent struct {
	Received    string    `json:"received"`
	Fate        fate.Kind `json:"fate"`
	MessageID   string    `json:"message_id"`
	Type        string    `json:"type"`
	Name        string    `json:"name"`
	Source      string    `json:"source"`
	Person      string    `json:"person"`
	Identifiers []string  `json:"identifiers"`
	Grade       string    `json:"grade"`
	Note        string    `json:"note"`
	Code        string    `json:"code"`
	Reason      string    `json:"reason"`
	Field       string    `json:"field"`
	Events      int       `json:"events"`
	Request     string    `json:"request"`
}

// seen is the answer of GET /v1/debug/events.
type seen struct {
	Events       []seenEvent         `json:"events"`
	LeftOut      int                 `json:"left_out"`
	Next         string              `json:"next"`
	Mode         workspace.DebugMode `json:"mode"`
	WatchedSince *time.Time          `json:"watched_since"`
}

// tailer prints events as they come.
type tailer struct {
	api     *api
	source  string
	onlyBad bool
	asJSON  bool
	colour  bool
	io      stdio
}

// cmdTail follows what comes in.
func cmdTail(ctx context.Context, args []string, io stdio) int {
	set := flag.NewFlagSet("waymark tail", flag.ContinueOnError)
	withUsage(set, tailUsage)
	t := tailer{api: apiFlags(set), io: io, colour: isTerminal(io.Out) && os.Getenv("NO_COLOR") == ""}
	set.BoolVar(&t.onlyBad, "bad", false, "only what is not accepted")
	set.BoolVar(&t.asJSON, "json", false, "print a line of JSON for each")
	set.StringVar(&t.source, "source", "", "only what this `source` sends")
	if code, done := parseFlags(set, args, io); done {
		return code
	}
	if set.NArg() > 0 {
		set.Usage()
		return 2
	}
	if err := t.follow(ctx); err != nil && ctx.Err() == nil {
		fmt.Fprintf(io.Err, "waymark tail: %v\n", err)
		return 1
	}
	return 0
}

// maxUnheard is how many looks may fail one after the other before the system is taken for ended.
const maxUnheard = 3

func (t *tailer) follow(ctx context.Context) error {
	var said seen
	if err := t.api.do(ctx, http.MethodGet, "/v1/debug/events?limit=1", nil, &said); err != nil {
		return err
	}
	fmt.Fprintf(t.io.Err, "following %s, Ctrl-C ends it\n", t.api.URL)
	if said.WatchedSince != nil && time.Now().Before(*said.WatchedSince) {
		fmt.Fprintf(t.io.Err, "nobody looked before: everything is shown from %s on\n", said.WatchedSince.UTC().Format("15:04:05 UTC"))
	}
	for unheard := 0; ; {
		query := url.Values{"wait": {"20s"}, "limit": {"500"}, "after": {said.Next}, "source": {t.source}}
		var now seen
		err := t.api.do(ctx, http.MethodGet, "/v1/debug/events?"+query.Encode(), nil, &now)
		if refused, is := errors.AsType[*client.Refusal](err); ctx.Err() != nil || is && refused.IsFinal() {
			return err
		}
		if err != nil {
			if unheard++; unheard == maxUnheard {
				return fmt.Errorf("the system ended: %w", err)
			}
			if err := sleep(ctx, time.Second); err != nil {
				return err
			}
			continue
		}
		unheard, said = 0, now
		if err := t.print(said); err != nil {
			return err
		}
	}
}

func (t *tailer) print(said seen) error {
	if said.LeftOut > 0 {
		fmt.Fprintf(t.io.Err, "%d accepted events are not shown: they come faster than they are listed\n", said.LeftOut)
	}
	for n := 0; n < len(said.Events); {
		e, count := said.Events[n], 1
		for n++; !t.asJSON && n < len(said.Events) && e.isLike(said.Events[n]); n++ {
			count++
		}
		if t.onlyBad && e.Fate == fate.Accepted {
			continue
		}
		if t.asJSON {
			if err := json.NewEncoder(t.io.Out).Encode(e); err != nil {
				return err
			}
			continue
		}
		if err := e.write(t.io.Out, count, t.colour); err != nil {
			return err
		}
	}
	return nil
}

// isLike says that two events that follow each other are one line.
func (e seenEvent) isLike(other seenEvent) bool {
	return second(e.Received) == second(other.Received) && e.Fate == other.Fate && e.Type == other.Type && e.Name == other.Name && e.Source == other.Source && e.Grade == other.Grade && e.Note == other.Note && e.Code == other.Code &&
		e.Reason == other.Reason && e.Field == other.Field && e.Events == other.Events
}

// second shows a time to the second; what is no time is shown as it is.
func second(text string) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return printable(text)
	}
	return at.UTC().Format("15:04:05 UTC")
}

// colours of a terminal by fate.
var colours = map[fate.Kind]string{fate.Accepted: "32", fate.Rejected: "31", fate.Refused: "31", fate.Failed: "33"}

// write prints a line, and under it why.
func (e seenEvent) write(out goio.Writer, count int, colour bool) error {
	what := strings.TrimSpace(e.Type + " " + e.Name)
	if what == "" {
		what = "a request"
		if e.Events > 1 {
			what = fmt.Sprintf("a request of %d events", e.Events)
		}
	}
	if count > 1 {
		what += fmt.Sprintf("  × %d", count)
	}
	what += "  " + strings.TrimSpace(e.Source+"  "+e.Grade)
	word := fmt.Sprintf("%-8s", e.Fate)
	if colour {
		word = "\x1b[" + colours[e.Fate] + "m" + word + "\x1b[0m"
	}
	text := fmt.Sprintf("%s  %s  %s\n", second(e.Received), word, short(strings.TrimSpace(what), columns-24))
	if e.Code != "" {
		text += wrapped(printable(e.Code+": "+strings.TrimPrefix(e.Field+": ", ": ")+e.Reason), "              ")
	}
	if e.Note != "" {
		text += wrapped(printable(e.Note), "              ")
	}
	_, err := goio.WriteString(out, text)
	return err
}
