// Package analyse answers questions about the lives of persons: it loads the steps that an analysis reads, column by column, and lets the analysis
// count. Which analyses there are says the list in it; how each counts, its own package.
//
// A question that would read more than may be is refused before anything is read: the windows of the KPIs know how many touchpoints there are.
//
//	answer, err := analyser.Answer(ctx, w, "funnel", parameters)
package analyse

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/step"
	"waymark/shared/domain/workspace"
)

// Steps reads the table of steps: each person of some days once, with all rows of these days that count, in time order, as far as the columns were
// asked for. After an error nothing more comes. Days lists the days that there are.
type Steps interface {
	Steps(ctx context.Context, ns workspace.Namespace, days []string, columns step.Columns) iter.Seq2[[]step.Row, error]
	Days(ctx context.Context, ns workspace.Namespace) ([]ledger.DayObjects, error)
}

// span is which steps of a workspace are read.
type span struct {
	ns       workspace.Namespace
	days     []string // in order
	from, to event.Millis
	columns  step.Columns
	most     int // steps
	// convert changes the money of an order of a day; nil leaves it.
	convert func(o *step.Order, day string) error
}

// readersAtOnce is how many days are read at once: more than there are processors, for a bucket answers after tens of milliseconds.
const readersAtOnce = 8

// load reads steps day by day, several days at once. Fault: Invalid too_many_steps, as soon as they are more than may be.
func load(ctx context.Context, from Steps, s span) (*Table, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	blocks := make([]*block, len(s.days))
	var mu sync.Mutex
	next, rows := 0, 0
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1, next <= len(s.days) && ctx.Err() == nil
	}
	var all sync.WaitGroup
	for range min(readersAtOnce, len(s.days)) {
		all.Go(func() {
			for i, ok := take(); ok; i, ok = take() {
				b, err := s.day(ctx, from, s.days[i])
				if err != nil {
					cancel(err)
					return
				}
				mu.Lock()
				blocks[i] = b
				rows += len(b.at)
				isOver := rows > s.most
				mu.Unlock()
				if isOver {
					cancel(tooMany(s.most, "more than that many"))
					return
				}
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return newTable(blocks, s.columns, runtime.GOMAXPROCS(0)), nil
}

func tooMany(most int, found string) error {
	return fault.Newf(fault.Invalid, "too_many_steps",
		"this would read %s steps, and a question may read %d; ask for a shorter time, or read the steps table with SQL (docs/steps.md)", found, most)
}

// maxReads is how often a day is read anew when a compaction deletes what was listed: it stands in other objects then.
const maxReads = 3

func (s span) day(ctx context.Context, from Steps, day string) (b *block, err error) {
	for range maxReads {
		if b, err = s.once(ctx, from, day); fault.KindOf(err) != fault.NotFound {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read steps of %s: %w", day, err)
	}
	b.interned = nil
	return b, nil
}

func (s span) once(ctx context.Context, from Steps, day string) (*block, error) {
	b := newBlock(s.columns)
	for _, known := range []event.Type{event.Track, event.Page, event.Screen} {
		b.place(string(known))
	}
	for rows, err := range from.Steps(ctx, s.ns, []string{day}, s.columns) {
		if err != nil {
			return nil, err
		}
		b.add(step.Between(rows, s.from, s.to))
	}
	for i := range b.orders {
		if s.convert == nil {
			break
		}
		if err := s.convert(&b.orders[i], day); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// daysBetween are the days that there are among those of [from, to), as keys of the workspace's calendar.
func daysBetween(days []ledger.DayObjects, first, last string) []string {
	var out []string
	for _, d := range days {
		if d.Key >= first && d.Key <= last {
			out = append(out, d.Key)
		}
	}
	slices.Sort(out)
	return out
}
