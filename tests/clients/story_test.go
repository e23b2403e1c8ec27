package clients_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// story is what a program sends, in the form of e2e-cli.
type story struct {
	WriteKey  string `json:"writeKey"`
	APIHost   string `json:"apiHost"`
	CDNHost   string `json:"cdnHost"`
	Sequences []struct {
		DelayMS int              `json:"delayMs"`
		Events  []map[string]any `json:"events"`
	} `json:"sequences"`
	Config map[string]any `json:"config"`
	// Page is the address of the page of a client for browsers, Done one that answers 200 once everything came.
	Page string `json:"page,omitempty"`
	Done string `json:"done,omitempty"`
}

// told says how a story ended.
type told struct {
	Success bool   `json:"success"`
	Error   string `json:"error"`
}

// happened is the part of a story that its time does not change.
type happened struct{ Type, Name string }

// readStory reads the story for one run: the run's name is in each identifier, so that the persons of all runs of a workspace differ.
func readStory(t testing.TB, run string) story {
	t.Helper()
	text, err := os.ReadFile("story.json")
	if err != nil {
		t.Fatal(err)
	}
	anHourAgo := time.Now().Add(-time.Hour).UTC().Format("2006-01-02T15:04:05.000+00:00")
	var s story
	if err := json.Unmarshal([]byte(strings.NewReplacer("{{run}}", run, "{{anHourAgo}}", anHourAgo).Replace(string(text))), &s); err != nil {
		t.Fatalf("story.json: %v", err)
	}
	return s
}

// ofSite is the story as a site may tell it: without the refund, which only a server may send, and with one user, for only a server says that two are one.
func (s story) ofSite() story {
	for i := range s.Sequences {
		events := &s.Sequences[i].Events
		*events = slices.DeleteFunc(*events, func(e map[string]any) bool { return e["event"] == "Order Refunded" })
		for _, e := range *events {
			if user, said := e["userId"].(string); said {
				e["userId"] = strings.Replace(user, "lovelace-", "ada-", 1)
			}
		}
	}
	return s
}

// happenings are the events of a story, sorted.
func (s story) happenings() []happened {
	var out []happened
	for _, sequence := range s.Sequences {
		for _, e := range sequence.Events {
			h := happened{Type: e["type"].(string)}
			for _, field := range []string{"event", "name"} {
				if name, found := e[field].(string); found {
					h.Name = name
				}
			}
			out = append(out, h)
		}
	}
	slices.SortFunc(out, inOrder)
	return out
}

func inOrder(a, b happened) int {
	return strings.Compare(a.Type+" "+a.Name, b.Type+" "+b.Name)
}

// tell runs a program, which sends all stories at the same time, and gives how each ended.
func tell(t testing.TB, stories []story, program string, args ...string) []told {
	t.Helper()
	var input, complaint bytes.Buffer
	encoder := json.NewEncoder(&input)
	for _, s := range stories {
		if err := encoder.Encode(s); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), program, args...)
	command.Stdin, command.Stderr = &input, &complaint
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", program, strings.Join(args, " "), err, output, complaint.String())
	}
	var ends []told
	for line := range strings.Lines(string(output)) {
		var end told
		if err := json.Unmarshal([]byte(line), &end); err != nil {
			t.Fatalf("%s printed %q: %v", program, line, err)
		}
		ends = append(ends, end)
	}
	if len(ends) != len(stories) {
		t.Fatalf("%s printed how %d of %d stories ended: %s%s", program, len(ends), len(stories), output, complaint.String())
	}
	return ends
}
