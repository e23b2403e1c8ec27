package steps

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"waymark/shared/domain/step"
	"waymark/shared/domain/workspace"
)

// part is an object with the range of hashes that its name tells: the first bytes.
type part struct {
	key      string
	from, to byte
}

// chain is objects of one day whose hashes do not overlap. It is read as if it were one object.
type chain struct {
	day   string
	parts []part
}

var partName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^part=(?:run-[0-9]{12}|([0-9a-f]{2})-([0-9a-f]{2})-[0-9a-f]{16})\.parquet$`)
})

// chains are the objects of a day in as few chains as can be.
func (t *Table) chains(ctx context.Context, ns workspace.Namespace, day string) ([]chain, error) {
	var parts []part
	prefix := dayPrefix(ns, day)
	for key, err := range t.objects.Keys(ctx, prefix) {
		if err != nil {
			return nil, err
		}
		m := partName().FindStringSubmatch(strings.TrimPrefix(key, prefix))
		if m == nil {
			return nil, fmt.Errorf("read %s: nobody knows what it holds by this name", key)
		}
		p := part{key, 0x00, 0xff}
		if m[1] != "" {
			from, _ := strconv.ParseUint(m[1], 16, 8)
			to, _ := strconv.ParseUint(m[2], 16, 8)
			p.from, p.to = byte(from), byte(to)
		}
		parts = append(parts, p)
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(a.from, b.from) })
	var chains []chain
	for _, p := range parts {
		at := slices.IndexFunc(chains, func(c chain) bool { return c.parts[len(c.parts)-1].to < p.from })
		if at < 0 {
			at, chains = len(chains), append(chains, chain{day: day})
		}
		chains[at].parts = append(chains[at].parts, p)
	}
	return chains, nil
}

// cursor stands at a record of a chain.
type cursor struct {
	table   *Table
	columns step.Columns // that are read
	chain
	place int // among the cursors: those of a day follow each other

	object  *object
	in      part     // the object
	records []record // from the one that it stands at
	hash    uint64   // of the person there
	person  string
	run     int64 // of all the person's records in the chain
}

func (c *cursor) isOver() bool { return len(c.records) == 0 }

// next steps to the following record, and says whether it is of the same person.
func (c *cursor) next(ctx context.Context) (same bool, err error) {
	if len(c.records) > 0 {
		c.records = c.records[1:]
	}
	for len(c.records) == 0 {
		if c.object == nil {
			if len(c.parts) == 0 {
				return false, nil
			}
			c.in, c.parts = c.parts[0], c.parts[1:]
			if c.object, err = c.table.open(ctx, c.in.key, c.columns); err != nil {
				return false, err
			}
		}
		if c.records, err = c.object.next(); err != nil {
			return false, err
		}
		if len(c.records) == 0 {
			c.object = nil
		}
	}
	return c.arrive()
}

// arrive checks the record that the cursor has come to. Whoever merges relies on what it checks.
func (c *cursor) arrive() (same bool, err error) {
	r := &c.records[0]
	if !r.hasWholeOrder(c.columns) {
		return false, fmt.Errorf("read %s: half an order of %s", c.in.key, r.Person)
	}
	if same = r.Person == c.person && c.hash != 0; same {
		if r.Run != c.run {
			return false, fmt.Errorf("read %s: rows of %s of several runs", c.in.key, r.Person)
		}
		return true, nil
	}
	hash := hashOf(r.Person)
	first := byte(hash >> 56)
	if comparePersons(hash, r.Person, c.hash, c.person) < 0 || first < c.in.from || first > c.in.to {
		return false, fmt.Errorf("read %s: the rows of %s are not in their place", c.in.key, r.Person)
	}
	c.hash, c.person, c.run = hash, r.Person, r.Run
	return false, nil
}

// merge goes through chains person by person. It is a heap of cursors, the one at the least person first.
type merge []*cursor

func (t *Table) merge(ctx context.Context, chains []chain, columns step.Columns) (*merge, error) {
	m := make(merge, 0, len(chains))
	for i, c := range chains {
		at := &cursor{table: t, columns: columns, chain: c, place: i}
		if _, err := at.next(ctx); err != nil {
			return nil, err
		}
		if !at.isOver() {
			m = append(m, at)
		}
	}
	heap.Init(&m)
	return &m, nil
}

func (m *merge) isOver() bool { return len(*m) == 0 }

// take gives the cursors that stand at the least person, by place. Whoever takes them reads that person from each and
// puts them back.
func (m *merge) take() []*cursor {
	taken := []*cursor{heap.Pop(m).(*cursor)}
	for len(*m) > 0 && (*m)[0].person == taken[0].person {
		taken = append(taken, heap.Pop(m).(*cursor))
	}
	return taken
}

func (m *merge) put(cursors []*cursor) {
	for _, c := range cursors {
		if !c.isOver() {
			heap.Push(m, c)
		}
	}
}

// each reads the person at which a cursor stands.
func (c *cursor) each(ctx context.Context, do func(*record)) error {
	for same := true; same; {
		do(&c.records[0])
		var err error
		if same, err = c.next(ctx); err != nil {
			return err
		}
	}
	return nil
}

// effective appends the steps of the next person that count, day by day.
func (m *merge) effective(ctx context.Context, rows []step.Row) ([]step.Row, error) {
	taken := m.take()
	var day string
	begin, best := 0, int64(0)
	for i, c := range taken {
		if i == 0 || c.day != day {
			day, begin, best = c.day, len(rows), c.run-1
		}
		counts := c.run > best
		if counts {
			rows, best = rows[:begin], c.run
		}
		err := c.each(ctx, func(r *record) {
			if counts && r.Type != typeNone {
				rows = append(rows, step.Row{})
				r.row(&rows[len(rows)-1])
			}
		})
		if err != nil {
			return nil, err
		}
	}
	m.put(taken)
	return rows, nil
}

// Len is of heap.Interface, as are the methods below.
func (m merge) Len() int { return len(m) }

func (m merge) Less(i, j int) bool {
	a, b := m[i], m[j]
	return cmp.Or(comparePersons(a.hash, a.person, b.hash, b.person), cmp.Compare(a.place, b.place)) < 0
}

func (m merge) Swap(i, j int) { m[i], m[j] = m[j], m[i] }

// Push is of heap.Interface.
func (m *merge) Push(c any) { *m = append(*m, c.(*cursor)) }

// Pop is of heap.Interface.
func (m *merge) Pop() any {
	last := len(*m) - 1
	c := (*m)[last]
	*m = (*m)[:last]
	return c
}
