package e2e_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"waymark/tests/e2e"
)

const (
	killedEvents  = 2400
	killedPersons = 40
	lateRows      = 480 // of the import: those of the last days come after the storm, in parts
	latePart      = 40
	killedFrom    = "2025-07-01" // all events are in July, when the clock of London is one hour ahead
)

// row is one line of the imported file. A row of what "direct" is posted by a client of its own instead.
type row struct {
	ID     string `json:"_id"`
	At     string `json:"at"`
	Who    string `json:"who"`
	Card   string `json:"card"`
	Device string `json:"device"`
	What   string `json:"what"`
	Order  string `json:"order"`
	Amount string `json:"amount"`

	time  time.Time
	cents int64
	once  bool // sent by one import only, so that nothing heals its loss
}

// killedRows are the events: of each person some with a name, some with a card, some of a device that only another event, or
// only the card, tells the owner of; orders under each of these, and orders that somebody names a second time later.
func killedRows() []row {
	begin := time.Date(2025, 7, 1, 8, 0, 0, 0, time.UTC)
	rows := make([]row, killedEvents)
	for i := range rows {
		// Events of one person come together, so that after a loss they come again in another company.
		person := i / 10 % killedPersons
		user, card := fmt.Sprintf("kill-%d", person), fmt.Sprintf("card-%d", person)
		device := func(name string) string { return fmt.Sprintf("%s-%d", name, person) }
		r := row{ID: fmt.Sprintf("e-%d", i), What: "view", time: begin.Add(time.Duration(i) * 9 * time.Minute)}
		// The last days are imported once, and so is all of what is kept under a card or under a stranger's device.
		r.once = i >= killedEvents*2/3 || i%10 == 3 || i%10 == 8
		switch i % 10 {
		case 0:
			r.Who, r.Device, r.What, r.Order = user, device("phone"), "order", fmt.Sprintf("o-%d", i)
		case 1, 2:
			r.Device = device("phone")
		case 3:
			r.Card, r.Device = card, device("till")
		case 4:
			r.Device = device("till")
		case 5:
			r.Who, r.Card = user, card
		case 6:
			r.Who, r.What = user, "direct"
		case 7:
			r.Device, r.What, r.Order = device("till"), "order", fmt.Sprintf("o-%d", i)
		case 8:
			r.Device = device("stranger")
		case 9:
			r.Who, r.Device = user, device("laptop")
			if i%50 == 49 { // the order of the person four before: it counts there, with its first amount
				r.What, r.Order = "order", fmt.Sprintf("o-%d", i-49)
			}
		}
		if r.What == "order" {
			r.cents = int64(100*(i%90) + i%100)
			r.Amount = fmt.Sprintf("%d.%02d", r.cents/100, r.cents%100)
		}
		r.At = r.time.Format(time.RFC3339)
		rows[i] = r
	}
	return rows
}

// killedFiles writes the rows of the import into files of so many rows each: a small file is a request of its own.
type killedFiles struct {
	folder  string
	mapping string
	rows    []row
	came    int // of the late rows
}

func newKilledFiles(t testing.TB, rows []row) *killedFiles {
	t.Helper()
	const mapping = `name: kill
version: 1
format: {kind: ndjson}
time: {column: at, layouts: [rfc3339]}
identifiers: {user: who, loyalty: card, anonymous: device}
events:
  - name: view
    event: Product Viewed
    where: {column: what, op: "=", value: view}
    properties: {product_id: {column: _id}}
  - name: order
    event: Order Completed
    where: {column: what, op: "=", value: order}
    properties: {order_id: order, revenue: {column: amount, type: number}, currency: {constant: GBP}}
`
	f := &killedFiles{folder: t.TempDir(), rows: slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.What == "direct" })}
	f.mapping = filepath.Join(f.folder, "mapping.yaml")
	put(t, f.mapping, []byte(mapping))
	return f
}

// whole gives all rows.
func (f killedFiles) whole(t testing.TB, size int) []string { return f.cut(t, "whole", size, f.rows) }

// early gives the rows of the storm.
func (f killedFiles) early(t testing.TB, size int) []string {
	return f.cut(t, "early", size, f.rows[:len(f.rows)-lateRows])
}

// late gives the next rows of those that come after the storm.
func (f *killedFiles) late(t testing.TB) []string {
	t.Helper()
	if f.came == lateRows {
		t.Fatalf("all %d parts of the late rows came, and no kill was in time", lateRows/latePart)
	}
	from := len(f.rows) - lateRows + f.came
	f.came += latePart
	return f.cut(t, fmt.Sprint("late-", f.came), latePart, f.rows[from:from+latePart])
}

// rest gives all late rows, those that came already too.
func (f *killedFiles) rest(t testing.TB) []string {
	return f.cut(t, "rest", lateRows, f.rows[len(f.rows)-lateRows:])
}

// again gives the rows that are imported more than once.
func (f killedFiles) again(t testing.TB, size int) []string {
	return f.cut(t, "again", size, slices.DeleteFunc(slices.Clone(f.rows), func(r row) bool { return r.once }))
}

func (f killedFiles) cut(t testing.TB, name string, size int, rows []row) (files []string) {
	t.Helper()
	for part := range slices.Chunk(rows, size) {
		var lines bytes.Buffer
		for _, r := range part {
			lines.WriteString(text(r) + "\n")
		}
		files = append(files, filepath.Join(f.folder, fmt.Sprintf("%s-%d-%05d.ndjson", name, size, len(files))))
		put(t, files[len(files)-1], lines.Bytes())
	}
	return files
}

func put(t testing.TB, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// figures are numerators by window and metric; those that are nothing are left out.
type figures map[string]map[string]*big.Rat

func (f figures) add(window, metric string, n *big.Rat) {
	if n.Sign() == 0 {
		return
	}
	if f[window] == nil {
		f[window] = map[string]*big.Rat{}
	}
	if f[window][metric] == nil {
		f[window][metric] = new(big.Rat)
	}
	f[window][metric].Add(f[window][metric], n)
}

// String is a line for each figure.
func (f figures) String() string {
	var lines []string
	for window, metrics := range f {
		for metric, n := range metrics {
			lines = append(lines, fmt.Sprintf("%s %s %s\n", window, metric, n.FloatString(2)))
		}
	}
	slices.Sort(lines)
	return fmt.Sprint(lines)
}

// countedByHand is what the rows come to, in plain loops that share nothing with the system: every local day, and July.
func countedByHand(rows []row) figures {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(a.time.Unix(), b.time.Unix()) })
	owner := map[string]string{} // of a card and of a device
	for _, r := range rows {
		switch {
		case r.Who != "" && r.Card != "":
			owner[r.Card] = r.Who
		case r.Who != "" && r.Device != "":
			owner[r.Device] = r.Who
		case r.Card != "" && r.Device != "":
			owner[r.Device] = r.Card
		}
	}
	got := figures{}
	one := big.NewRat(1, 1)
	seen, ordered, last := map[string]bool{}, map[string]bool{}, map[string]time.Time{}
	for _, r := range rows {
		person := cmp.Or(r.Who, r.Card, r.Device)
		for owner[person] != "" {
			person = owner[person]
		}
		windows := []string{r.time.Add(time.Hour).Format(time.DateOnly), "month"}
		once := func(metric, what string, n *big.Rat) {
			for _, w := range windows {
				if key := metric + w + what; !seen[key] {
					seen[key] = true
					got.add(w, metric, n)
				}
			}
		}
		first := func(metric string) {
			if !seen[metric+person] {
				seen[metric+person] = true
				once(metric, person, one)
			}
		}
		once("touchpoints", r.ID, one)
		once("active_persons", person, one)
		first("new_persons")
		if before, is := last[person]; !is || r.time.Sub(before) > 30*time.Minute {
			once("sessions", r.ID, one)
		}
		last[person] = r.time
		if r.Order == "" || ordered[r.Order] {
			continue
		}
		ordered[r.Order] = true
		once("orders", r.ID, one)
		once("revenue", r.ID, big.NewRat(r.cents, 100))
		once("buyers", person, one)
		first("new_buyers")
	}
	return got
}

// reported is what the system says of the same metrics and windows.
func reported(t testing.TB, w e2e.Tenant) figures {
	t.Helper()
	got := figures{}
	for _, grain := range []string{"day", "month"} {
		const metrics = "touchpoints,active_persons,new_persons,sessions,orders,revenue,buyers,new_buyers"
		said := get[struct {
			Rows []struct {
				Metric, Start string
				Numerator     json.RawMessage
			}
		}](t, w, "/v1/kpis?metric="+metrics+"&from="+killedFrom+"&to=2025-08-01&grain="+grain)
		for _, r := range said.Rows {
			n, ok := new(big.Rat).SetString(string(bytes.Trim(r.Numerator, `"`)))
			if !ok {
				t.Fatalf("row %+v has no number", r)
			}
			window := "month"
			if grain == "day" {
				window = r.Start[:len(time.DateOnly)]
			}
			got.add(window, r.Metric, n)
		}
	}
	return got
}
