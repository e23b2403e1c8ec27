package rollup

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/person"
)

// personsAtOnce is how many identifiers are loaded together unless the configuration says otherwise.
const personsAtOnce = 20_000

// day is one dirty day: what is stored of it and who may have something to count there.
type day struct {
	window      period.Window
	stored      kpi.Window
	old         kpi.Day
	hours       map[string]kpi.Window // stored ones, by key
	marks       []kpi.Mark
	moved       []event.Identifier // from this day on, by links that joined them
	identifiers map[event.Identifier]bool
}

// days computes the earliest dirty days, as many as fit. Others wait for the next pass, which reads the marks again: so a day is computed when
// all that changes before it is known, which is once as a rule. What is stored of a day, and then of its hours, is read before any person is: a
// rollup that commits in between makes our commit fail, and the marks stay for the next pass; so each commit is one, also of a day that comes out as
// it is stored. A day and its hours are written as one, so that what
// the hours say always goes with the day, and an hour that is left as it was is known to be still so.
func (r *run) days(ctx context.Context, byKey map[string][]kpi.Mark) error {
	var chunk []*day
	persons := 0
	for _, key := range sortedKeys(byKey) {
		if persons >= cmp.Or(r.AtOnce, personsAtOnce) {
			break
		}
		d, err := r.openDay(ctx, key, byKey[key])
		if err != nil {
			return err
		}
		r.times[key]++
		chunk, persons = append(chunk, d), persons+len(d.identifiers)
	}
	return r.chunk(ctx, chunk, byKey)
}

func (r *run) openDay(ctx context.Context, key string, marks []kpi.Mark) (*day, error) {
	window, err := r.calendar.ByKey(period.Day, key)
	if err != nil {
		return nil, fmt.Errorf("read key of a marked day: %w", err)
	}
	d := &day{window: window, marks: marks, identifiers: map[event.Identifier]bool{}, hours: map[string]kpi.Window{}}
	if err := r.readStored(ctx, d); err != nil {
		return nil, err
	}
	for _, m := range marks {
		d.add(m.Identifiers...)
		if m.Moved {
			d.moved = append(d.moved, m.Identifiers...)
		}
	}
	d.add(d.old.Identifiers...)
	for _, f := range d.old.Persons {
		d.add(f.Person)
	}
	return d, nil
}

// readStored reads what is stored of a day, and then of its hours.
func (r *run) readStored(ctx context.Context, d *day) error {
	if err := whileReplaced(func() error { return r.readDay(ctx, d) }); err != nil {
		return fmt.Errorf("read day %s: %w", d.window.Key, err)
	}
	hours := r.calendar.Split(d.window, period.Hour)
	stored, err := r.Windows.Windows(ctx, r.workspace.Space(), period.Hour, hours[0].Key, hours[len(hours)-1].Key)
	if err != nil {
		return fmt.Errorf("read hours of day %s: %w", d.window.Key, err)
	}
	for _, w := range stored {
		d.hours[w.Key] = w
	}
	return nil
}

// readDay reads what is stored of a day; NotFound when another rollup replaced its facts in between.
func (r *run) readDay(ctx context.Context, d *day) (err error) {
	if d.stored, err = r.Windows.Window(ctx, r.workspace.Space(), period.Day, d.window.Key); err != nil || d.stored.Facts == "" {
		return err
	}
	d.old, err = r.Facts.Facts(ctx, d.stored.Facts)
	return err
}

// readsOfFacts is how often facts are looked for that another rollup has replaced meanwhile.
const readsOfFacts = 3

// whileReplaced reads again as long as facts are not found: a window names its newest, and the ones before are deleted.
func whileReplaced(read func() error) error {
	var err error
	for range readsOfFacts {
		if err = read(); fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	return fault.Wrap(fault.Unavailable, "facts_replaced", err)
}

func (d *day) add(ids ...event.Identifier) {
	for _, id := range ids {
		d.identifiers[id] = true
	}
}

// chunk computes days that share one loading of persons, and takes them out of the open ones: all that are dirty and not computed yet, with
// the marks that were read of them.
func (r *run) chunk(ctx context.Context, days []*day, open map[string][]kpi.Mark) error {
	all := map[event.Identifier]bool{}
	for _, d := range days {
		for id := range d.identifiers {
			all[id] = true
		}
	}
	c, err := r.load(ctx, all)
	if err != nil {
		return err
	}
	c.open = open
	for _, d := range days {
		delete(open, d.window.Key)
		err := c.compute(ctx, d)
		if fault.KindOf(err) == fault.Conflict {
			err = c.agree(ctx, d)
		}
		if fault.KindOf(err) == fault.Conflict {
			slog.InfoContext(ctx, "another rollup was first", "workspace", r.workspace.Name, "day", d.window.Key)
			// It may have read less than we did, and have deleted the mark that an earlier day of this pass relied on.
			again := []kpi.Mark{r.again(d.window.Key, sortedKeys(d.identifiers))}
			if err := r.Marks.PutMarks(ctx, r.workspace.Space(), again); err != nil {
				return fmt.Errorf("mark day %s again: %w", d.window.Key, err)
			}
			continue
		}
		if err != nil {
			return err
		}
		if err := r.Marks.DeleteMarks(ctx, r.workspace.Space(), handles(d.marks)); err != nil {
			return fmt.Errorf("clear marks of day %s: %w", d.window.Key, err)
		}
	}
	return nil
}

// load reads whole persons, and what they did up to now.
func (r *run) load(ctx context.Context, ids map[event.Identifier]bool) (*computation, error) {
	loaded, err := person.Load(ctx, r.Store, r.workspace.Space(), sortedKeys(ids))
	if err != nil {
		return nil, err
	}
	journeys := make(map[event.Identifier]journey.Journey, len(loaded.Roots()))
	for _, root := range loaded.Roots() {
		journeys[root] = loaded.Of(root).Journey(r.model, r.now)
	}
	return &computation{run: r, loaded: loaded, journeys: journeys, waiting: map[string]map[event.Identifier]bool{}}, nil
}

// computation is a chunk with its persons loaded.
type computation struct {
	*run
	loaded   person.Loaded
	journeys map[event.Identifier]journey.Journey
	open     map[string][]kpi.Mark                // days that are not computed yet, with their marks
	waiting  map[string]map[event.Identifier]bool // of those, the identifiers that a mark names; filled when first asked
}

// compute makes one day anew: who did what, then the marks of what else that changes, and only then the facts, and the day with its hours.
func (c *computation) compute(ctx context.Context, d *day) error {
	fresh := c.facts(d)
	hours, whole := c.counts(d, fresh)
	changed := changes(d.old.Persons, fresh.Persons)
	marks := c.consequences(d, slices.Concat(changed, d.moved))
	var larger []kpi.Mark
	if len(changed) > 0 || whole.isRevised && d.stored.Revision == 0 {
		larger = c.marksOf(d.window, period.Week, period.Month)
	}
	if err := c.Marks.PutMarks(ctx, c.workspace.Space(), marks); err != nil {
		return fmt.Errorf("mark what day %s changes: %w", d.window.Key, err)
	}
	key := whole.window.Facts
	if key != d.stored.Facts {
		if err := c.Facts.PutFacts(ctx, key, fresh); err != nil {
			return fmt.Errorf("put facts of day %s: %w", d.window.Key, err)
		}
	}
	if err := c.commit(ctx, larger, append(hours, whole.firm())...); err != nil {
		return err
	}
	if c.computed != nil {
		c.computed[d.window.Key] = key != ""
		c.made[d.window.Key] = map[event.Identifier]bool{}
		for _, root := range c.rootsOf(d) {
			c.made[d.window.Key][root] = true
		}
	}
	if d.stored.Facts != "" && d.stored.Facts != key {
		return c.Facts.Delete(ctx, d.stored.Facts)
	}
	return nil
}

// agree is for a day that another rollup stored first. Where that is what we found too, it is confirmed, so that of two rollups that find the same
// none has to begin again; Conflict where it is not, or others are still at it.
func (c *computation) agree(ctx context.Context, d *day) error {
	fresh := c.facts(d)
	for range readsOfFacts {
		if err := c.readStored(ctx, d); err != nil {
			return err
		}
		hours, whole := c.counts(d, fresh)
		if slices.ContainsFunc(append(hours, whole), func(r replacement) bool { return r.isNeeded }) {
			break
		}
		if err := c.commit(ctx, nil, whole.firm()); fault.KindOf(err) != fault.Conflict {
			return err
		}
	}
	return fault.New(fault.Conflict, "conflict", "another rollup was first and found something else")
}

// counts makes the windows of a day and its hours from its facts.
func (c *computation) counts(d *day, fresh kpi.Day) (hours []replacement, whole replacement) {
	if len(fresh.Persons) == 0 && d.stored.Revision == 0 {
		return nil, c.nothing(d.stored, d.window) // a change that was due and did not come, on a day that has nothing else
	}
	key := factsKey(c.workspace.Space(), d.stored, d.window, fresh)
	return c.hours(d, fresh), c.counted(d.stored, d.window, key, c.rows(fresh.Persons))
}

func (c *computation) rows(persons []kpi.Facts) []kpi.Row {
	tally := kpi.NewTally(c.workspace.Currency)
	for _, f := range persons {
		tally.Add(f)
	}
	return tally.Rows()
}

// facts counts what each person did on the day, and says which identifiers it rests on.
func (c *computation) facts(d *day) kpi.Day {
	start, end := event.At(d.window.Start), event.At(d.window.End)
	fresh := kpi.Day{}
	active := map[event.Identifier]bool{}
	for _, root := range c.rootsOf(d) {
		j := c.journeys[root]
		f, counts := kpi.Of(j, start, end, c.workspace.Currency)
		if !counts {
			continue
		}
		f.Print = kpi.Print(j, start, end)
		fresh.Persons = append(fresh.Persons, f)
		active[root] = true
		for _, s := range j.Between(start, end) {
			active[s.Identifier] = true
		}
	}
	fresh.Identifiers = sortedKeys(active)
	return fresh
}

func (c *computation) rootsOf(d *day) []event.Identifier {
	roots := map[event.Identifier]bool{}
	for id := range d.identifiers {
		roots[c.loaded.Root(id)] = true
	}
	return sortedKeys(roots)
}

// hours computes the hours of the day; one that never had anything to count is not stored.
func (c *computation) hours(d *day, fresh kpi.Day) []replacement {
	var out []replacement
	for _, hour := range c.calendar.Split(d.window, period.Hour) {
		var persons []kpi.Facts
		for _, f := range fresh.Persons {
			if one, ok := kpi.Of(c.journeys[f.Person], event.At(hour.Start), event.At(hour.End), c.workspace.Currency); ok {
				persons = append(persons, one)
			}
		}
		if len(persons) == 0 && d.hours[hour.Key].Revision == 0 {
			continue
		}
		out = append(out, c.counted(d.hours[hour.Key], hour, "", c.rows(persons)))
	}
	return out
}

// changes gives the persons whose facts differ between two computations of a day.
func changes(old, fresh []kpi.Facts) []event.Identifier {
	bytes := func(f kpi.Facts) string {
		b, _ := json.Marshal(f)
		return string(b)
	}
	before := make(map[event.Identifier]string, len(old))
	for _, f := range old {
		before[f.Person] = bytes(f)
	}
	var out []event.Identifier
	for _, f := range fresh {
		if before[f.Person] != bytes(f) {
			out = append(out, f.Person)
		}
		delete(before, f.Person)
	}
	out = append(out, sortedKeys(before)...)
	slices.Sort(out)
	return out
}

// factsKey names a facts object; the same content keeps the name it has.
func factsKey(ws string, stored kpi.Window, w period.Window, d kpi.Day) string {
	sum := d.Sum()
	if kpi.FactsSum(stored.Facts) == sum {
		return stored.Facts
	}
	return kpi.FactsKey(ws, w.Grain, w.Key, stored.Version()+1, sum)
}

func sortedKeys[K cmp.Ordered, V any](set map[K]V) []K {
	out := make([]K, 0, len(set))
	for key := range set {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}
