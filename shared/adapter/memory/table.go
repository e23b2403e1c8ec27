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
	"waymark/shared/domain/fate"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
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
	spaces     map[workspace.Namespace]*space
	tenants    map[string]*tenant // by name of the workspace
	salts      map[string]string  // by UTC day
	handles    int                // notes ever written
}

// NewTable is an empty table.
func NewTable() *Table {
	return &Table{
		Now: time.Now, workspaces: map[string]workspace.Workspace{}, keys: map[string]workspace.Key{},
		spaces: map[workspace.Namespace]*space{}, tenants: map[string]*tenant{}, salts: map[string]string{},
	}
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

// space is what is stored of one generation of a workspace.
type space struct {
	rows     map[event.Identifier]*row
	claims   map[string]map[profile.Claim]bool
	batches  map[string]ledger.Batch // by handle
	dues     map[string]ledger.Due   // by handle
	state    ledger.State
	listings map[string]ledger.Listing     // by run and place
	restated map[string]report.Restatement // by handle
	windows  map[period.Grain]map[string]kpi.Window
}

// tenant is what is stored of a workspace, whatever the generation.
type tenant struct {
	exports   map[string]report.Claim // newest, by name of the export
	failed    map[string]failure
	refused   map[string]map[string]event.Refusal // by request, by day
	archive   map[string]map[string]bool          // object keys by day
	fates     map[string]fate.Batch               // by handle
	spent     map[string]int64                    // events by day and source
	documents map[string]workspace.Document       // by kind
}

// row is what is stored of one identifier.
type row struct {
	pages    map[string][]event.Touchpoint // by content, beginning with the time of the first
	parents  map[event.Identifier]identity.Link
	children map[event.Identifier]identity.Link
	awake    map[event.Identifier]bool         // children that are not idle
	sorted   []identity.Link                   // children by evidence; nil when it must be made anew
	cutsUp   map[event.Identifier]identity.Cut // of links to parents
	cutsDown map[event.Identifier]identity.Cut // of links to children
	profile  ledger.Profile
}

func (t *Table) space(ns workspace.Namespace) *space {
	s, found := t.spaces[ns]
	if !found {
		s = &space{
			rows: map[event.Identifier]*row{}, claims: map[string]map[profile.Claim]bool{},
			batches: map[string]ledger.Batch{}, dues: map[string]ledger.Due{}, listings: map[string]ledger.Listing{},
			restated: map[string]report.Restatement{}, windows: map[period.Grain]map[string]kpi.Window{},
		}
		t.spaces[ns] = s
	}
	return s
}

func (t *Table) tenant(name string) *tenant {
	of, found := t.tenants[name]
	if !found {
		of = &tenant{
			exports: map[string]report.Claim{}, failed: map[string]failure{},
			refused: map[string]map[string]event.Refusal{}, archive: map[string]map[string]bool{},
			fates: map[string]fate.Batch{}, spent: map[string]int64{}, documents: map[string]workspace.Document{},
		}
		t.tenants[name] = of
	}
	return of
}

func (t *Table) row(ns workspace.Namespace, id event.Identifier) *row {
	s := t.space(ns)
	r, found := s.rows[id]
	if !found {
		r = &row{
			pages: map[string][]event.Touchpoint{}, parents: map[event.Identifier]identity.Link{}, children: map[event.Identifier]identity.Link{},
			awake:  map[event.Identifier]bool{},
			cutsUp: map[event.Identifier]identity.Cut{}, cutsDown: map[event.Identifier]identity.Cut{},
		}
		s.rows[id] = r
	}
	return r
}

// touchpoints copies all pages in time order.
func (r *row) touchpoints() []event.Touchpoint {
	var out []event.Touchpoint
	for _, key := range sortedKeys(r.pages) {
		out = append(out, cloneTouchpoints(r.pages[key])...)
	}
	return out
}

// PutPages is dynamo.Table.PutPages.
func (t *Table) PutPages(_ context.Context, ns workspace.Namespace, pages map[event.Identifier][]event.Touchpoint) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for n, id := range sortedKeys(pages) {
		if n > 0 {
			if err := t.between("put pages"); err != nil {
				return err
			}
		}
		if err := t.row(ns, id).put(pages[id]); err != nil {
			return err
		}
	}
	return nil
}

func (r *row) put(page []event.Touchpoint) error {
	if len(page) == 0 {
		return nil
	}
	sorted := cloneTouchpoints(page)
	slices.SortFunc(sorted, byTimeThenBytes)
	content, err := json.Marshal(sorted)
	if err != nil {
		return fmt.Errorf("encode page: %w", err)
	}
	if len(sorted) == 1 { // larger pages are stored as several items
		if err := checkBytes(content); err != nil {
			return err
		}
	}
	r.pages[fmt.Sprintf("%015d#%s", sorted[0].Original, content)] = sorted
	return nil
}

// Partitions is dynamo.Table.Partitions.
func (t *Table) Partitions(_ context.Context, ns workspace.Namespace, ids []event.Identifier) ([]ledger.Partition, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	partitions := make([]ledger.Partition, len(ids))
	for n, id := range ids {
		r := t.row(ns, id)
		partitions[n].Partition = profile.Partition{ID: id, Touchpoints: r.touchpoints(), Node: r.node(id)}
		partitions[n].Profile = cloneProfile(r.profile)
		partitions[n].Profile.ID = id
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
