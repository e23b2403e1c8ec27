package bench_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"waymark/infra/importer"
	"waymark/shared/adapter/memory"
	"waymark/shared/adapter/queue"
	"waymark/shared/domain/event"
	"waymark/shared/domain/profile"
)

// The aggregate of every person of the demo's real data fits into one write unit: that is what keeps an event cheap.
func TestAggregatesFitOneWriteUnit(t *testing.T) {
	t.Parallel()
	const data = "../../infra/demo/data"
	for rules, file := range map[string]string{
		"cdnow.yaml":  "cdnow_sample/cdnow_sample.csv",
		"retail.yaml": "online_retail/online_retail_2010-12_2011-03.csv.gz",
		"weblog.yaml": "web_log/apache_combined_first_4000.log.gz",
	} {
		t.Run(rules, func(t *testing.T) {
			t.Parallel()
			mapped := mapFile(t, filepath.Join(data, rules), filepath.Join(data, file))
			table := memory.NewTable()
			h := newProcess(t, table)
			ids := map[event.Identifier]bool{}
			for len(mapped) > 0 {
				n := min(len(mapped), 500)
				batch := messageOf(t, mapped[:n], ids)
				mapped = mapped[n:]
				if answer, err := h.Handle(t.Context(), batch); err != nil || len(answer.BatchItemFailures) > 0 {
					t.Fatalf("the batch is answered %v, %v", answer, err)
				}
			}
			largest, total, kind := 0, 0, ""
			for id := range ids {
				a, _, err := table.Load(t.Context(), "demo", id, nil)
				if err != nil {
					t.Fatal(err)
				}
				total += a.Touchpoints
				if size := storedBytes("demo", id, a); size > largest {
					largest, kind = size, string(id.Kind())
				}
			}
			t.Logf("%d identifiers, %d touchpoints, the largest aggregate has %d bytes with its key, of an identifier of kind %s", len(ids), total, largest, kind)
			if total == 0 || largest >= profile.MaxBytes {
				t.Errorf("the largest aggregate of %d touchpoints has %d bytes, want less than %d", total, largest, profile.MaxBytes)
			}
		})
	}
}

// storedBytes is what an aggregate takes in the table as DynamoDB counts, key and names of attributes included, where it is not compressed.
func storedBytes(ws string, id event.Identifier, a profile.Aggregate) int {
	const names, sortKey, version = len("PK" + "SK" + "v" + "b"), len("P"), 21 // a number takes at most 21 bytes
	return names + len(ws) + len("#") + len(id) + sortKey + version + len(a.Bytes())
}

// mapFile makes the events that importing a file would send.
func mapFile(t *testing.T, rules, file string) []json.RawMessage {
	t.Helper()
	text, err := os.ReadFile(rules)
	if err != nil {
		t.Fatal(err)
	}
	mapping, err := importer.ParseMapping(rules, text)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	var mapped []json.RawMessage
	summary := importer.NewSummary(mapping, file)
	err = mapping.Map(file, raw, received, &summary, func(e importer.Event) error {
		mapped = append(mapped, e.JSON)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return mapped
}

// messageOf is a batch of one message, and notes under which identifiers its events are kept.
func messageOf(t *testing.T, mapped []json.RawMessage, ids map[event.Identifier]bool) events.SQSEvent {
	t.Helper()
	envelope := event.Envelope{Version: event.EnvelopeVersion, Workspace: "demo", Source: "import", Received: event.At(received), Request: "r", Events: mapped}
	for i, raw := range mapped {
		e, err := event.Parse(raw, envelope.Stamp(i))
		if err != nil {
			t.Fatalf("parse %s: %v", raw, err)
		}
		ids[e.Kept()] = true
	}
	body, err := queue.Encode(envelope)
	if err != nil {
		t.Fatal(err)
	}
	return events.SQSEvent{Records: []events.SQSMessage{{MessageId: fmt.Sprint(len(ids)), Body: body}}}
}
