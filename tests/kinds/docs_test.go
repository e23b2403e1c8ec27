package kinds

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"waymark/infra/rulefile"
	"waymark/shared/domain/event"
	"waymark/shared/domain/kind"
	"waymark/shared/model"
)

const touchpointsDoc = "../../docs/touchpoints.md"

const docHead = `# Kinds of touchpoint

The 41 kinds that Waymark knows: by which events they come, where they happen, which stage they point to, and what they need. Written by
` + "`make golden`" + ` from [the catalogue](../shared/model/catalogue.yaml); each kind is a JSON Schema in [shared/model/kinds](../shared/model/kinds), named
` + "`urn:waymark:kind:ID:VERSION`" + `, of an event as a client of the Segment family sends it. A version never changes; a kind that changes gets another.

- **Names** are known in any case, however their words are joined, and in the order of the first e-commerce specification: ` + "`order_completed`" + `,
  ` + "`Completed Order`" + ` and ` + "`OrderCompleted`" + ` are ` + "`Order Completed`" + `.
- **Channel** is where the kind happens when nothing else says so. What the event says of its channel, campaign, click id or referrer comes
  first, then what another event of the same session says. A page or screen has none but its own.
- **Stage** is where the default model puts a person whose first touchpoint this is ([stages](stages.md)).
- **Who acts**: an event of the company, such as a mail that was delivered, makes nobody active. Where a machine may act in a person's name, it
  is one that says so, or has the agent of Apple's mail proxy.
- **Needs** are the properties that an event must have; of "a or b" one. ` + "`url`" + ` and ` + "`referrer`" + ` may stand in ` + "`context.page`" + `. A source that is
  strict (` + "`waymark keys set WORKSPACE KEY --kinds strict`" + `) rejects an event without them, or with a field of another type, and one of an unknown
  name. Any other source takes it, and [data quality](quality.md) counts it as incomplete, or as unknown. Needs marked with \* hold words that
  people wrote or lists, which are not kept; so only a strict source looks for them.
- **Fields** may be absent, null or empty, unless they are needed. Ids are texts or numbers; numbers are numbers, or texts such as ` + "`\"12.50\"`" + `, or
  an object of amount and currency. Other properties are welcome everywhere.

What a source must send beyond this says its [tracking plan](plans.md).
`

// TestTouchpointsDocument: docs/touchpoints.md says what the catalogue says, with the samples of events/kinds.
func TestTouchpointsDocument(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	out.WriteString(docHead)
	for _, k := range catalogue(t) {
		writeKind(t, &out, k)
	}
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		must(t, os.WriteFile(touchpointsDoc, out.Bytes(), 0o644))
	}
	stored, err := os.ReadFile(touchpointsDoc)
	must(t, err)
	if !bytes.Equal(stored, out.Bytes()) {
		t.Errorf("docs/touchpoints.md is not what the catalogue and events/kinds say: run make golden")
	}
}

func writeKind(t *testing.T, out *bytes.Buffer, k rulefile.Kind) {
	t.Helper()
	s := sampleOf(t, k.ID)
	fmt.Fprintf(out, "\n## %s %s\n\nKind `%s`, version %d.\n\n| event | channel | stage | who acts | needs |\n|---|---|---|---|---|\n", k.Row, k.Title, k.ID, k.Version)
	for _, e := range k.Events {
		fmt.Fprintf(out, "| %s | %s | %s | %s | %s |\n", shownEvent(e), orDash(string(e.Channel)), orDash(string(e.Stage)),
			map[rulefile.Passive]string{"": "customer", rulefile.Always: "company", rulefile.Machine: "customer or machine"}[e.Passive], shownNeeds(e))
	}
	var fields []string
	for _, name := range slices.Sorted(maps.Keys(k.Fields)) {
		fields = append(fields, fmt.Sprintf("`%s` %s", name, k.Fields[name]))
	}
	fmt.Fprintf(out, "\nFields: %s.\n\n```json\n%s\n```\n\nRefused by a strict source, because `%s`:\n\n```json\n%s\n```\n",
		strings.Join(fields, ", "), compact(t, s.Accepted), s.Because, compact(t, s.Refused))
}

func shownEvent(e rulefile.KindEvent) string {
	switch {
	case e.Type == event.Track:
		return e.Name
	case e.Name == "":
		return "any other " + string(e.Type)
	}
	return fmt.Sprintf("%s %q", e.Type, e.Name)
}

func shownNeeds(e rulefile.KindEvent) string {
	kept := model.Kinds()[kind.Key(e.Type, e.Name)].Needs
	var needs []string
	for _, need := range e.Needs {
		names := strings.Split(need, "|")
		shown := "`" + strings.Join(names, "` or `") + "`"
		if !slices.ContainsFunc(kept, func(n kind.Need) bool { return slices.Equal(n, names) }) {
			shown += " \\*"
		}
		needs = append(needs, shown)
	}
	return orDash(strings.Join(needs, ", "))
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

func compact(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var out bytes.Buffer
	must(t, json.Compact(&out, raw))
	return out.String()
}
