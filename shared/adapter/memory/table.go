package memory

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/report"
	"waymark/shared/domain/workspace"
)

// Table keeps what dynamo.Table keeps, under the same conditions and with the same faults. It is safe for concurrent use.
type Table struct {
	Now func() time.Time // tells expired failed events; time.Now unless set
	// Between, when set, is called between the items of an operation that DynamoDB writes one after the other. An error ends it there, with
	// what was written before; the simulator puts faults and other invocations in.
	Between func(operation string) error

	mu         sync.Mutex
	workspaces map[string]workspace.Workspace
	keys       map[string]workspace.Key // by fingerprint
	spaces     map[string]*space
	handles    int // notes ever written
}

// NewTable is an empty table.
func NewTable() *Table {
	return &Table{Now: time.Now, workspaces: map[string]workspace.Workspace{}, keys: map[string]workspace.Key{}, spaces: map[string]*space{}}
}

// between lets others have the table between two items.
func (t *Table) between(operation string) error {
	if t.Between == nil {
		return nil
	}
	t.mu.Unlock()
	defer t.mu.Lock()
	return t.Between(operation)
}

// space is what one workspace has stored.
type space struct {
	rows     map[event.Identifier]*row
	claims   map[string]versioned[profile.Claims]
	marks    map[string]kpi.Mark           // by handle
	restated map[string]report.Restatement // by handle
	exports  map[string]report.Claim       // newest, by name of the export
	windows  map[period.Grain]map[string]kpi.Window
	rollups  map[period.Grain]event.Millis
	failed   map[string]failure
	refused  map[string]map[string]event.Refusal // by request, by day
	archive  map[string]map[string]bool          // object keys by day
}

type versioned[T any] struct {
	value   T
	version int64
}

// row is what is stored of one identifier.
type row struct {
	aggregate profile.Aggregate
	pages     map[string][]event.Touchpoint    // by content, beginning with the time of the first
	copies    map[event.Key][]event.Touchpoint // the same touchpoints by what all copies of an event share
	traits    versioned[profile.Traits]
	parents   map[event.Identifier]identity.Link
	children  map[event.Identifier]identity.Link
	sorted    []identity.Link                   // children by evidence; nil when it must be made anew
	cutsUp    map[event.Identifier]identity.Cut // of links to parents
	cutsDown  map[event.Identifier]identity.Cut // of links to children
}

func (t *Table) space(name string) *space {
	s, found := t.spaces[name]
	if !found {
		s = &space{
			rows: map[event.Identifier]*row{}, claims: map[string]versioned[profile.Claims]{}, marks: map[string]kpi.Mark{},
			restated: map[string]report.Restatement{}, exports: map[string]report.Claim{},
			windows: map[period.Grain]map[string]kpi.Window{}, failed: map[string]failure{},
			refused: map[string]map[string]event.Refusal{}, archive: map[string]map[string]bool{},
		}
		t.spaces[name] = s
	}
	return s
}

func (t *Table) row(workspace string, id event.Identifier) *row {
	s := t.space(workspace)
	r, found := s.rows[id]
	if !found {
		r = &row{
			pages: map[string][]event.Touchpoint{}, copies: map[event.Key][]event.Touchpoint{},
			parents: map[event.Identifier]identity.Link{}, children: map[event.Identifier]identity.Link{},
			cutsUp: map[event.Identifier]identity.Cut{}, cutsDown: map[event.Identifier]identity.Cut{},
		}
		s.rows[id] = r
	}
	return r
}

// Load is dynamo.Table.Load. It finds copies alone, where the table may find others with them.
func (t *Table) Load(_ context.Context, workspace string, id event.Identifier, copies []event.Touchpoint) (profile.Aggregate, []event.Touchpoint, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.row(workspace, id)
	var touchpoints []event.Touchpoint
	asked := map[event.Key]bool{}
	for _, one := range copies {
		if key := one.Key(); !asked[key] {
			asked[key] = true
			touchpoints = append(touchpoints, cloneTouchpoints(r.copies[key])...)
		}
	}
	return cloneAggregate(r.aggregate), touchpoints, nil
}

// Timeline is dynamo.Table.Timeline.
func (t *Table) Timeline(_ context.Context, workspace string, id event.Identifier) (profile.Aggregate, []event.Touchpoint, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.row(workspace, id)
	return cloneAggregate(r.aggregate), r.touchpoints(), nil
}

// touchpoints copies all pages in time order.
func (r *row) touchpoints() []event.Touchpoint {
	var out []event.Touchpoint
	for _, key := range sortedKeys(r.pages) {
		out = append(out, cloneTouchpoints(r.pages[key])...)
	}
	return out
}

// PutPage is dynamo.Table.PutPage.
func (t *Table) PutPage(_ context.Context, workspace string, id event.Identifier, page []event.Touchpoint) error {
	if len(page) == 0 {
		return nil
	}
	sorted := cloneTouchpoints(page)
	slices.SortFunc(sorted, byTimeThenBytes)
	if first, last := sorted[0].Original.Day(), sorted[len(sorted)-1].Original.Day(); first != last {
		return fmt.Errorf("write page: its touchpoints are of %s to %s, a page is of one day", first, last)
	}
	content, err := json.Marshal(sorted)
	if err != nil {
		return fmt.Errorf("encode page: %w", err)
	}
	if len(sorted) == 1 { // larger pages are stored as several items
		if err := checkBytes(content); err != nil {
			return err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r, name := t.row(workspace, id), fmt.Sprintf("%015d#%s", sorted[0].Original, content)
	if _, found := r.pages[name]; found {
		return nil
	}
	r.pages[name] = sorted
	for _, one := range sorted {
		r.copies[one.Key()] = append(r.copies[one.Key()], one)
	}
	return nil
}

// Commit is dynamo.Table.Commit.
func (t *Table) Commit(_ context.Context, workspace string, id event.Identifier, a profile.Aggregate) error {
	if err := checkSize(a); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.row(workspace, id)
	if err := checkVersion(r.aggregate.Version, a.Version-1); err != nil {
		return err
	}
	r.aggregate = cloneAggregate(a)
	return nil
}

// Traits is dynamo.Table.Traits.
func (t *Table) Traits(_ context.Context, workspace string, id event.Identifier) (profile.Traits, int64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	stored := t.row(workspace, id).traits
	return cloneTraits(stored.value), stored.version, nil
}

// PutTraits is dynamo.Table.PutTraits.
func (t *Table) PutTraits(_ context.Context, workspace string, id event.Identifier, traits profile.Traits, version int64) error {
	if err := checkSize(traits); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.row(workspace, id)
	if err := checkVersion(r.traits.version, version); err != nil {
		return err
	}
	r.traits = versioned[profile.Traits]{cloneTraits(traits), version + 1}
	return nil
}

// Partitions is dynamo.Table.Partitions.
func (t *Table) Partitions(_ context.Context, workspace string, ids []event.Identifier) ([]profile.Partition, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	partitions := make([]profile.Partition, len(ids))
	for n, id := range ids {
		r := t.row(workspace, id)
		partitions[n] = profile.Partition{
			ID: id, Aggregate: cloneAggregate(r.aggregate), Touchpoints: r.touchpoints(), Traits: cloneTraits(r.traits.value), Node: r.node(id),
		}
	}
	return partitions, nil
}

// byTimeThenBytes writes the bytes of touchpoints only where their times do not tell.
func byTimeThenBytes(a, b event.Touchpoint) int {
	if c := cmp.Compare(a.Original, b.Original); c != 0 {
		return c
	}
	return bytes.Compare(a.Bytes(), b.Bytes())
}
