package memory

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/profile"
)

// Dump writes what ingestion stored as sorted lines of text, without what may differ between two ways to process the same events: versions, how
// touchpoints lie on pages and which repeats of them are kept, what waits to be settled and what was counted, the archive's index, when a failed
// event was replayed, and that one is done with. Two tables that hold the same thing have the same dump.
func (t *Table) Dump() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out strings.Builder
	for _, name := range sortedKeys(t.workspaces) {
		dump(&out, "workspace %s", t.workspaces[name], name)
	}
	for _, ns := range sortedKeys(t.spaces) {
		t.spaces[ns].dump(&out, string(ns))
	}
	for _, name := range sortedKeys(t.tenants) {
		t.tenants[name].dump(&out, name)
	}
	return out.String()
}

func dump(out *strings.Builder, label string, value any, args ...any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic("memory: everything stored was encoded before: " + err.Error())
	}
	fmt.Fprintf(out, label+" %s\n", append(args, text)...)
}

func (s *space) dump(out *strings.Builder, name string) {
	for _, id := range sortedKeys(s.rows) {
		s.rows[id].dump(out, name+" "+string(id))
	}
	for _, key := range sortedKeys(s.claims) {
		dump(out, "%s claims %s", profile.Claims(nil).Join(slices.Collect(maps.Keys(s.claims[key]))...), name, key)
	}
}

func (of *tenant) dump(out *strings.Builder, name string) {
	for _, id := range sortedKeys(of.failed) {
		if f := of.failed[id]; !f.done {
			f.event.Replayed = 0
			dump(out, "%s failed %s", f.event, name, id)
		}
	}
}

func (r *row) dump(out *strings.Builder, label string) {
	for _, touchpoint := range event.Distinct(r.touchpoints()) {
		dump(out, "%s touchpoint", touchpoint, label)
	}
	for _, parent := range sortedKeys(r.parents) {
		dump(out, "%s parent", r.parents[parent], label)
	}
	for _, child := range sortedKeys(r.children) {
		dump(out, "%s child", r.children[child], label)
	}
	for _, parent := range sortedKeys(r.cutsUp) {
		dump(out, "%s cut from parent", r.cutsUp[parent], label)
	}
	for _, child := range sortedKeys(r.cutsDown) {
		dump(out, "%s cut from child", r.cutsDown[child], label)
	}
}
