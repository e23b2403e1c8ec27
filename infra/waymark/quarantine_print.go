package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	goio "io"
	"strings"
)

// quarantineShown is a quarantine as the system shows it.
type quarantineShown struct {
	ID      string  `json:"id"`
	About   string  `json:"about"`
	Reason  string  `json:"reason"`
	Applied string  `json:"applied"`
	Lifted  *string `json:"lifted"`
}

// print writes it for a terminal of 80 columns.
func (q quarantineShown) print(w goio.Writer) {
	state := "active"
	if q.Lifted != nil {
		state = "lifted " + withoutMillis(*q.Lifted)
	}
	fmt.Fprintf(w, "%s  %s, applied %s\n%s", q.ID, state, withoutMillis(q.Applied), wrapped(q.About, "  "))
	if q.Reason != "" {
		fmt.Fprint(w, wrapped("reason: "+q.Reason, "  "))
	}
}

// withoutMillis leaves out milliseconds that are 0.
func withoutMillis(instant string) string { return strings.Replace(instant, ".000Z", "Z", 1) }

// quarantinePreviewed is the answer to a preview.
type quarantinePreviewed struct {
	About       string           `json:"about"`
	Events      int              `json:"events"`
	Identifiers int              `json:"identifiers"`
	Persons     int              `json:"persons"`
	Changed     int              `json:"changed"`
	Orders      int              `json:"orders"`
	TimeZone    string           `json:"time_zone"`
	Days        []string         `json:"days"`
	KPIs        []quarantinedKPI `json:"kpis"`
}

type quarantinedKPI struct {
	Metric string `json:"metric"`
	Unit   string `json:"unit"`
	Before struct {
		Value json.RawMessage `json:"value"`
	} `json:"before"`
	After struct {
		Value json.RawMessage `json:"value"`
	} `json:"after"`
}

// print writes it for a terminal of 80 columns.
func (p quarantinePreviewed) print(w goio.Writer) {
	fmt.Fprint(w, wrapped(p.About, ""))
	fmt.Fprintf(w, "\n%9s events would be taken out, about %s orders\n", grouped(p.Events), grouped(p.Orders))
	fmt.Fprintf(w, "%9s identifiers named by them, of %s persons\n", grouped(p.Identifiers), grouped(p.Persons))
	fmt.Fprintf(w, "%9s persons counted otherwise\n", grouped(p.Changed))
	if len(p.Days) == 0 {
		fmt.Fprint(w, "\nNo number would change.\n")
		return
	}
	fmt.Fprintf(w, "%9s days with other numbers, from %s to %s\n", grouped(len(p.Days)), p.Days[0], p.Days[len(p.Days)-1])
	fmt.Fprintf(w, "\nadded up over these days, in %s\n%-32s %-8s %18s %18s\n", p.TimeZone, "metric", "unit", "now", "then")
	same := 0
	for _, k := range p.KPIs {
		if bytes.Equal(k.Before.Value, k.After.Value) {
			same++
			continue
		}
		fmt.Fprintf(w, "%-32s %-8s %18s %18s\n", k.Metric, k.Unit, plain(k.Before.Value), plain(k.After.Value))
	}
	if same > 0 {
		fmt.Fprintf(w, "%d more stay as they are\n", same)
	}
	fmt.Fprint(w, "\nNothing is changed yet: apply in the place of preview takes these events out.\n")
}

// plain is a value as people read it.
func plain(value json.RawMessage) string {
	text := strings.Trim(string(value), `"`)
	if text == "null" {
		return "-"
	}
	if len(text) > 18 {
		text = text[:18]
	}
	return text
}
