// Package report turns computed windows into the documents that marketers get: the long form of KPI rows, one number a line, and the manifest
// that says what a file holds and under which definitions it was made. It writes no format; adapter tablefile does.
package report

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/workspace"
)

// Columns of the long form, in their order.
var Columns = [...]string{
	"workspace", "metric", "grain", "start", "end", "dimension", "member", "value", "unit", "numerator", "denominator", "n", "revision", "computed_at",
	"low", "high", "interval",
}

// Lines gives the windows' rows in the long form, each with one text per column. Times are ISO 8601 in the workspace's zone, amounts are
// decimal, and a ratio without a denominator has an empty value.
func Lines(w workspace.Workspace, calendar period.Calendar, windows []kpi.Window) [][]string {
	var lines [][]string
	for _, window := range windows {
		start, end := local(calendar, window.Start), local(calendar, window.End)
		for _, row := range window.Rows {
			low, high := Bounds(row)
			lines = append(lines, []string{
				w.Name, string(row.Metric), string(window.Grain), start, end, string(row.Dimension), row.Value,
				Value(row), row.Unit, Numerator(row), Denominator(row), strconv.FormatInt(row.N, 10),
				strconv.FormatInt(window.Revision, 10), window.ComputedAt.Time().Format(time.RFC3339),
				low, high, string(row.Interval.Method),
			})
		}
	}
	return lines
}

func local(calendar period.Calendar, at event.Millis) string {
	return calendar.Local(at.Time()).Format(time.RFC3339)
}

// Numerator of a row as decimal text.
func Numerator(r kpi.Row) string {
	if r.IsMoney() {
		return money.Sum{Wide: r.Numerator}.String()
	}
	return r.Numerator.String()
}

// Denominator of a row as decimal text; empty where the numerator is the value.
func Denominator(r kpi.Row) string {
	if r.Denominator == nil {
		return ""
	}
	return strconv.FormatInt(*r.Denominator, 10)
}

// Value of a row as decimal text: amounts to the millionth (half to even), ratios and points to 15 significant digits, counts whole. Empty when the
// denominator is 0.
func Value(r kpi.Row) string {
	switch {
	case r.Denominator == nil:
		return Numerator(r)
	case *r.Denominator == 0:
		return ""
	case r.IsMoney():
		return money.Sum{Wide: r.Numerator}.Ratio(*r.Denominator).String()
	}
	n, _ := r.Numerator.Int64() // counts fit
	value := float64(n) / float64(*r.Denominator)
	if r.Unit == string(kpi.UnitPoints) {
		value = float64(100*n) / float64(*r.Denominator)
	}
	return strconv.FormatFloat(value, 'g', 15, 64)
}

// Bounds are the ends of a row's interval as decimal text: amounts to the hundredth, others to ten significant digits, so that all machines write the
// same. Empty where there is none.
func Bounds(r kpi.Row) (low, high string) {
	switch {
	case r.Interval.Method == "":
		return "", ""
	case r.IsMoney():
		return strconv.FormatFloat(r.Interval.Low, 'f', 2, 64), strconv.FormatFloat(r.Interval.High, 'f', 2, 64)
	}
	return strconv.FormatFloat(r.Interval.Low, 'g', 10, 64), strconv.FormatFloat(r.Interval.High, 'g', 10, 64)
}

// File is one file of an export.
type File struct {
	Name   string `json:"name"`
	Rows   int    `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Manifest says what an export holds. An export is there when its manifest is; without one it does not exist.
type Manifest struct {
	Name        string       `json:"name"`
	Workspace   string       `json:"workspace"`
	Schedule    string       `json:"schedule"` // daily, weekly, monthly or on-demand
	Grain       period.Grain `json:"grain"`
	Start       string       `json:"start"`
	End         string       `json:"end"`
	TimeZone    string       `json:"time_zone"`
	Currency    string       `json:"currency"`
	Model       string       `json:"model"`
	Definitions int          `json:"definitions"`
	Generation  int64        `json:"generation,omitempty"` // of the workspace's derived data that the windows are of; 0 is the first
	Revision    int          `json:"revision"`             // of this export: the first is 1, a later one replaces the ones before
	Restates    string       `json:"restates,omitempty"`   // name of the revision that Restated compares with; "" for a first one
	Restated    []Span       `json:"restated,omitempty"`   // the windows whose numbers are others than there
	ComputedAt  string       `json:"computed_at"`          // of the newest window in it
	CreatedAt   string       `json:"created_at"`
	Windows     int          `json:"windows"`
	Rows        int          `json:"rows"`
	Folded      []Folded     `json:"folded,omitempty"`      // what has no rows of its own
	Quarantines []Quarantine `json:"quarantines,omitempty"` // that took events out when the export was made
	Files       []File       `json:"files"`
}

// Quarantine is one that is active, as a manifest names it.
type Quarantine struct {
	ID     string `json:"id"`
	Reason string `json:"reason,omitempty"`
}

// QuarantinesOf are those of a workspace that are active.
func QuarantinesOf(w workspace.Workspace) []Quarantine {
	var out []Quarantine
	for _, q := range w.ActiveQuarantines() {
		out = append(out, Quarantine{q.ID, q.Reason})
	}
	return out
}

// Describe fills in what follows from the windows, whose rows are of some version of the definitions.
func Describe(w workspace.Workspace, calendar period.Calendar, definitions int, windows []kpi.Window) Manifest {
	m := Manifest{
		Workspace: w.Name, TimeZone: w.Zone, Currency: w.Currency, Model: w.Model, Definitions: definitions, Windows: len(windows),
		Generation: w.Generation,
	}
	var newest event.Millis
	for _, window := range windows {
		newest = max(newest, window.ComputedAt)
		m.Model = cmp.Or(window.Model, m.Model)
		m.Rows += len(window.Rows)
		m.Folded = append(m.Folded, FoldedIn(calendar, window)...)
	}
	if newest > 0 {
		m.ComputedAt = newest.Time().Format(time.RFC3339)
	}
	return m
}

// Prefix is where a workspace's exports lie in the export bucket.
func Prefix(ws string) string { return "exports/workspace=" + ws + "/" }

// manifestEnding is that of manifests among the export files.
const manifestEnding = ".manifest.json"

// ManifestKey is where the manifest of an export lies.
func ManifestKey(ws, name string) string { return Prefix(ws) + name + manifestEnding }

// FileKey is where a file of an export lies.
func FileKey(ws, file string) string { return Prefix(ws) + file }

// NameOf gives the export whose manifest lies at the key; ok is false for other files.
func NameOf(ws, key string) (name string, ok bool) {
	rest, found := strings.CutPrefix(key, Prefix(ws))
	name, isManifest := strings.CutSuffix(rest, manifestEnding)
	return name, found && isManifest
}
