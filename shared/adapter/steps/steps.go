// Package steps is the format of the steps table: Parquet objects in a bucket, which DuckDB and Athena read as one
// table. What a step is says package step, what the columns mean docs/steps.md.
//
// A run writes one object for each day that changed, steps/workspace=…/day=YYYY-MM-DD/part=run-….parquet, with all
// steps that the changed persons have on that day now. Nothing is read before, and nothing is deleted. The rules for
// whoever reads:
//
//   - Of one person on one day, the steps of the highest run count. They stand in one object. Where several objects
//     have them, those are copies.
//   - A person who has no steps any more on that day has one row of type none, which is not a step.
//   - Objects are sorted by hash of person, then person, and a person's rows by time. The hash is the SHA-256 of the
//     person.
//
// Compaction merges the objects of a day into objects of a range of hashes each, part=00-3f-….parquet, by the same
// rules: their rows keep their runs. So whoever keeps the rules reads the same before, during and after it.
//
//	table := steps.New(bucket.New(client, "waymark-archive"))
//	err := table.PutSteps(ctx, "demo", run, day)
package steps

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"

	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/step"
	"waymark/shared/domain/workspace"
)

// Objects is the bucket underneath. Its errors are passed on with their kinds.
type Objects interface {
	Put(ctx context.Context, key, contentType string, body []byte) error
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	Keys(ctx context.Context, prefix string) iter.Seq2[string, error]
	Delete(ctx context.Context, key string) error
}

// Table writes and reads the objects. It is safe for concurrent use.
type Table struct {
	objects Objects
	limits  Limits
	writers sync.Pool // of *writer: a new one costs more than writing a small object
}

// Limits bound the memory of compaction.
type Limits struct {
	PartRows int // steps after which an object ends; persons whose hashes begin with the same byte are never in two
	Chains   int // objects that are read side by side
}

// New is the table in a bucket.
func New(objects Objects) *Table { return NewWithin(objects, Limits{PartRows: 128 << 10, Chains: 16}) }

// NewWithin is New with other limits.
func NewWithin(objects Objects, limits Limits) *Table {
	return &Table{objects: objects, limits: limits, writers: sync.Pool{New: func() any { return newWriter() }}}
}

// Prefix is where all steps of a workspace lie.
func Prefix(ns workspace.Namespace) string { return fmt.Sprintf("steps/workspace=%s/", ns) }

func dayPrefix(ns workspace.Namespace, day string) string {
	return fmt.Sprintf("%sday=%s/", Prefix(ns), day)
}

// PutSteps writes the steps that take the place of all earlier ones of these persons on that day. A run that is written
// again replaces its objects.
func (t *Table) PutSteps(ctx context.Context, ns workspace.Namespace, run int64, day ledger.Day) error {
	if len(day.Persons) == 0 {
		return nil
	}
	key := fmt.Sprintf("%spart=run-%012d.parquet", dayPrefix(ns, day.Key), run)
	persons, err := byHash(day)
	if err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	w := t.writers.Get().(*writer)
	defer t.writers.Put(w)
	w.begin()
	for _, p := range persons {
		if len(p.rows) == 0 {
			w.add(record{Person: string(p.id), Run: run, Type: typeNone})
		}
		for i, row := range p.rows {
			if err := check(row); err != nil {
				return fmt.Errorf("write %s: %w", key, err)
			}
			w.add(recordOf(row, run, i))
		}
	}
	body, err := w.end()
	if err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	return t.objects.Put(ctx, key, contentType, body)
}

const contentType = "application/vnd.apache.parquet"

type personRows struct {
	id   event.Identifier
	hash uint64
	rows []step.Row
}

// byHash gives the persons of a day in the order of objects.
func byHash(day ledger.Day) ([]personRows, error) {
	byPerson := map[event.Identifier][]step.Row{}
	for rows := day.Rows; len(rows) > 0; {
		id, n := rows[0].Person, 1
		for n < len(rows) && rows[n].Person == id {
			n++
		}
		if _, found := byPerson[id]; found {
			return nil, fmt.Errorf("the rows of %s on %s do not follow each other", id, day.Key)
		}
		byPerson[id], rows = rows[:n], rows[n:]
	}
	persons := make([]personRows, len(day.Persons))
	for i, id := range day.Persons {
		if i > 0 && id <= day.Persons[i-1] {
			return nil, fmt.Errorf("the persons of %s are not sorted", day.Key)
		}
		persons[i] = personRows{id, hashOf(string(id)), byPerson[id]}
		delete(byPerson, id)
	}
	for id := range byPerson {
		return nil, fmt.Errorf("%s has rows on %s and is not among its persons", id, day.Key)
	}
	slices.SortFunc(persons, func(a, b personRows) int {
		return comparePersons(a.hash, string(a.id), b.hash, string(b.id))
	})
	return persons, nil
}

// Steps yields the steps that persons have on some days, each person once with all of them in time order. Persons come
// in the order of their hashes. Columns that nobody asks for are empty, and are not read. Memory is for one batch of each
// day and of each object that is not compacted yet. After an error nothing more comes.
func (t *Table) Steps(
	ctx context.Context, ns workspace.Namespace, days []string, columns step.Columns,
) iter.Seq2[[]step.Row, error] {
	return func(yield func([]step.Row, error) bool) {
		var chains []chain
		for _, day := range slices.Compact(slices.Sorted(slices.Values(days))) {
			of, err := t.chains(ctx, ns, day)
			if err != nil {
				yield(nil, err)
				return
			}
			chains = append(chains, of...)
		}
		m, err := t.merge(ctx, chains, columns)
		if err != nil {
			yield(nil, err)
			return
		}
		var room []step.Row // for the rows of many persons
		for !m.isOver() {
			if cap(room) < batch/8 {
				room = make([]step.Row, 0, batch)
			}
			rows, err := m.effective(ctx, room)
			if err != nil {
				yield(nil, err)
				return
			}
			room = rows[len(rows):]
			if len(rows) > 0 && !yield(slices.Clip(rows), nil) {
				return
			}
		}
	}
}

// Days lists the days of a workspace that have objects. A day of many objects wants compaction.
func (t *Table) Days(ctx context.Context, ns workspace.Namespace) ([]ledger.DayObjects, error) {
	var days []ledger.DayObjects
	for key, err := range t.objects.Keys(ctx, Prefix(ns)) {
		if err != nil {
			return nil, err
		}
		day, _, found := strings.Cut(strings.TrimPrefix(key, Prefix(ns)+"day="), "/")
		if !found {
			continue
		}
		if len(days) == 0 || days[len(days)-1].Key != day {
			days = append(days, ledger.DayObjects{Key: day})
		}
		days[len(days)-1].Objects++
	}
	return days, nil
}
