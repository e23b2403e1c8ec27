package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"time"

	"waymark/infra/importer"
)

// Equal is the comparison of the table.
var Equal = equal

// RunOnly is Run with one data set.
func RunOnly(ctx context.Context, c Config, name string) (bool, error) {
	for i, d := range datasets {
		if d.name == name {
			return c.run(ctx, datasets[i:i+1])
		}
	}
	return false, nil
}

// Names are the data sets.
func Names() []string {
	var list []string
	for _, d := range datasets {
		list = append(list, d.name)
	}
	return list
}

// KPIs answers a request for KPI rows; JSON of rows as the API gives them.
type KPIs func(metric, from, to, grain, by string) ([]byte, error)

// CheckOffline maps a data set, has its events recounted by the given code, and prints the table as the demo does.
func CheckOffline(ctx context.Context, name string, out io.Writer, recount func(zone string, events []json.RawMessage) KPIs) (lines int, same bool, err error) {
	for _, d := range datasets {
		if d.name != name {
			continue
		}
		mapping, err := d.mapping()
		if err != nil {
			return 0, false, err
		}
		file, err := data.ReadFile(d.file)
		if err != nil {
			return 0, false, err
		}
		var events []json.RawMessage
		f := facts{}
		summary := importer.NewSummary(mapping, d.file)
		now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
		if err := mapping.Map(d.file, bytes.NewReader(file), now, &summary, func(e importer.Event) error {
			events = append(events, e.JSON)
			f.observe(e)
			return nil
		}); err != nil {
			return 0, false, err
		}
		f.summarize(summary)
		expected, err := d.expected(file)
		if err != nil {
			return 0, false, err
		}
		kpis := recount(d.zone, events)
		t := newTable(out)
		t.title(d.title)
		same, err := t.fill(ctx, expected, f, func(_ context.Context, q query) ([]row, error) {
			text, err := kpis(q.metric, q.from, q.to, q.grain, q.by)
			if err != nil {
				return nil, err
			}
			var rows []row
			return rows, json.Unmarshal(text, &rows)
		})
		return t.lines, same, err
	}
	return 0, false, nil
}
