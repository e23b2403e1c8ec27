package settle

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/money"
	"waymark/shared/domain/step"
	"waymark/shared/life"
)

// prepare folds whoever the plan concerns and compares them with what was counted of them. It writes nothing but who is awake.
func (r *run) prepare(ctx context.Context, epoch int64, p plan) (ledger.Log, error) {
	log := ledger.Log{Run: epoch, At: r.clockNow(), Model: r.rules.Model.ID(), Definitions: r.Definitions.Version, Done: p.dues}
	if len(p.ids) == 0 {
		return log, nil
	}
	loaded, err := r.load(ctx, r.caps(), slices.Sorted(maps.Keys(p.ids)))
	if err != nil {
		return log, err
	}
	b := &builder{
		run: r, loaded: loaded, due: p.dueIDs, changes: ledger.NewChanges(r.Definitions.Set(), r.clock), days: map[string]*ledger.Day{},
		dues: map[event.Millis]*ledger.Due{}, listings: map[[2]string]*ledger.Listing{},
	}
	for _, id := range loaded.Identifiers() {
		if err := r.hold(ctx); err != nil {
			return log, err
		}
		if loaded.Profile(id).Zone >= len(r.clocks) { // a zone that this run does not know: another has begun since
			return log, ledger.ErrOvertaken(r.workspace.Name)
		}
		if root := loaded.Root(id); root == id {
			b.person(id)
		} else {
			b.member(id, root)
		}
	}
	b.write(&log)
	r.learn(len(p.ids), b.touchpoints)
	r.result.Persons += b.persons
	return log, nil
}

func (r *run) caps() identity.Caps {
	if r.Caps == (identity.Caps{}) {
		return identity.DefaultCaps()
	}
	return r.Caps
}

// rows are what counts of a person's life.
func (r *run) rows(j journey.Journey) []step.Row {
	return step.Of(j, step.Place{Currency: r.workspace.Currency, Month: r.clock.Month})
}

// load loads whoever identifiers may concern. Where a person has more children than they have places for, those that did something come before those
// that a server invented: so what is learnt of them is noted first, which any run may do at any time, for nothing that was done is undone.
func (r *run) load(ctx context.Context, caps identity.Caps, ids []event.Identifier) (*life.Loaded, error) {
	for noted := map[identity.Link]bool{}; ; {
		loaded, err := life.LoadConcerned(ctx, r.Store, r.ns, caps, r.rules, ids)
		if err != nil {
			return nil, fmt.Errorf("load persons: %w", err)
		}
		isNoted := func(link identity.Link) bool { return noted[link] }
		sleeping := slices.DeleteFunc(loaded.Sleeping(caps), isNoted)
		if len(sleeping) == 0 { // whom a parent does not list though it is noted, others who did something came before
			return loaded, nil
		}
		for _, link := range sleeping { // whoever loses a place by it comes with the next load
			if err := r.Store.Wake(ctx, r.ns, link); err != nil {
				return nil, fmt.Errorf("wake %s: %w", link.Child, err)
			}
			noted[link] = true
			ids = append(ids, link.Child, link.Parent)
		}
		slices.Sort(ids)
		ids = slices.Compact(ids)
	}
}

// builder makes the log of a slice.
type builder struct {
	*run
	loaded   *life.Loaded
	due      map[event.Identifier]bool
	changes  *ledger.Changes
	days     map[string]*ledger.Day
	dues     map[event.Millis]*ledger.Due // by the hour that they lie in
	listings map[[2]string]*ledger.Listing
	profiles []ledger.Saved

	persons, touchpoints int
}

// person counts one person anew.
func (b *builder) person(root event.Identifier) {
	before := b.loaded.Profile(root)
	person := b.loaded.Of(root)
	j := person.Journey(b.rules, b.now)
	b.persons, b.touchpoints = b.persons+1, b.touchpoints+len(j.Steps)+len(j.Bots)
	rows := b.rows(j)
	now := b.profile(person.IDs(), j, rows)
	now.Connected = b.loaded.Connected(root)
	b.differ(before, now, rows)
	b.await(before, now)
	b.list(before, now)
	if before.Run == 0 || !same(before, now) {
		b.profiles = append(b.profiles, ledger.Saved{ID: root, Profile: now})
	}
}

// same says whether two profiles hold the same, whichever run wrote them.
func same(a, b ledger.Profile) bool {
	a.Run, b.Run = 0, 0
	a.ID, b.ID = "", ""
	return reflect.DeepEqual(a, b)
}

// member notes whom an identifier is counted under that is no person of its own, and takes out what was counted of it when it was one.
func (b *builder) member(id, root event.Identifier) {
	before := b.loaded.Profile(id)
	b.differ(before, ledger.Profile{ID: id}, nil)
	if before.Root != root {
		b.profiles = append(b.profiles, ledger.Saved{ID: id, Profile: ledger.Profile{Root: root}})
	}
}

// differ finds the windows and days in which a person is counted otherwise now.
func (b *builder) differ(before, now ledger.Profile, rows []step.Row) {
	was := ledger.Count{Hours: before.Hours, Clock: b.clocks[before.Zone], Version: before.Version}
	b.changes.Person(was, now.Hours, b.Definitions.Version)
	for _, key := range b.clock.ChangedDays(was, now.Hours) {
		day, found := b.days[key]
		if !found {
			day = &ledger.Day{Key: key}
			b.days[key] = day
		}
		start, end := b.clock.DaySpan(key)
		day.Persons = append(day.Persons, before.ID)
		day.Rows = append(day.Rows, step.Between(rows, start, end)...)
	}
}

// await notes when time alone will change something, unless it is noted already. A due that was looked at is done, and so is what it said of others.
func (b *builder) await(before, now ledger.Profile) {
	const hour = 3_600_000
	key := now.Next - now.Next%hour
	isDone := key <= b.now && slices.ContainsFunc(now.Members, func(id event.Identifier) bool { return b.due[id] })
	if now.Next == 0 || before.IsRoot() && before.Next == now.Next && !isDone {
		return
	}
	due, found := b.dues[key]
	if !found {
		due = &ledger.Due{NotBefore: now.Next}
		b.dues[key] = due
	}
	due.NotBefore = min(due.NotBefore, now.Next)
	due.Identifiers = append(due.Identifiers, before.ID)
}

// list notes a person who came into a stage, or was seen on a later day in it.
func (b *builder) list(before, now ledger.Profile) {
	place := func(p ledger.Profile) [2]string {
		if p.LastSeen == 0 {
			return [2]string{string(p.Stage), ""}
		}
		return [2]string{string(p.Stage), b.clocks[p.Zone].Day(p.LastSeen)}
	}
	at := place(now)
	if before.IsRoot() && place(before) == at {
		return
	}
	if b.listings[at] == nil {
		b.listings[at] = &ledger.Listing{Stage: at[0], Day: at[1]}
	}
	b.listings[at].Persons = append(b.listings[at].Persons, before.ID)
}

// profile is what is known of a person.
func (b *builder) profile(members []event.Identifier, j journey.Journey, rows []step.Row) ledger.Profile {
	p := ledger.Profile{
		Version: b.Definitions.Version, Zone: b.zone, Hours: ledger.Hours(b.clock, rows),
		Members: members, Next: j.Stages.Next,
		Sessions: len(j.Sessions), ID: j.Root,
	}
	if visit, any := j.Stages.Current(); any {
		p.Stage, p.Since = visit.Stage, visit.Entered
		p.History = slices.Clone(j.Stages.Visits[max(0, len(j.Stages.Visits)-ledger.MaxHistory):])
	}
	seen := j.Seen()
	p.FirstSeen, p.LastSeen, p.Touchpoints, p.Channels = seen.First, seen.Last, seen.Touchpoints, seen.Channels
	for i := range rows {
		if o := rows[i].Order; o != nil {
			if o.Kind == event.Completed {
				p.Orders++
				p.Revenue = plus(p.Revenue, o.Currency, o.Amount)
			}
			p.Net = plus(p.Net, o.Currency, o.Net())
		}
	}
	return p
}

// plus adds an amount to the sums by currency, which are nil where there is none.
func plus(sums map[string]money.Sum, currency string, amount money.Micros) map[string]money.Sum {
	if sums == nil {
		sums = map[string]money.Sum{}
	}
	sums[currency] = sums[currency].Plus(money.SumOf(amount))
	return sums
}

// write puts what was found into the log, each kind in one order.
func (b *builder) write(log *ledger.Log) {
	log.Profiles, log.Changes = b.profiles, b.changes.List()
	for _, key := range slices.Sorted(maps.Keys(b.days)) {
		day := b.days[key]
		slices.Sort(day.Persons)
		slices.SortStableFunc(day.Rows, func(x, y step.Row) int { return cmp.Or(cmp.Compare(x.Person, y.Person), cmp.Compare(x.At, y.At)) })
		log.Days = append(log.Days, *day)
	}
	for n, key := range slices.Sorted(maps.Keys(b.dues)) {
		due := b.dues[key]
		due.Handle = fmt.Sprintf("%s#%012d#%d", ledger.HandleAt(due.NotBefore), log.Run, n)
		log.Dues = append(log.Dues, *due)
	}
	for _, at := range slices.SortedFunc(maps.Keys(b.listings), func(x, y [2]string) int { return slices.Compare(x[:], y[:]) }) {
		log.Listings = append(log.Listings, *b.listings[at])
	}
}
