package quality_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/quality"
	"waymark/shared/testing/seed"
)

// sent is one delivery of one event by a client, with what was planted in it.
type sent struct {
	request  string
	index    int
	source   string
	received time.Time
	key      string // equal in all copies of an event
	message  string // equal in all deliveries that one message id makes comparable
	touches  bool
	untimed  bool
	late     bool
	skewed   bool
	future   bool
	bot      string
	unknown  string // name
	lacks    string // kind
	class    string // of a bad one
	fate     string // accepted, refused, rejected, failed
	code     string // of a refusal
}

// plan is an event that a client sends, perhaps more than once.
type plan struct {
	kind, user, id, name, agent, bot, class string
	happened                                time.Time
	clock                                   time.Duration // the device's is ahead by so much
	untimed, future                         bool
}

func (w *world) plan() plan {
	p := plan{kind: "track", user: fmt.Sprint("u", w.random.IntN(4)), id: fmt.Sprint("m", w.random.IntN(30)), name: "Product Viewed", happened: w.Now.Truncate(time.Second)}
	switch w.random.IntN(12) {
	case 0:
		p.happened = p.happened.Add(-time.Duration(30+w.random.IntN(60*72)) * time.Minute) // some are late
	case 1:
		p.clock = []time.Duration{-3 * time.Hour, 4 * time.Minute, 50 * time.Minute, 30 * time.Hour}[w.random.IntN(4)]
	case 2:
		p.future, p.user = true, fmt.Sprint("f", w.random.IntN(4)) // whose other events of the request would count at receipt with it
	case 3:
		p.untimed = true
	case 4:
		p.agent, p.bot = "Mozilla/5.0 (compatible; Googlebot/2.1)", "crawler"
	case 5:
		p.agent, p.bot = "Mozilla/5.0 HeadlessChrome/142.0", "headless"
	case 6:
		p.name = []string{"Totally New", "Another", "Product Vieved"}[w.random.IntN(3)]
	case 7:
		p.class = []string{"unknown_type", "no_identifier", "bad_time"}[w.random.IntN(3)]
	case 8:
		p.kind = []string{"identify", "page"}[w.random.IntN(2)]
	case 9:
		p.agent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
	}
	if p.future {
		p.happened = p.happened.Add(49 * time.Hour)
	}
	return p
}

// isFull says whether it has what its kind needs. It takes no chance, so that the seeds stay what they were.
func (p plan) isFull() bool { return p.id < "m2" }

// raw is the event as a client sends it now.
func (p plan) raw(now time.Time) string {
	fields := map[string]any{"type": p.kind, "userId": p.user, "messageId": p.id, "timestamp": p.happened.Add(p.clock).Format(time.RFC3339), "context": map[string]any{}}
	if p.kind == "track" {
		fields["event"] = p.name
	}
	if p.isFull() {
		fields["properties"] = map[string]any{"url": "https://shop.example/lamps", "product_id": 5, "price": "1.50"}
	}
	if p.agent != "" {
		fields["context"] = map[string]any{"userAgent": p.agent}
	}
	if p.clock != 0 {
		fields["sentAt"] = now.Add(p.clock).Format(time.RFC3339Nano)
	}
	if p.untimed {
		delete(fields, "timestamp")
	}
	switch p.class {
	case "unknown_type":
		fields["type"] = "nonsense"
	case "no_identifier":
		delete(fields, "userId")
	case "bad_time":
		fields["timestamp"] = "yesterday"
	}
	text, _ := json.Marshal(fields)
	return string(text)
}

// sending is what the delivery of a plan counts as, by plain arithmetic.
func (p plan) sending(request string, index int, source string, received time.Time) *sent {
	s := &sent{request: request, index: index, source: source, received: received, untimed: p.untimed, bot: p.bot, class: p.class, fate: "accepted"}
	original := p.happened.Add(p.clock)
	corrected := original
	if p.clock > 5*time.Minute || p.clock < -5*time.Minute {
		s.skewed, corrected = true, p.happened
	}
	if corrected.Sub(received) > 24*time.Hour {
		s.future, corrected = true, received
	}
	if p.untimed {
		original, corrected, s.skewed, s.future = time.Time{}, received, false, false
	}
	s.late = received.Sub(corrected) > time.Hour
	group := "touchpoint"
	if p.kind == "identify" {
		group = p.kind
	}
	if p.kind == "track" && p.name != "Product Viewed" {
		s.unknown = p.name
	} else if !p.isFull() {
		s.lacks = map[string]string{"track": "product-view", "page": "page-view"}[p.kind]
	}
	s.key = fmt.Sprint(source, group, p.kind, p.user, p.id, original)
	if p.kind == "track" {
		s.key += p.name
	}
	s.touches = group == "touchpoint"
	s.message = fmt.Sprint(source, " ", p.id, " ", original.UTC().Format(time.DateOnly))
	if p.untimed {
		s.message = fmt.Sprint(source, " ", p.id, " ", received.UTC().Format(time.DateOnly))
	}
	if s.future && source == "till" && p.class == "" { // a site's, and no server's as web is
		s.class = "time_not_accepted"
	}
	if s.class != "" {
		s.fate = "rejected"
	}
	return s
}

// traffic sends requests of every sort and notes what each should count as.
func (w *world) traffic() {
	var known []plan
	for range 25 {
		w.Advance(time.Duration(w.random.IntN(8*3600)) * time.Second)
		source := []string{"web", "web", "till"}[w.random.IntN(3)]
		var plans []plan
		for range 1 + w.random.IntN(4) {
			if len(known) > 0 && w.random.IntN(3) == 0 {
				plans = append(plans, known[w.random.IntN(len(known))]) // a client's retry
				continue
			}
			plans = append(plans, w.plan())
		}
		known = append(known, plans...)
		w.request(source, plans)
	}
	w.post("", "wk_other_web", "", `{"batch":[{"type":"page","userId":"u1","messageId":"m1"},{"type":"x"}]}`)
	w.post("", "wk_other_web", "", `{`)
	w.post("", "wk_nobody", "", `{"batch":[]}`)
}

func (w *world) request(source string, plans []plan) {
	w.t.Helper()
	var batch []string
	for _, p := range plans {
		batch = append(batch, p.raw(w.Now))
	}
	body := `{"batch":[` + strings.Join(batch, ",") + `]}`
	refuse := func(code string, n int, query, origin, body string) {
		status, id := w.post(query, "wk_demo_"+source, origin, body)
		if status != 400 && status != 403 {
			w.t.Fatalf("a request to be refused is answered %d: %s", status, body)
		}
		for i := range n {
			w.sent = append(w.sent, &sent{request: id, index: i, source: source, received: w.Now, fate: "refused", code: code})
		}
	}
	isBad := slices.ContainsFunc(plans, func(p plan) bool { return p.class != "" })
	switch sort := w.random.IntN(8); {
	case sort == 0:
		refuse("invalid_json", 1, "", "", body[:len(body)-1])
	case sort == 1 && isBad:
		refuse("rejected_events", len(plans), "strict=1", "", body)
	case sort == 2 && source == "till":
		refuse("origin_refused", len(plans), "", "https://elsewhere.example", body)
	}
	status, id := w.post("", "wk_demo_"+source, "", body)
	if status != 200 {
		w.t.Fatalf("answered %d: %s", status, body)
	}
	for i, p := range plans {
		w.sent = append(w.sent, p.sending(id, i, source, w.Now))
	}
}

// run delivers everything, in any order and with faults, repeats, splits, replays, deaths and settles, and notes which fates change.
func (w *world) run() {
	var waiting []event.Envelope
	for _, m := range w.Queue.Take(1000) {
		w.Queue.Done(m.Handle)
		e := m.Envelope
		if first, second, ok := e.Halves(); ok && w.random.IntN(4) == 0 { // the queue splits what is too large for a message
			waiting = append(waiting, second)
			e = first
		}
		waiting = append(waiting, e)
	}
	w.faults = 6
	tries := map[int]int{}
	dying := map[int]bool{}
	for i := range waiting {
		dying[i] = !w.isImmortal && waiting[i].Workspace == "demo" && w.random.IntN(10) == 0
	}
	open := w.random.Perm(len(waiting))
	for len(open) > 0 {
		n := min(len(open), 1+w.random.IntN(4))
		now, rest := open[:n], slices.Clone(open[n:])
		var batch []event.Envelope
		for _, i := range now {
			batch = append(batch, waiting[i])
		}
		back := w.deliver(batch...)
		for at, i := range now {
			tries[i]++
			switch {
			case back[at] && dying[i]:
				w.die(waiting[i])
			case back[at] && tries[i] < 50, !back[at] && w.random.IntN(8) == 0: // the acknowledgement was lost: it comes again
				rest = append(rest, i)
				dying[i] = dying[i] && back[at]
			case back[at]:
				w.t.Fatalf("message %d does not get through", i)
			}
		}
		w.random.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
		open = rest
		if w.random.IntN(8) == 0 {
			_ = w.TrySettle(w.Ports()) // the next one finishes what it left
		}
	}
	w.faults = 0
}

// die puts a message into the dead-letter queue. Its events have failed, but for those that are kept as rejected.
func (w *world) die(e event.Envelope) {
	must(w.t, w.DeadLetters.Send(w.t.Context(), []event.Envelope{e}))
	if e.Refused != nil {
		return
	}
	kept := map[int]bool{}
	page, _, err := w.Table.Failed(w.t.Context(), "demo", "", "", 1000)
	must(w.t, err)
	for _, f := range page {
		if f.Request == e.Request {
			kept[f.Index] = true
		}
	}
	for _, s := range w.sent {
		if s.request == e.Request && slices.Contains(e.Indexes(), s.index) && !kept[s.index] {
			s.fate = "failed"
		}
	}
}

// reject plays an older release that could not read some good events, and replays some of them, which a crash may leave in the list.
func (w *world) reject() {
	for n := range 6 {
		p := w.plan()
		p.class = ""
		w.Advance(time.Minute)
		s := p.sending(fmt.Sprint("old-", n), 3, "web", w.Now)
		f := event.Failed{
			ID: s.request, Workspace: "demo", Source: "web", Class: "old_class", Reason: "too new", Received: event.At(w.Now), Request: s.request, Index: 3,
			Original: p.raw(w.Now),
		}
		must(w.t, w.Table.PutFailed(w.t.Context(), f))
		w.sent = append(w.sent, s)
		switch n % 3 {
		case 0:
			s.fate, s.class = "rejected", "old_class"
			continue
		case 1:
			w.deliver(f.Envelope())
		case 2:
			w.deliver(f.Envelope())
			must(w.t, w.Table.PutFailed(w.t.Context(), f)) // as if the program had crashed before it removed it
		}
	}
}

// want recounts what was planted.
func (w *world) want(from, to time.Time, source string) quality.Report {
	location, _ := time.LoadLocation(zone)
	rows := map[[2]string]*quality.Counts{}
	anchors := map[string]time.Time{}
	first := map[string]string{} // what the first delivery of a message id said
	shares := map[[2]string]int{}
	names := map[[2]string]map[string]int{}
	slices.SortStableFunc(w.sent, func(a, b *sent) int { return a.received.Compare(b.received) })
	for _, s := range w.sent {
		isRepeat, isConflict := false, false
		if s.fate == "accepted" {
			if first[s.message] == "" {
				first[s.message] = s.key
			}
			isConflict = first[s.message] != s.key
			anchor, seen := anchors[s.key]
			if isRepeat = seen && (!s.untimed || s.received.Sub(anchor) <= 48*time.Hour); !isRepeat {
				anchors[s.key] = s.received
			}
		}
		if s.received.Before(from) || !s.received.Before(to) || source != "" && s.source != source {
			continue
		}
		key := [2]string{s.received.In(location).Format(time.DateOnly), s.source}
		if rows[key] == nil {
			rows[key], names[key] = &quality.Counts{}, map[string]int{}
		}
		c := rows[key]
		c.Received++
		switch s.fate {
		case "refused":
			c.Refused++
			c.RefusedBy = more(c.RefusedBy, s.code)
		case "rejected":
			c.Rejected++
			c.RejectedBy = more(c.RejectedBy, s.class)
		case "failed":
			c.Failed++
		case "accepted":
			c.Accepted++
			add(&c.Repeats, isRepeat)
			add(&c.Conflicts, isConflict)
			if !isRepeat && s.bot == "" && s.touches {
				shares[[2]string{s.source, grades[s.source]}]++
			}
			add(&c.Late, s.late)
			add(&c.Skewed, s.skewed)
			add(&c.Future, s.future)
			add(&c.Untimed, s.untimed)
			if s.bot != "" {
				c.Bots++
				c.BotsBy = more(c.BotsBy, s.bot)
			}
			if s.unknown != "" {
				c.UnknownNames++
				names[key][s.unknown]++
			}
			if s.lacks != "" {
				c.Incomplete++
				c.IncompleteBy = more(c.IncompleteBy, s.lacks)
			}
		}
	}
	report := quality.Report{Rows: []quality.Row{}}
	for key, c := range rows {
		for name, n := range names[key] {
			c.Names = append(c.Names, quality.Name{Name: name, Count: n})
		}
		slices.SortFunc(c.Names, func(a, b quality.Name) int { return (b.Count-a.Count)*1000 + strings.Compare(a.Name, b.Name) })
		report.Rows = append(report.Rows, quality.Row{Day: key[0], Source: key[1], Counts: *c})
	}
	slices.SortFunc(report.Rows, func(a, b quality.Row) int { return strings.Compare(a.Day+a.Source, b.Day+b.Source) })
	report.Shares.BySource = partsOf(shares)
	return report
}

func add(n *int, is bool) {
	if is {
		*n++
	}
}

func more(m map[string]int, key string) map[string]int {
	if m == nil {
		m = map[string]int{}
	}
	m[key]++
	return m
}

// ask gets the report over HTTP.
func (w *world) ask(from, to time.Time, source string) quality.Report {
	w.t.Helper()
	path := fmt.Sprintf("/v1/quality?from=%s&to=%s&source=%s", from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339), source)
	status, body := w.Ask("GET", path, "sk_demo", "")
	var report quality.Report
	must(w.t, json.Unmarshal([]byte(body), &report))
	if status != 200 {
		w.t.Fatalf("answered %d %s", status, body)
	}
	return report
}

// check compares reports of parts of the time and of sources with what was planted, and gives the report of everything.
func (w *world) check(begin time.Time) quality.Counts {
	w.t.Helper()
	end := w.Now.Add(time.Second)
	days := int(end.Sub(begin)/(24*time.Hour)) + 1
	for _, span := range [][2]time.Time{
		{begin, end},
		{begin.AddDate(0, 0, w.random.IntN(days)).Truncate(time.Hour), end},
		{begin, begin.AddDate(0, 0, 1+w.random.IntN(days))},
	} {
		for _, source := range []string{"", "web", "till"} {
			if !span[0].Before(span[1]) {
				continue
			}
			got, want := w.ask(span[0], span[1], source), w.want(span[0].Truncate(time.Second), span[1].Truncate(time.Second), source)
			if problem := difference(got.Rows, want.Rows); problem != "" {
				w.t.Fatalf("from %s to %s, source %q: %s", span[0], span[1], source, problem)
			}
			if got, want := asText(got.Shares.BySource), asText(want.Shares.BySource); got != want {
				w.t.Fatalf("from %s to %s, source %q: the shares are\n%s\nwant\n%s", span[0], span[1], source, got, want)
			}
			if sum := got.Total.Accepted + got.Total.Refused + got.Total.Rejected + got.Total.Failed; sum != got.Total.Received {
				w.t.Fatalf("the fates add up to %d of %d", sum, got.Total.Received)
			}
		}
	}
	all := w.ask(begin, end, "").Total
	if all.Received != len(w.sent) {
		w.t.Fatalf("%d are received, %d were sent", all.Received, len(w.sent))
	}
	return all
}

// TestPlantedFaultsAreCountedExactly: whatever faults the stores have, however messages are repeated, split, reordered, replayed or die, every report
// is exactly what was planted, of any part of the time and of any source, and its four fates add up to what was sent. It is the same while events
// wait to be archived and after.
func TestPlantedFaultsAreCountedExactly(t *testing.T) {
	t.Parallel()
	var all quality.Counts
	seed.Each(t, 150, func(t *testing.T, r *rand.Rand) {
		w := newWorld(t, r)
		begin := w.Now
		w.traffic()
		w.run()
		w.reject()
		waiting := w.check(begin)
		w.Settle()
		archived := w.check(begin)
		if asText(archived) != asText(waiting) {
			t.Errorf("once archived the sums are\n%s\nbefore they were\n%s", asText(archived), asText(waiting))
		}
		sumUp(&all, archived)
	})
	t.Logf("received %d = accepted %d + refused %d + rejected %d + failed %d; repeats %d, conflicts %d, late %d, skewed %d, future %d, untimed %d, bots %d, unknown names %d, incomplete %d",
		all.Received, all.Accepted, all.Refused, all.Rejected, all.Failed, all.Repeats, all.Conflicts, all.Late, all.Skewed, all.Future, all.Untimed, all.Bots, all.UnknownNames, all.Incomplete)
	for what, planted := range map[string]int{
		"refused": all.Refused, "rejected": all.Rejected, "failed": all.Failed, "repeats": all.Repeats, "conflicts": all.Conflicts, "late": all.Late, "skewed": all.Skewed,
		"future": all.Future, "untimed": all.Untimed, "bots": all.Bots, "unknown names": all.UnknownNames, "incomplete": all.Incomplete,
	} {
		if os.Getenv("WAYMARK_SEED") == "" && planted < 30 {
			t.Errorf("%d %s were planted in all, which shows little", planted, what)
		}
	}
}

func sumUp(all *quality.Counts, one quality.Counts) {
	for sum, more := range map[*int]int{
		&all.Received: one.Received, &all.Accepted: one.Accepted, &all.Refused: one.Refused, &all.Rejected: one.Rejected, &all.Failed: one.Failed,
		&all.Repeats: one.Repeats, &all.Conflicts: one.Conflicts, &all.Late: one.Late, &all.Skewed: one.Skewed, &all.Future: one.Future, &all.Untimed: one.Untimed, &all.Bots: one.Bots,
		&all.UnknownNames: one.UnknownNames, &all.Incomplete: one.Incomplete,
	} {
		*sum += more
	}
}
