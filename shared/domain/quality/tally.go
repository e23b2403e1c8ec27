package quality

import (
	"cmp"
	"maps"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/profile"
)

// Tally collects what the stores hold. It is not safe for concurrent use.
type Tally struct {
	Config
	copies   map[delivery]Copy
	dead     map[delivery]place
	rejected map[delivery]event.Failed
	refused  map[string]event.Refusal
	claims   map[string]profile.Claims // to orders, without those in quarantine
	counting map[string]profile.Claims // those of them that may count
}

// place is where a delivery is counted.
type place struct {
	received event.Millis
	source   string
}

// New begins to count.
func New(c Config) *Tally {
	return &Tally{
		Config: c, copies: map[delivery]Copy{}, dead: map[delivery]place{}, rejected: map[delivery]event.Failed{}, refused: map[string]event.Refusal{},
	}
}

// Len is how many archived deliveries are held, which is what takes room.
func (t *Tally) Len() int { return len(t.copies) }

// counts says whether a delivery is asked for.
func (t *Tally) counts(received event.Millis, source string) bool {
	return received >= t.From && received < t.To && (t.Source == "" || source == t.Source)
}

// Accept takes an archived copy, of any day. Of two with one delivery the first stays.
func (t *Tally) Accept(c Copy) {
	if c.received >= t.To || t.Source != "" && c.source != t.Source {
		return // what comes later never makes an earlier one a repeat
	}
	c.group.isQuarantined = c.Quarantined
	if _, found := t.copies[c.delivery]; !found {
		t.copies[c.delivery] = c
	}
}

// Reject takes a failed event, of any day.
func (t *Tally) Reject(f event.Failed) {
	if t.counts(f.Received, f.Source) {
		t.rejected[delivery{f.Request, f.Index}] = f
	}
}

// Refuse takes a refused request, of any day.
func (t *Tally) Refuse(r event.Refusal) {
	if t.counts(r.Received, r.Source) {
		t.refused[r.Request] = r
	}
}

// Dead takes a message of the dead-letter queue, of any workspace and day. The note of a refusal is a refusal, wherever it lies.
func (t *Tally) Dead(e event.Envelope) {
	if e.Workspace != t.Workspace {
		return
	}
	if refusal, ok := e.Refusal(); ok {
		t.Refuse(refusal)
		return
	}
	for _, index := range e.Indexes() { // those received before From too: what is dead makes nothing a repeat
		t.dead[delivery{e.Request, index}] = place{e.Received, e.Source}
	}
}

// Needs lists the UTC days of which the archive's objects must have been read, sorted: those on which the deliveries were received and those on which
// earlier copies of the same events can be found. It grows with what was accepted; when it names nothing new, everything is there.
func (t *Tally) Needs() []string {
	days := map[string]bool{}
	span(days, t.From, t.To-1)
	chains := map[chain]bool{} // of untimed events, whose copies lie on other days
	for _, c := range t.copies {
		if !t.counts(c.received, c.source) {
			continue
		}
		if c.untimed {
			chains[chain{c.group, c.touchpoint(0).Key()}] = true
			continue
		}
		days[c.original.Day()] = true
	}
	for _, c := range t.copies {
		if c.untimed && chains[chain{c.group, c.touchpoint(0).Key()}] {
			span(days, c.original-event.UntimedReach, c.original)
		}
	}
	return slices.Sorted(maps.Keys(days))
}

// chain is one event without a timestamp, of which any two copies in a row lie within event.UntimedReach.
type chain struct {
	group group
	key   event.Key
}

func span(days map[string]bool, from, to event.Millis) {
	const day = 24 * 60 * 60 * 1000
	for at := from; at < to; at += day {
		days[at.Day()] = true
	}
	days[to.Day()] = true
}

// Report decides and counts. A delivery that lies in the dead-letter queue has failed, whatever was archived of it before it failed. Else one that is
// archived is accepted, whatever is noted of it besides: its replay was accepted and the failed event not yet removed. A bad event of a message
// that lies in the dead-letter queue for another event's sake is rejected.
func (t *Tally) Report() Report {
	rows := map[[2]string]*Row{}
	row := func(received event.Millis, source string) *Row {
		key := [2]string{t.Day(received), source}
		if rows[key] == nil {
			rows[key] = &Row{Day: key[0], Source: source}
		}
		return rows[key]
	}
	shares := &tallied{}
	t.addAccepted(row, shares)
	for d, f := range t.rejected {
		if _, archived := t.copies[d]; !archived {
			r := row(f.Received, f.Source)
			r.Rejected++
			r.RejectedBy = plus(r.RejectedBy, f.Class, 1)
		}
	}
	for d, p := range t.dead {
		_, archived := t.copies[d]
		if _, rejected := t.rejected[d]; t.counts(p.received, p.source) && (archived || !rejected) {
			row(p.received, p.source).Failed++
		}
	}
	for _, refusal := range t.refused {
		r := row(refusal.Received, refusal.Source)
		r.Refused += refusal.Events
		r.RefusedBy = plus(r.RefusedBy, refusal.Code, refusal.Events)
	}
	report := reportOf(rows)
	report.Shares, report.Orders, report.Identifiers = shares.of(), t.contestedOrders(), t.contestedIdentifiers()
	return report
}

// addAccepted counts the archived deliveries that are not dead, which of them repeat an event or contradict one, and whose word the others are.
func (t *Tally) addAccepted(row func(event.Millis, string) *Row, shares *tallied) {
	all := make([]Copy, 0, len(t.copies))
	for d, c := range t.copies {
		if _, dead := t.dead[d]; !dead {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, compareArrival)
	groups := map[group][]event.Touchpoint{}
	for place, c := range all {
		groups[c.group] = append(groups[c.group], c.touchpoint(place))
		if t.counts(c.received, c.source) {
			row(c.received, c.source).accept(c, t.Known)
		}
	}
	for _, c := range conflicts(all) {
		if t.counts(c.received, c.source) {
			row(c.received, c.source).Conflicts++
		}
	}
	for _, copies := range groups {
		for _, first := range event.Distinct(copies) {
			if !t.counts(first.Received, first.Source) {
				continue
			}
			r := row(first.Received, first.Source)
			r.Repeats--
			c := all[first.Corrected-firstPlace]
			isOrder := c.order != "" && t.counting[c.order].Won(c.claim)
			if c.order != "" && !isOrder && !c.Quarantined {
				r.OrderCopies++
			}
			shares.add(c, isOrder, t.Currency)
		}
	}
}

// accept counts one delivery, as a repeat until its event's first copy is found.
func (c *Counts) accept(one Copy, known func(string) bool) {
	c.Accepted++
	c.Repeats++
	for _, fact := range []struct {
		is bool
		n  *int
	}{{one.late, &c.Late}, {one.skewed, &c.Skewed}, {one.future, &c.Future}, {one.untimed, &c.Untimed}, {one.bot != "", &c.Bots}, {one.Quarantined, &c.Quarantined}} {
		if fact.is {
			*fact.n++
		}
	}
	if one.bot != "" {
		c.BotsBy = plus(c.BotsBy, one.bot, 1)
	}
	if one.name != "" && !known(one.name) {
		c.UnknownNames++
		c.names = plus(c.names, one.name, 1)
	}
	if one.Lacks != "" {
		c.Incomplete++
		c.IncompleteBy = plus(c.IncompleteBy, one.Lacks, 1)
	}
}

func plus(counts map[string]int, key string, n int) map[string]int {
	if counts == nil {
		counts = map[string]int{}
	}
	counts[key] += n
	return counts
}

func reportOf(rows map[[2]string]*Row) Report {
	report := Report{Rows: make([]Row, 0, len(rows))}
	for _, r := range rows {
		r.Received = r.Accepted + r.Refused + r.Rejected + r.Failed
		report.Total.add(r.Counts)
		r.Names = top(r.names)
		report.Rows = append(report.Rows, *r)
	}
	slices.SortFunc(report.Rows, func(a, b Row) int { return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Source, b.Source)) })
	report.Total.Names = top(report.Total.names)
	return report
}

func (c *Counts) add(other Counts) {
	for _, n := range []struct {
		sum  *int
		more int
	}{
		{&c.Received, other.Received},
		{&c.Accepted, other.Accepted},
		{&c.Refused, other.Refused},
		{&c.Rejected, other.Rejected},
		{&c.Failed, other.Failed},
		{&c.Repeats, other.Repeats},
		{&c.Conflicts, other.Conflicts},
		{&c.Late, other.Late},
		{&c.Skewed, other.Skewed},
		{&c.Future, other.Future},
		{&c.Untimed, other.Untimed},
		{&c.Bots, other.Bots},
		{&c.Quarantined, other.Quarantined},
		{&c.OrderCopies, other.OrderCopies},
		{&c.UnknownNames, other.UnknownNames},
		{&c.Incomplete, other.Incomplete},
	} {
		*n.sum += n.more
	}
	for _, m := range []struct {
		sum  *map[string]int
		more map[string]int
	}{{&c.RefusedBy, other.RefusedBy}, {&c.RejectedBy, other.RejectedBy}, {&c.BotsBy, other.BotsBy}, {&c.IncompleteBy, other.IncompleteBy}, {&c.names, other.names}} {
		for key, n := range m.more {
			*m.sum = plus(*m.sum, key, n)
		}
	}
}

// top lists the most frequent names, ties by name.
func top(names map[string]int) []Name {
	var all []Name
	for name, n := range names {
		all = append(all, Name{name, n})
	}
	slices.SortFunc(all, func(a, b Name) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name)) })
	return all[:min(len(all), TopNames)]
}
