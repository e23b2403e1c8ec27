package settle

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"waymark/shared/domain/burst"
	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/period"
	"waymark/shared/domain/workspace"
)

// What is watched: how many new persons each source brings in an hour. It is looked at once, when a run has settled all it found, in the hours that the run
// changed, and costs reading each of these unless one has more new persons than burst.Least.
const (
	newPersons  = measure.Name("first_steps")
	touchpoints = measure.Name("touchpoints")

	// maxWatched bounds the changed hours that a run looks at, the newest.
	maxWatched = 48
)

// noteHours keeps which hours have other new persons than before.
func (r *run) noteHours(changes []ledger.Change) {
	for _, c := range changes {
		if c.Grain != period.Hour || c.By.Number(measure.Key{}, newPersons).IsZero() {
			continue
		}
		if r.hours == nil {
			r.hours = map[event.Millis]bool{}
		}
		r.hours[c.Start] = true
	}
}

// isWatched says whether somebody is to be told of what the run finds: generations beside the one in use have the same persons, or not all of them yet.
func (r *run) isWatched() bool {
	w := r.workspace
	isBeside := func(side *workspace.Side) bool { return side != nil && side.Generation == w.Generation }
	return !isBeside(w.Pending) && !isBeside(w.Former)
}

// watch gives the alerts as they are after the run. What it cannot read it leaves for the next run: numbers do not depend on it.
func (r *run) watch(ctx context.Context) []burst.Alert {
	isOpen := func(a burst.Alert) bool { return a.Closed == 0 }
	if !r.isWatched() || len(r.hours) == 0 && !slices.ContainsFunc(r.state.Alerts, isOpen) {
		return r.state.Alerts
	}
	l := look{run: r, windows: map[string]kpi.Window{}, now: r.clockNow()}
	sights, err := l.sights(ctx)
	if err != nil {
		slog.WarnContext(ctx, "new persons not watched", "workspace", r.workspace.Name, "error", err.Error())
		return r.state.Alerts
	}
	return burst.Next(r.state.Alerts, sights, l.now)
}

// tell logs each new alert in a line of its own, once: unless the run ends between the line and the note that it was written.
func (r *run) tell(ctx context.Context) error {
	isNew := func(a burst.Alert) bool { return !a.Told }
	if !slices.ContainsFunc(r.state.Alerts, isNew) {
		return nil
	}
	next := r.state
	next.Alerts = slices.Clone(r.state.Alerts)
	for i := range next.Alerts {
		if a := &next.Alerts[i]; isNew(*a) {
			persons, usual := a.Persons()
			slog.WarnContext(ctx, "burst of new persons", "workspace", r.workspace.Name, "source", a.Source, "alert", a.ID(),
				"new_persons", persons, "usual_persons", usual, "minutes", a.Minutes(), "command", a.Command())
			a.Told = true
		}
	}
	return r.put(ctx, next)
}

// look reads each window once.
type look struct {
	*run
	windows map[string]kpi.Window
	now     event.Millis
}

// sights are those of the hours that have more new persons than burst.Least, or that an alert has.
func (l *look) sights(ctx context.Context) ([]burst.Sight, error) {
	current := l.calendar.At(period.Hour, l.now.Time())
	recent := []event.Millis{event.At(current.Start), event.At(l.calendar.Prev(current).Start)}
	hours := slices.Sorted(maps.Keys(l.hours))
	hours = hours[max(0, len(hours)-maxWatched):]
	for _, start := range recent {
		if l.isOpen(start) && !slices.Contains(hours, start) { // it goes on, though nobody new came since the last look
			hours = append(hours, start)
		}
	}
	var out []burst.Sight
	for _, start := range hours {
		isRecent := slices.Contains(recent, start)
		window, err := l.window(ctx, period.Hour, start)
		if err != nil {
			return nil, err
		}
		for _, source := range l.sources(window, start) {
			isSite := l.workspace.KindOf(source) == workspace.Site
			if !isSite && !isRecent {
				continue // a server's history, such as an import, is as old as it is
			}
			s := burst.Sight{Source: source, Hour: burst.Hour{Start: start, Persons: of(window, source, newPersons)}}
			if s.Limit, s.Usual, err = l.limit(ctx, source, start); err != nil {
				return nil, err
			}
			if isSite {
				s.Grade = event.Public.String()
			}
			s.From, s.To = l.received(start, isRecent)
			out = append(out, s)
		}
	}
	return out, nil
}

// isOpen says whether an alert that lasts has an hour.
func (l *look) isOpen(start event.Millis) bool {
	return slices.ContainsFunc(l.state.Alerts, func(a burst.Alert) bool {
		return a.Closed == 0 && slices.ContainsFunc(a.Hours, func(h burst.Hour) bool { return h.Start == start })
	})
}

// sources are those whose new persons in an hour are worth a look.
func (l *look) sources(window kpi.Window, start event.Millis) []string {
	met := map[string]bool{}
	for key := range window.Totals.Groups {
		if key.Dimension == sourceOf("").Dimension && of(window, key.Value, newPersons) > burst.Least {
			met[key.Value] = true
		}
	}
	for _, a := range l.state.Alerts {
		if slices.ContainsFunc(a.Hours, func(h burst.Hour) bool { return h.Start == start }) {
			met[a.Source] = true
		}
	}
	return slices.Sorted(maps.Keys(met))
}

// received is when what was dated in an hour came in, as far as it matters: in the hour itself, where that is the current or the newest whole one, and
// what this run brought since the last that settled all it found.
func (l *look) received(start event.Millis, isRecent bool) (from, to event.Millis) {
	const minute, hour = 60_000, 60 * 60_000
	from, to = max(l.since, l.workspace.Created)/minute*minute, (l.now/minute+1)*minute
	switch {
	case isRecent && l.hours[start]:
		return start, max(start+hour, to)
	case isRecent:
		return start, start + hour
	}
	return from, to
}

// limit is how many new persons a source may bring in an hour, and how many are usual. Without anything to compare with there is no limit.
func (l *look) limit(ctx context.Context, source string, start event.Millis) (limit, usual int64, err error) {
	var history burst.History
	for week := range burst.Weeks {
		at := event.At(l.calendar.Local(start.Time()).AddDate(0, 0, -7*(week+1)))
		then, err := l.window(ctx, period.Hour, at)
		if err != nil {
			return 0, 0, err
		}
		isSeen := of(then, source, touchpoints) > 0
		if !isSeen {
			day, err := l.window(ctx, period.Day, at)
			if err != nil {
				return 0, 0, err
			}
			isSeen = of(day, source, touchpoints) > 0
		}
		if isSeen {
			history.Weeks = append(history.Weeks, of(then, source, newPersons))
		}
	}
	for back := 0; history.IsShort() && back < burst.Days; back++ {
		day, err := l.window(ctx, period.Day, event.At(l.calendar.Local(start.Time()).AddDate(0, 0, -back-1)))
		if err != nil {
			return 0, 0, err
		}
		if of(day, source, touchpoints) > 0 {
			history.Days = append(history.Days, of(day, source, newPersons))
		}
	}
	limit, usual, isKnown := history.Limit()
	if !isKnown {
		limit = noLimit
	}
	return limit, usual, nil
}

// noLimit is more persons than there are.
const noLimit = 1 << 50

// window reads the window that an instant lies in.
func (l *look) window(ctx context.Context, g period.Grain, at event.Millis) (kpi.Window, error) {
	key := l.calendar.At(g, at.Time()).Key
	if found, isRead := l.windows[string(g)+key]; isRead {
		return found, nil
	}
	w, err := l.Store.Window(ctx, l.ns, g, key)
	if err != nil {
		return w, fmt.Errorf("read %s %s: %w", g, key, err)
	}
	l.windows[string(g)+key] = w
	return w, nil
}

func sourceOf(name string) measure.Key { return measure.Key{Dimension: "source", Value: name} }

func of(w kpi.Window, source string, name measure.Name) int64 {
	n, _ := w.Totals.Number(sourceOf(source), name).Int64()
	return n
}
